"""The contract's route 1, `POST /designs/{UID}`: what existing clients send and read."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.wire.conftest import Wire

UNAUTHORIZED = "Valid API key is required. Add request header like Authorization: Bearer API_KEY"
ADDRESS = re.compile(r"https?://[^/]+(?:/.*)?/images/[0-9a-f]{10}/[0-9a-f]{10}\.(png|jpg|webp|avif|pdf|svg)")
STRINGS = ("id", "templateId", "imageUrl", "thumbnailUrl", "retinaThumbnailUrl", "metadata")


@pytest.mark.parametrize("body", [{}, {"params": []}, {"format": "png", "metadata": "m", "params": []}])
def test_the_single_answer(client: httpx.Client, wire: Wire, body: dict[str, object]) -> None:
    """Every field that clients read, with its type."""
    answer = client.post(f"/designs/{wire.design}", json=body)
    said = answer.json()
    assert answer.status_code == 200 and all(isinstance(said[name], str) for name in STRINGS)
    assert re.fullmatch(r"[0-9a-f]{10}", said["id"]) and said["templateId"] == wire.design
    assert ADDRESS.fullmatch(said["imageUrl"]) and said["id"] not in said["imageUrl"]
    stem, _, ending = said["imageUrl"].rpartition(".")
    assert (
        said["thumbnailUrl"] == f"{stem}-thumb.{ending}" and said["retinaThumbnailUrl"] == f"{stem}-thumb-2x.{ending}"
    )
    assert type(said["width"]) is int and type(said["height"]) is int
    assert said["metadata"] == body.get("metadata", "")


@pytest.mark.parametrize(("name", "ending"), [("jpeg", "jpg"), ("jpg", "jpg"), ("webp", "webp"), ("avif", "avif")])
def test_formats_and_their_endings(
    client: httpx.Client, stranger: httpx.Client, wire: Wire, name: str, ending: str
) -> None:
    """JPEG files end in .jpg; the pictures are there for everyone."""
    said = client.post(f"/designs/{wire.design}", json={"format": name}).json()
    assert said["imageUrl"].endswith(f".{ending}")
    for url in (said["imageUrl"], said["thumbnailUrl"], said["retinaThumbnailUrl"]):
        assert stranger.get(url).headers["content-type"].startswith("image/")


def test_the_answer_of_a_document(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """Both addresses are the PDF: clients differ on which one they read."""
    said = client.post(f"/designs/{wire.design}", json={"format": "pdf"}).json()
    assert said["pdfUrl"] == said["imageUrl"] and stranger.get(said["pdfUrl"]).content.startswith(b"%PDF")
    assert {"id", "templateId", "thumbnailUrl", "metadata", "width", "height"} <= set(said)


def test_the_answer_of_pages(client: httpx.Client, wire: Wire) -> None:
    """Whoever sends pages reads pages."""
    body = {"pages": [{"index": 0, "layers": [], "metadata": "first"}]}
    said = client.post(f"/designs/{wire.design}", json=body).json()
    assert said["templateId"] == wire.design and isinstance(said["templateName"], str)
    page = said["pages"][0]
    assert page["pageIndex"] == 0 and page["metadata"] == "first"
    assert {"id", "imageUrl", "thumbnailUrl", "width", "height"} <= set(page)


def test_the_canvas_of_a_page(client: httpx.Client) -> None:
    """`canvas` among the layers of a page is that page; a page's layers are none of another one's."""
    pages = [{"width": 40, "height": 40, "layers": [{"type": "shape", "name": f"s{n}", "width": 9}]} for n in (0, 1)]
    uid = client.post("/templates", json={"pages": pages}).json()["id"]
    try:
        layers = [{"name": "canvas", "backgroundColor": "#ff0000"}, {"name": "s0", "visible": False}]
        said = client.post(f"/designs/{uid}", json={"pages": [{"index": 1, "layers": layers}]}).json()
        assert [page["pageIndex"] for page in said["pages"]] == [0, 1]
        assert (said["pages"][0]["color"] == "#ff0000", said["pages"][1]["color"]) == (False, "#ff0000")
        assert [each["code"] for each in said["pages"][1]["warnings"]] == ["layer_not_found"]
    finally:
        client.delete(f"/templates/{uid}")


def test_a_layer_that_there_is_not(client: httpx.Client, wire: Wire) -> None:
    """Rendered without it, and told; an error where the caller is strict."""
    body = {"params": [{"name": "no such layer", "text": "x"}]}
    said = client.post(f"/designs/{wire.design}", json=body)
    assert said.status_code == 200 and said.json()["warnings"][0]["code"] == "layer_not_found"
    strict = client.post(f"/designs/{wire.design}?strict=true", json=body)
    assert strict.status_code == 422 and strict.json()["code"] == "layer_not_found" and strict.json()["layers"]


def test_errors_carry_a_message(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """The three that are promised to the letter, and a body of two kinds."""
    nobody = stranger.post(f"/designs/{wire.design}", json={})
    assert (nobody.status_code, nobody.json()["message"]) == (401, UNAUTHORIZED)
    unknown = client.post("/designs/0123456789", json={})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "template_not_found") and unknown.json()["message"]
    both = client.post(f"/designs/{wire.design}", json={"params": [], "pages": []})
    assert both.status_code == 400 and both.json()["message"]


@pytest.mark.parametrize("path", ["/v1/renders", "/v1/images", "/designs/0123456789/pdf", "/webhooks", "/designs"])
def test_addresses_seen_in_public_code_and_wrong(client: httpx.Client, path: str) -> None:
    """Clean 404 problem documents."""
    answer = client.post(path, json={}) if path.endswith("pdf") else client.get(path)
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["message"]


@pytest.mark.parametrize("position", ["cro", "cov", "ai_face", "align", "crop", "cover", "contain"])
def test_positions_of_pictures(client: httpx.Client, wire: Wire, position: str) -> None:
    """Every value that clients send is understood, on whatever layer."""
    body = {"params": [{"name": "photo", "imagePosition": position, "imageAlignH": "full", "imageAlignV": "top"}]}
    assert client.post(f"/designs/{wire.design}", json=body).status_code == 200
