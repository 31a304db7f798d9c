"""`POST /designs/{UID}`: every form of request and answer, field by field."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import httpx
import pytest
import pyvips
from tests.harness.site import Site

UID = re.compile(r"[0-9a-f]{10}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
    "ErkJggg=="
)


def render(client: httpx.Client, uid: str, body: Any = None, **more: Any) -> httpx.Response:
    """One request."""
    return client.post(f"/designs/{uid}", json={} if body is None else body, **more)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of encoded bytes."""
    image = pyvips.Image.new_from_buffer(data, "")
    return image.width, image.height


def test_an_empty_object_draws_the_design_as_it_is(alice: httpx.Client, site: Site) -> None:
    """Every field of the single answer, with its type."""
    answer = render(alice, site.alice.designs["card"])
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert UID.fullmatch(said["id"]) and said["templateId"] == site.alice.designs["card"]
    image = re.fullmatch(re.escape(site.base) + r"/images/([0-9a-f]{10})/([0-9a-f]{10})\.png", said["imageUrl"])
    assert image and image[2] != said["id"]
    stem = said["imageUrl"].removesuffix(".png")
    assert said["thumbnailUrl"] == f"{stem}-thumb.png" and said["retinaThumbnailUrl"] == f"{stem}-thumb-2x.png"
    assert (said["metadata"], said["width"], said["height"]) == ("", 400, 200)
    assert (said["status"], said["format"], said["user"], said["credits"]) == ("succeeded", "png", None, [])
    assert TIME.fullmatch(said["createdAt"]) and said["warnings"] == []
    assert said["urls"] == {"full": said["imageUrl"], "regular": said["imageUrl"], "thumb": said["thumbnailUrl"]}
    assert said["downloadUrl"] == f"{said['imageUrl']}?download"
    assert said["color"] == "#ffffff" == said["palette"][0] and "#1a73e8" in said["palette"]
    assert set(said) == {
        "id", "templateId", "imageUrl", "thumbnailUrl", "retinaThumbnailUrl", "metadata", "width", "height", "status",
        "createdAt", "format", "urls", "downloadUrl", "color", "palette", "user", "credits", "warnings",
    }  # fmt: skip


def test_what_is_sent_is_drawn(alice: httpx.Client, site: Site) -> None:
    """Layer objects change the picture; metadata is echoed; a `data:` URL is a picture."""
    plain = render(alice, site.alice.designs["card"]).json()
    body = {
        "metadata": "row 7 ü",
        "params": [
            {"name": "title", "text": "Other", "unknownKey": 1},
            {"name": "photo", "imageUrl": PIXEL},
            {"name": "canvas", "backgroundColor": "#ff0000"},
        ],
    }
    said = render(alice, site.alice.designs["card"], body).json()
    assert said["metadata"] == "row 7 ü" and said["color"] == "#ff0000"
    assert alice.get(said["imageUrl"]).content != alice.get(plain["imageUrl"]).content
    assert [each["code"] for each in said["warnings"]] == ["property_unknown"]


@pytest.mark.parametrize(
    ("name", "ending", "media_type"),
    [
        ("png", "png", "image/png"),
        ("jpeg", "jpg", "image/jpeg"),
        ("jpg", "jpg", "image/jpeg"),
        ("webp", "webp", "image/webp"),
        ("avif", "avif", "image/avif"),
        ("svg", "svg", "image/svg+xml"),
        ("gif", "gif", "image/gif"),
        ("apng", "apng", "image/apng"),
        ("mp4", "mp4", "video/mp4"),
    ],
)
def test_formats(alice: httpx.Client, site: Site, name: str, ending: str, media_type: str) -> None:
    """Each format has its ending and media type, its smaller versions decode; the answer echoes the name asked for."""
    said = render(alice, site.alice.designs["card"], {"format": name}).json()
    assert said["format"] == name and said["imageUrl"].endswith(f".{ending}")
    assert alice.get(said["imageUrl"]).headers["content-type"] == media_type
    assert size_of(alice.get(said["thumbnailUrl"]).content) == (200, 100)
    assert size_of(alice.get(said["retinaThumbnailUrl"]).content) == (400, 200)


def test_a_document(alice: httpx.Client, site: Site) -> None:
    """A PDF has both addresses, and a picture of its first page as thumbnail."""
    said = render(alice, site.alice.designs["pages"], {"format": "pdf"}).json()
    assert said["pdfUrl"] == said["imageUrl"] and said["pdfUrl"].endswith(".pdf")
    assert (said["width"], said["height"], said["color"]) == (300, 200, "#ffeecc")
    pdf = alice.get(said["pdfUrl"])
    assert pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf"
    assert said["thumbnailUrl"].endswith("-thumb.png") and size_of(alice.get(said["thumbnailUrl"]).content) == (
        200,
        133,
    )
    assert size_of(alice.get(said["urls"]["regular"]).content) == (300, 200)


def test_an_entry_of_a_page_changes_that_page(alice: httpx.Client, site: Site) -> None:
    """`canvas` is the page of its entry; a layer of another page is told as one that there is not, strictly a fault."""
    canvas = {"name": "canvas", "backgroundColor": "#ff0000"}
    pages = [{"index": 1, "layers": [canvas]}, {"index": 0, "layers": [{"name": "text1", "text": "x"}]}]
    said = render(alice, site.alice.designs["pages"], {"pages": pages, "metadata": None}).json()
    assert [page["color"] for page in said["pages"]] == ["#ffeecc", "#ff0000"]
    warned = said["pages"][0]["warnings"]
    assert [(each["code"], each["layer"]) for each in warned] == [("layer_not_found", "text1")]
    assert "Did you mean 'text0'?" in warned[0]["message"]
    strict = render(alice, site.alice.designs["pages"], {"pages": pages}, params={"strict": "true"})
    assert strict.status_code == 422 and strict.json()["layers"] == ["text0", "text1"]
    (told,) = strict.json()["errors"]
    assert (told["code"], told["pointer"], told["closest"]) == ("layer_not_found", "/pages/1/layers/0/name", "text0")
    record = alice.post(f"/images/{said['pages'][1]['id']}/verify").json()
    assert record["verified"] is True, record


def test_pages(alice: httpx.Client, site: Site) -> None:
    """Several pages are pictures of their own, each with its metadata."""
    body = {
        "metadata": "all",
        "pages": [{"index": 1, "layers": [{"name": "text1", "text": "Second"}], "metadata": "second"}],
    }
    said = render(alice, site.alice.designs["pages"], body).json()
    assert set(said) == {"templateId", "templateName", "pages"} and said["templateName"] == "Two pages"
    assert [page["pageIndex"] for page in said["pages"]] == [0, 1]
    assert [page["metadata"] for page in said["pages"]] == ["all", "second"]
    assert len({page["imageUrl"] for page in said["pages"]}) == len({page["id"] for page in said["pages"]}) == 2
    assert [page["color"] for page in said["pages"]] == ["#ffeecc", "#ccddff"]


def test_pages_and_params_exclude_each_other(alice: httpx.Client, site: Site) -> None:
    """Both at once is 400; a page that there is not is 422 with its pointer."""
    both = render(alice, site.alice.designs["card"], {"params": [], "pages": []})
    assert (both.status_code, both.json()["code"]) == (400, "params_and_pages")
    beyond = render(alice, site.alice.designs["card"], {"pages": [{"index": 1}]})
    assert beyond.status_code == 422 and beyond.json()["errors"][0]["pointer"] == "/pages/0/index"


def test_binary(alice: httpx.Client, site: Site) -> None:
    """The picture itself, by parameter or by `Accept`; it is stored all the same."""
    uid = site.alice.designs["card"]
    by_parameter = render(alice, uid, {"format": "webp"}, params={"response": "binary"})
    assert by_parameter.headers["content-type"] == "image/webp" and size_of(by_parameter.content) == (400, 200)
    assert alice.get(by_parameter.headers["content-location"]).content == by_parameter.content
    assert render(alice, uid, headers={"accept": "image/*"}).headers["content-type"] == "image/png"
    assert render(alice, uid, headers={"accept": "image/jpeg"}).headers["content-type"] == "image/jpeg"
    assert render(alice, uid, headers={"accept": "application/json, image/png"}).json()["format"] == "png"
    several = render(alice, site.alice.designs["pages"], params={"response": "binary"})
    assert (several.status_code, several.json()["code"]) == (422, "one_page_only")


def test_base64(alice: httpx.Client, site: Site) -> None:
    """The bytes stand in the answer beside the addresses."""
    said = render(alice, site.alice.designs["card"], params={"response": "base64"}).json()
    assert base64.b64decode(said["base64"]) == alice.get(said["imageUrl"]).content


def test_several_formats_and_sizes(alice: httpx.Client, site: Site) -> None:
    """One request draws the values in each format and size; the first of them is the answer's own."""
    body = {"formats": ["png", "jpeg"], "sizes": [{"scale": 1}, {"width": 200}, {"height": 400}]}
    said = render(alice, site.alice.designs["card"], body).json()
    assert said["format"] == "png" and len(said["files"]) == 6
    assert [(each["format"], each["width"], each["height"]) for each in said["files"]] == [
        (name, *size) for name in ("png", "jpeg") for size in ((400, 200), (200, 100), (800, 400))
    ]
    assert [size_of(alice.get(each["imageUrl"]).content) for each in said["files"][:3]] == [
        (400, 200), (200, 100), (800, 400),
    ]  # fmt: skip
    wrong = render(alice, site.alice.designs["card"], {"sizes": [{"width": 10, "height": 10}]})
    assert wrong.json()["errors"][0] == {
        "code": "size_invalid", "message": "A size has one of scale, width and height.", "pointer": "/sizes/0",
    }  # fmt: skip
    many = render(alice, site.alice.designs["card"], {"formats": ["png"] * 4, "sizes": [{"scale": 1}] * 4})
    assert (many.status_code, many.json()["code"]) == (422, "outputs_too_many")


def test_unknown_layers(alice: httpx.Client, site: Site) -> None:
    """A warning with the closest name; strictly, an error with the closest name and the design's layers."""
    body = {"params": [{"name": "titel", "text": "x"}]}
    said = render(alice, site.alice.designs["card"], body).json()
    assert said["warnings"][0]["code"] == "layer_not_found" and "'title'" in said["warnings"][0]["message"]
    refused = render(alice, site.alice.designs["card"], body, params={"strict": "true"})
    told = refused.json()
    assert refused.status_code == 422 and told["code"] == "layer_not_found"
    assert told["closest"] == "title" and told["layers"] == ["box", "title", "photo"]
    assert told["errors"][0]["pointer"] == "/params/0/name"


@pytest.mark.check(103, 104, 114)
@pytest.mark.parametrize(
    ("layer", "key"),
    [
        ({"name": "title", "color": "rgb(red)"}, "color"),
        ({"name": "title", "color": "url(x)"}, "color"),
        ({"name": "title", "fontSize": "NaN"}, "fontSize"),
        ({"name": "title", "opacity": 2}, "opacity"),
        ({"name": "box", "width": [1]}, "width"),
        ({"name": "box", "backgroundColor": "no colour"}, "backgroundColor"),
        ({"name": "photo", "imageUrl": "nonsense"}, "imageUrl"),
        ({"name": "canvas", "backgroundColor": "no colour"}, "backgroundColor"),
    ],
)
def test_values_that_do_not_fit(alice: httpx.Client, site: Site, layer: dict[str, Any], key: str) -> None:
    """A bad colour, number or source is 422, names the layer and points to the key in the body."""
    refused = render(alice, site.alice.designs["card"], {"params": [{"name": "title", "text": "x"}, layer]})
    error = refused.json()["errors"][0]
    assert refused.status_code == 422 and error["layer"] == layer["name"] and error["pointer"] == f"/params/1/{key}"
    paged = render(alice, site.alice.designs["card"], {"pages": [{"index": 0, "layers": [layer]}]})
    assert paged.json()["errors"][0]["pointer"] == f"/pages/0/layers/0/{key}"


@pytest.mark.check(33, 48)
@pytest.mark.parametrize("source", ["http://127.0.0.1/x.png", "http://[::1]/", "file:///etc/passwd", "/etc/passwd"])
def test_pictures_that_may_not_be_fetched(alice: httpx.Client, site: Site, source: str) -> None:
    """Addresses inside the network and files are refused, with the layer's name and without what was found there."""
    refused = render(alice, site.alice.designs["card"], {"params": [{"name": "photo", "imageUrl": source}]})
    told = refused.json()
    assert refused.status_code == 422 and told["code"] in ("source_blocked", "source_invalid", "source_self")
    assert told["errors"][0]["layer"] == "photo" and "root:" not in refused.text


def test_fields_of_the_wrong_type_are_told_together(alice: httpx.Client, site: Site) -> None:
    """Every fault of a body with its pointer."""
    refused = render(alice, site.alice.designs["card"], {"format": 1, "metadata": [], "params": [{"text": "x"}, 7]})
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [
        "/format", "/metadata", "/params/0/name", "/params/1",
    ]  # fmt: skip


def test_format_and_response_that_there_are_not(alice: httpx.Client, site: Site) -> None:
    """The closest name is told."""
    refused = render(alice, site.alice.designs["card"], {"format": "jpgg"})
    assert (refused.status_code, refused.json()["code"], refused.json()["closest"]) == (422, "format_unknown", "jpg")
    wrong = render(alice, site.alice.designs["card"], params={"response": "xml"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "parameter_invalid")


@pytest.mark.check(25, 148)
def test_foreign_deleted_and_random_designs_are_one_and_the_same(
    alice: httpx.Client, bob: httpx.Client, site: Site
) -> None:
    """404 `template_not_found`, with the same words but for the id."""
    foreign = render(alice, site.bob.designs["card"])
    random = render(alice, "0123456789")
    assert foreign.status_code == random.status_code == 404
    texts = [
        re.sub(r"[0-9a-f]{10,20}", "ID", each.json()["message"] + each.json()["code"]) for each in (foreign, random)
    ]
    assert texts[0] == texts[1] and foreign.json()["code"] == "template_not_found"
    assert render(bob, site.bob.designs["card"]).status_code == 200


@pytest.mark.check(23, 24, 28)
def test_a_repeated_request_is_answered_once(alice: httpx.Client, site: Site) -> None:
    """The same key gives the same bytes; another body under it is refused; without a key each request is its own."""
    uid = site.alice.designs["card"]
    key = {"idempotency-key": "order 4711"}
    first, second = render(alice, uid, headers=key), render(alice, uid, headers=key)
    assert first.content == second.content and second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = render(alice, uid, {"metadata": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert render(alice, uid).json()["imageUrl"] != render(alice, uid).json()["imageUrl"]
    for wrong in ("", "x" * 256):
        refused = render(alice, uid, headers={"idempotency-key": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.check(26)
def test_a_failed_request_gives_its_key_back(alice: httpx.Client, site: Site) -> None:
    """What was wrong may be mended under the same key."""
    uid, key = site.alice.designs["card"], {"idempotency-key": "order 4712"}
    assert render(alice, uid, {"params": [{"name": "title", "color": "no"}]}, headers=key).status_code == 422
    assert render(alice, uid, {"params": [{"name": "title", "color": "red"}]}, headers=key).status_code == 200


def test_transparent_output_keeps_its_alpha(alice: httpx.Client, site: Site) -> None:
    """Options reach the encoder."""
    drawn = render(alice, site.alice.designs["card"], {"transparent": True}, params={"response": "binary"})
    image = pyvips.Image.new_from_buffer(drawn.content, "")
    assert image.hasalpha() and io.BytesIO(drawn.content).read(8) == b"\x89PNG\r\n\x1a\n"
