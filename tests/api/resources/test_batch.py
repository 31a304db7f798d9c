"""`POST /batch`: one PDF from several designs, told as the contract says, recorded like a picture."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.api.resources.test_templates import MISSING
from tests.harness.client import Person, Running

pytestmark = pytest.mark.anyio


async def design(person: Person, width: int, height: int, pages: int = 1) -> str:
    """The id of a design with a text on every page."""
    text = {"type": "text", "name": "title", "text": "Hello", "width": 90, "height": 40}
    every = [
        {"width": width, "height": height, "layers": [{**text, "name": f"title{place or ''}"}]}
        for place in range(pages)
    ]
    answer = await person.client.post("/templates", json={"name": f"{width}", "pages": every})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def sizes(running: Running, url: str) -> list[tuple[float, float]]:
    """The sizes of a PDF's pages in px."""
    answer = await running.client().get(url)
    assert answer.headers["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", answer.content)
    return [(float(width) * 96 / 72, float(height) * 96 / 72) for width, height in boxes]


async def test_pages_of_several_designs_are_one_document(alice: Person, running: Running) -> None:
    """A page's own design wins; all pages of a design come; both clients' fields hold the PDF."""
    wide, tall, both = await design(alice, 400, 200), await design(alice, 200, 300), await design(alice, 100, 100, 2)
    body = {
        "templateId": wide,
        "metadata": "order 7",
        "pages": [
            {"layers": [{"name": "title", "text": "One"}]},
            {"templateId": tall, "metadata": "two", "layers": [{"name": "title", "text": "Two"}]},
            {"templateId": both, "layers": []},
            {},
        ],
    }
    answer = await alice.client.post("/batch", json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["pdfUrl"] == made["imageUrl"] and made["pdfUrl"].endswith(".pdf")
    assert (made["templateId"], made["metadata"], made["format"]) == (wide, "order 7", "pdf")
    assert (made["width"], made["height"]) == (400, 200) and re.fullmatch("[0-9a-f]{10}", made["id"])
    assert await sizes(running, made["pdfUrl"]) == [(400, 200), (200, 300), (100, 100), (100, 100), (400, 200)]
    small = await running.client().get(made["thumbnailUrl"])
    assert small.content.startswith(b"\x89PNG") and int.from_bytes(small.content[16:20]) == 200


@pytest.mark.check(23)
async def test_a_repeated_batch_is_one_document(alice: Person) -> None:
    """The same key, the same answer, byte for byte."""
    body = {"pages": [{"templateId": await design(alice, 50, 50)}]}
    first, again = [await alice.client.post("/batch", json=body, headers={"Idempotency-Key": "b"}) for _ in range(2)]
    assert first.status_code == 200 and first.content == again.content


async def test_an_unknown_layer_is_a_warning_or_an_error(alice: Person) -> None:
    """Reported with the closest name; strict refuses it and says on which page it stands."""
    body = {"templateId": await design(alice, 50, 50), "pages": [{}, {"layers": [{"name": "titel", "text": "x"}]}]}
    drawn = (await alice.client.post("/batch", json=body)).json()
    assert [each["code"] for each in drawn["warnings"]] == ["layer_not_found"]
    refused = await alice.client.post("/batch?strict=true", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "layer_not_found")
    assert refused.json()["errors"][0]["pointer"] == "/pages/1/layers/0/name"
    assert refused.json()["layers"] == ["title"]


async def test_what_cannot_be_drawn_is_told_with_its_page(alice: Person) -> None:
    """No pages, too many, no design, an unknown one, another format, a colour that is none, index or not."""
    uid = await design(alice, 50, 50)
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        ({"templateId": uid}, 422, "body_invalid", "/pages"),
        ({"templateId": uid, "pages": []}, 422, "body_invalid", "/pages"),
        ({"templateId": uid, "pages": [{}] * 101}, 422, "body_invalid", "/pages"),
        ({"templateId": uid, "pages": {}}, 422, "body_invalid", "/pages"),
        ({"pages": [{"templateId": uid}, {}]}, 422, "template_missing", "/pages/1/templateId"),
        ({"pages": [{"templateId": uid}, {"templateId": MISSING}]}, 404, "template_not_found", "/pages/1/templateId"),
        ({"templateId": uid, "format": "png", "pages": [{}]}, 422, "parameter_invalid", "/format"),
        (
            {"templateId": uid, "pages": [{"layers": [{"name": "title", "color": "no"}]}]},
            422,
            "color_invalid",
            "/pages/0/layers/0/color",
        ),
    ]
    for body, status, code, pointer in cases:
        answer = await alice.client.post("/batch", json=body)
        told = answer.json()
        assert (answer.status_code, told["code"], told["errors"][0]["pointer"]) == (status, code, pointer)


@pytest.mark.check(148, 149)
async def test_somebody_elses_design_is_no_different_from_none(alice: Person, bob: Person, running: Running) -> None:
    """A foreign design in any place of the body is not found; without a key nothing is drawn."""
    mine, theirs = await design(bob, 50, 50), await design(alice, 50, 50)
    for body in ({"templateId": theirs, "pages": [{}]}, {"templateId": mine, "pages": [{"templateId": theirs}]}):
        answer = await bob.client.post("/batch", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
        assert (await running.client().post("/batch", json=body)).status_code == 401
