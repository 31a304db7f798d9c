"""Sizes, pages by condition and repetition of a design over the API, from the request to the pictures and records."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import pyvips
from tests.harness.client import Person, Running

pytestmark = pytest.mark.anyio

CARD: dict[str, Any] = {
    "name": "Advert",
    "width": 120,
    "height": 60,
    "background": "#ffffff",
    "layers": [{"type": "shape", "name": "bar", "fill": "#ff0000", "pin": {"left": 0, "right": 0, "top": 0},
                "height": 20}],
    "sizes": [
        {"name": "story", "width": 60, "height": 120, "overrides": {"bar": {"fill": "#00ff00"}}},
        {"name": "square", "width": 80, "height": 80},
    ],
}  # fmt: skip
PAGES: dict[str, Any] = {
    "name": "Pages",
    "variables": [{"name": "cover", "type": "boolean", "default": True}, {"name": "rows", "type": "list"}],
    "pages": [
        {"width": 40, "height": 20, "background": "#ff0000", "visible": "{{ cover }}"},
        {"width": 40, "height": 20, "background": "#00ff00", "layers": [
            {"type": "group", "name": "list", "layout": "row", "repeat": {"items": "{{ rows }}"}, "children": [
                {"type": "shape", "name": "bar", "width": "{{ item }}", "height": 20, "fill": "#0000ff"}]}]},
    ],
}  # fmt: skip


async def made(person: Person, document: dict[str, Any]) -> str:
    """The id of a new design."""
    answer = await person.client.post("/templates", json=document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def drawn(person: Person, uid: str, body: dict[str, Any], query: str = "") -> httpx.Response:
    """One request."""
    return await person.client.post(f"/designs/{uid}{query}", json=body)


async def seen(running: Running, url: str) -> tuple[int, int, tuple[int, ...]]:
    """Width, height and first pixel of a picture."""
    image = pyvips.Image.new_from_buffer((await running.client().get(url)).content, "")
    return image.width, image.height, tuple(round(value) for value in image(0, 0)[:3])


async def test_named_sizes_are_drawn_beside_others(alice: Person, running: Running) -> None:
    """By name, all of them, with a factor, in several formats; each file says of which size it is."""
    uid = await made(alice, CARD)
    body = {"sizes": ["story", {"name": "square", "scale": 2}, {"width": 60}]}
    said = (await drawn(alice, uid, body)).json()
    assert [(each.get("size"), each["width"], each["height"]) for each in said["files"]] == [
        ("story", 60, 120), ("square", 160, 160), (None, 60, 30),
    ]  # fmt: skip
    assert (said["size"], said["width"]) == ("story", 60)
    assert [await seen(running, each["imageUrl"]) for each in said["files"]] == [
        (60, 120, (0, 255, 0)), (160, 160, (255, 0, 0)), (60, 30, (255, 0, 0)),
    ]  # fmt: skip
    every = (await drawn(alice, uid, {"sizes": "all", "formats": ["png", "svg"]})).json()["files"]
    assert [(each["format"], each["size"]) for each in every] == [
        ("png", "story"), ("png", "square"), ("svg", "story"), ("svg", "square"),
    ]  # fmt: skip
    previews = [each["imageUrl"].replace(".svg", "-thumb.png") for each in every[2:]]
    assert [(await seen(running, each))[2] for each in previews] == [(0, 255, 0), (255, 0, 0)]
    single = await drawn(alice, uid, {"sizes": ["square"]}, "?response=binary")
    assert pyvips.Image.new_from_buffer(single.content, "").height == 80


async def test_values_reach_every_size(alice: Person, running: Running) -> None:
    """Layer objects rank above what a size overrides; a picture that is drawn again has its size again."""
    uid = await made(alice, CARD)
    said = (await drawn(alice, uid, {"sizes": "all", "params": [{"name": "bar", "fill": "#0000ff"}]})).json()
    assert {(await seen(running, each["imageUrl"]))[2] for each in said["files"]} == {(0, 0, 255)}
    verified = (await alice.client.post(f"/images/{said['files'][1]['id']}/verify")).json()
    assert verified["verified"] is True, verified


async def test_sizes_that_there_are_not_are_told_with_the_closest(alice: Person) -> None:
    """At their place; too many outputs, two measures, designs without sizes."""
    uid = await made(alice, CARD)
    unknown = (await drawn(alice, uid, {"sizes": ["square", "stroy"]})).json()["errors"][0]
    assert (unknown["code"], unknown["pointer"], unknown["closest"]) == ("size_unknown", "/sizes/1", "story")
    both = await drawn(alice, uid, {"sizes": [{"name": "story", "width": 10, "scale": 1}]})
    assert (both.status_code, both.json()["code"]) == (422, "size_invalid")
    many = await drawn(alice, uid, {"sizes": ["story"] * 7, "formats": ["png", "jpeg"]})
    assert many.json()["code"] == "outputs_too_many"
    none = await made(alice, {**CARD, "sizes": []})
    assert (await drawn(alice, none, {"sizes": "all"})).json()["code"] == "size_unknown"
    assert (await drawn(alice, none, {"sizes": "every"})).status_code == 422


async def test_pages_that_a_request_hides_have_no_picture(alice: Person, running: Running) -> None:
    """The others keep their index, also where they are drawn again; to hide all is an error."""
    uid = await made(alice, PAGES)
    both = (await drawn(alice, uid, {})).json()["pages"]
    assert [each["pageIndex"] for each in both] == [0, 1]
    (second,) = (await drawn(alice, uid, {"variables": {"cover": False}, "format": "svg"})).json()["pages"]
    assert second["pageIndex"] == 1 and (await seen(running, second["thumbnailUrl"]))[2] == (0, 255, 0)
    verified = (await alice.client.post(f"/images/{second['id']}/verify")).json()
    assert verified["verified"] is True, verified
    only = await made(alice, {**PAGES, "pages": PAGES["pages"][:1]})
    hidden = await drawn(alice, only, {"variables": {"cover": False}})
    assert (hidden.status_code, hidden.json()["code"]) == (422, "pages_hidden")


async def test_a_request_brings_a_list_and_names_one_copy(alice: Person, running: Running) -> None:
    """As JSON in `variables`; `bar[1]` is found, also in strict mode, and another copy than there is, is not drawn."""
    uid = await made(alice, PAGES)
    body: dict[str, Any] = {"variables": {"cover": False, "rows": [10, 20]}}
    (plain,) = (await drawn(alice, uid, body)).json()["pages"]
    assert (await seen(running, plain["imageUrl"]))[2] == (0, 0, 255)
    body["params"] = [{"name": "bar[0]", "fill": "#ffffff"}]
    (one,) = (await drawn(alice, uid, body, "?strict=true")).json()["pages"]
    assert (await seen(running, one["imageUrl"]))[2] == (255, 255, 255) and one["warnings"] == []
    unfit = await drawn(alice, uid, {"variables": {"rows": {"a": 1}}})
    assert (unfit.status_code, unfit.json()["code"]) == (422, "variable_invalid")
    assert unfit.json()["errors"][0]["pointer"].startswith("/variables/")
