"""`/fonts`: uploads, what is refused, who sees them, and that everything that draws is set with them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest
import pyvips
from fontTools.ttLib import TTCollection, TTFont
from tests.api.resources.test_templates import MISSING, TIME
from tests.harness.client import Person, Running
from tests.harness.studio import Pixels, decode
from tests.harness.typeface import bar_font

from tirage.actions import store_font
from tirage.assets.fonts import bundled
from tirage.store import keys

pytestmark = pytest.mark.anyio

SIZE = 100


def design(family: str, **text: Any) -> dict[str, Any]:
    """A page with one letter, 100 px high, at its left edge."""
    layer = {"type": "text", "name": "letter", "text": "I", "fontFamily": family, "fontSize": SIZE, "fontWeight": 400}
    box = {"x": 0, "y": 0, "width": 300, "height": 200, "fit": "none", "padding": 0, "lineHeight": 1}
    return {"width": 300, "height": 200, "background": "#ffffff", "layers": [{**layer, **box, **text}]}


async def upload(person: Person, data: bytes, name: str = "bars.ttf") -> dict[str, Any]:
    """An uploaded font as the answer tells it."""
    answer = await person.client.post("/fonts", files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def new_design(person: Person, document: dict[str, Any]) -> str:
    """A stored design's id."""
    return str((await person.client.post("/templates", json=document)).json()["id"])


async def drawn(person: Person, uid: str, **body: Any) -> Pixels:
    """A drawn design's pixels."""
    answer = await person.client.post(f"/designs/{uid}?response=binary", json=body)
    assert answer.status_code == 200, answer.text
    return decode(answer.content)


def ink(pixels: Pixels) -> int:
    """How many columns of px hold dark pixels."""
    return int(np.count_nonzero((pixels[:, :, 0] < 128).any(axis=0)))


async def test_a_font_is_told_and_listed(alice: Person, running: Running) -> None:
    """Names, weight and size as the kept file has them; newest first; read by id; gone when deleted."""
    made = await upload(alice, bar_font("Bars", "Bold", weight=700), "../../Bars\u202e Bold.ttf")
    assert (made["family"], made["style"], made["weight"], made["weights"]) == ("Bars", "Bold", 700, [700, 700])
    assert (made["italic"], made["color"], made["axes"], made["filename"]) == (False, False, [], "Bars Bold.ttf")
    assert TIME.fullmatch(made["createdAt"]) and len(made["sha256"]) == 64
    running.clock.advance(timedelta(seconds=1))
    second = await upload(alice, bar_font("Bars"))
    assert (await alice.client.get("/fonts")).json() == [second, made]
    assert (await alice.client.get("/fonts", params={"workspaceId": alice.workspace})).json() == [second, made]
    assert (await alice.client.get(f"/fonts/{made['id']}")).json() == made
    gone = await alice.client.delete(f"/fonts/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await alice.client.get("/fonts")).json() == [second]
    assert (await alice.client.delete(f"/fonts/{made['id']}")).json()["code"] == "font_not_found"
    assert len([each async for each in running.service.blobs.list(f"{alice.workspace}/fonts/")]) == 1


@pytest.mark.parametrize("flavor", [None, "woff", "woff2"])
async def test_designs_are_set_with_it(alice: Person, flavor: str | None) -> None:
    """As TTF, WOFF and WOFF2: the letter is the font's bar; without the font another one serves, with a warning."""
    uid = await new_design(alice, design("Bars"))
    before = (await alice.client.post(f"/designs/{uid}", json={})).json()
    assert [each["code"] for each in before["warnings"]] == ["font_missing"]
    made = await upload(alice, bar_font(flavor=flavor))
    assert ink(await drawn(alice, uid)) == 50
    after = (await alice.client.post(f"/designs/{uid}", json={})).json()
    assert after["warnings"] == []
    await alice.client.delete(f"/fonts/{made['id']}")
    again = (await alice.client.post(f"/designs/{uid}", json={})).json()
    assert [each["code"] for each in again["warnings"]] == ["font_missing"]


async def test_rows_may_name_it_and_styles_are_chosen(alice: Person) -> None:
    """A value names the family; each weight has the face that is nearest; markup finds the bold one."""
    await upload(alice, bar_font("Bars", "Regular", bar=300))
    await upload(alice, bar_font("Bars", "Bold", weight=700, bar=800))
    uid = await new_design(alice, design("Inter"))
    for weight, width in ((400, 30), (700, 80), (300, 30), (900, 80)):
        params = [{"name": "letter", "fontFamily": "bars", "fontWeight": weight}]
        assert ink(await drawn(alice, uid, params=params)) == width
    assert ink(await drawn(alice, uid, params=[{"name": "letter", "fontFamily": "Bars", "text": "<b>I</b>"}])) == 80


async def test_every_weight_of_a_variable_font_is_set(alice: Person) -> None:
    """1 to 1000, in between too; what lies outside its axis is drawn at its end."""
    made = await upload(alice, bar_font("Grow", axes=[("wght", 1, 400, 1000)]))
    assert made["weights"] == [1, 1000]
    assert made["axes"] == [{"tag": "wght", "minimum": 1, "default": 400, "maximum": 1000}]
    uid = await new_design(alice, design("Grow"))
    widths = [
        ink(await drawn(alice, uid, params=[{"name": "letter", "fontWeight": weight}]))
        for weight in (1, 200, 400, 700, 1000)
    ]
    assert widths == [10, pytest.approx(30, abs=1), 50, pytest.approx(70, abs=1), 90]
    narrow = await upload(alice, bar_font("Grow", axes=[("wght", 300, 400, 500)]))
    assert narrow["id"] == made["id"] and narrow["weights"] == [300, 500]
    widths = [
        ink(await drawn(alice, uid, params=[{"name": "letter", "fontWeight": weight}])) for weight in (1, 400, 1000)
    ]
    # Weights of 600 and more that the axis does not reach are emboldened as well (CSS Fonts 4, 2.2).
    assert widths[:2] == [10, 50] and widths[2] >= 90


async def test_documents_hold_the_weight_that_was_asked_for(alice: Person) -> None:
    """A weight between the masters is one in vector files too: the bar is 700 of 1,000 units wide."""
    await upload(alice, bar_font("Grow", axes=[("wght", 100, 400, 900)]))
    uid = await new_design(alice, design("Grow", fontWeight=650))
    found = {}
    for kind in ("pdf", "svg"):
        answer = await alice.client.post(f"/designs/{uid}?response=binary", json={"format": kind})
        assert answer.status_code == 200, answer.text
        found[kind] = answer.content
    assert b"1000 0 0 -700 700 0 d1" in found["pdf"]
    pyvips.operation_block_set("VipsForeignLoadSvg", False)  # the engine blocks it except where it needs it itself
    try:
        pixels = pyvips.Image.svgload_buffer(found["svg"]).flatten(background=255).numpy()
    finally:
        pyvips.operation_block_set("VipsForeignLoadSvg", True)
    assert ink(pixels) == 70


async def test_the_same_style_is_replaced(alice: Person, running: Running) -> None:
    """The id stays, pictures are set with the new file at once, the old one is gone; recipes tell them apart."""
    uid = await new_design(alice, design("Bars"))
    made = await upload(alice, bar_font(bar=300))
    first = (await alice.client.post(f"/designs/{uid}", json={})).json()
    assert ink(await drawn(alice, uid)) == 30
    again = await upload(alice, bar_font("BARS", bar=600))
    assert again["id"] == made["id"] and again["sha256"] != made["sha256"]
    assert ink(await drawn(alice, uid)) == 60
    second = (await alice.client.post(f"/designs/{uid}", json={})).json()
    assert first["id"] != second["id"]
    assert len([each async for each in running.service.blobs.list(f"{alice.workspace}/fonts/")]) == 1


async def test_links_reports_and_batch_documents_are_set_with_it(alice: Person, running: Running) -> None:
    """Whatever draws a design draws it with its workspace's fonts; a link follows a replaced font."""
    await upload(alice, bar_font(bar=300))
    uid = await new_design(alice, design("Bars"))
    report = (await alice.client.post(f"/designs/{uid}/report", json={})).json()
    assert "Bars" in str(report) and "font_missing" not in str(report)
    link = (await alice.client.post(f"/designs/{uid}/link", json={})).json()["url"]
    assert ink(decode((await running.client().get(link)).content)) == 30
    await upload(alice, bar_font(bar=700))
    running.app._app.state.links._designs.clear()  # what is believed for two seconds
    assert ink(decode((await running.client().get(link)).content)) == 70
    pages = {"pages": [{"templateId": uid, "layers": []}, {"templateId": await new_design(alice, design("Inter"))}]}
    made = await alice.client.post("/batch", json=pages)
    assert made.status_code == 200, made.text
    assert made.json()["warnings"] == []


@pytest.mark.check(98)
async def test_a_font_changes_no_picture_of_another_workspace(alice: Person, bob: Person) -> None:
    """A font named like the default one, or like somebody's family, is for its own workspace alone."""
    uid = await new_design(bob, design("Inter"))
    before = await drawn(bob, uid)
    await upload(alice, bar_font("Inter", bar=900))
    mine = await new_design(alice, design("Inter"))
    assert ink(await drawn(alice, mine)) == 90
    assert np.array_equal(await drawn(bob, uid), before)
    await upload(bob, bar_font("Inter", bar=200))
    assert (ink(await drawn(bob, uid)), ink(await drawn(alice, mine))) == (20, 90)


def collection(*fonts: bytes) -> bytes:
    """Several fonts in one file."""
    made, out = TTCollection(), io.BytesIO()
    made.fonts = [TTFont(io.BytesIO(each)) for each in fonts]
    made.save(out)
    return out.getvalue()


def without_names() -> bytes:
    """A font that does not say what it is called."""
    font, out = TTFont(io.BytesIO(bar_font())), io.BytesIO()
    font["name"].names = []
    font.save(out)
    return out.getvalue()


@pytest.mark.check(95, 96)
async def test_what_is_no_font_is_refused(alice: Person, running: Running) -> None:
    """Damaged and hostile files, collections, missing names: 422 with a sentence; nothing is kept."""
    good = bar_font()
    bomb = bytearray(bar_font(flavor="woff2"))
    bomb[16:20] = (0x7FFFFFFF).to_bytes(4)
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"files": {"file": ("a.ttf", b"")}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttf", b"<html>")}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttf", bytes(5000))}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttf", good[: len(good) // 2])}}, 422, "font_rejected"),
        ({"files": {"file": ("a.woff2", bytes(bomb))}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttc", collection(good, good))}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttf", without_names())}}, 422, "font_rejected"),
        ({"files": {"file": ("a.ttf", good + bytes(20_200_000))}}, 413, "body_too_large"),
        ({"files": {"font": ("a.ttf", good)}}, 422, "upload_invalid"),
        ({"json": {"file": "a"}}, 415, "media_type_unsupported"),
    ]
    for given, status, code in cases:
        answer = await alice.client.post("/fonts", **given)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert "uploaded-font" not in answer.text and "cleaned-font" not in answer.text
    assert (await alice.client.get("/fonts")).json() == []
    assert [each async for each in running.service.blobs.list(f"{alice.workspace}/")] == []


@pytest.mark.check(94)
async def test_a_real_font_is_taken(alice: Person) -> None:
    """A bundled family uploaded under its own name, an OpenType layout font with thousands of glyphs."""
    face = next(each for each in bundled().family("Noto Sans Devanagari") if each.weight == 400)
    made = await upload(alice, face.path.read_bytes())
    assert made["family"] == "Noto Sans Devanagari"


async def test_there_is_a_most(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """One font more than allowed is 409; replacing one still works."""
    monkeypatch.setattr(store_font, "MOST_FONTS", 1)
    await upload(alice, bar_font("One"))
    refused = await alice.client.post("/fonts", files={"file": ("two.ttf", bar_font("Two"))})
    assert (refused.status_code, refused.json()["code"]) == (409, "fonts_full")
    await upload(alice, bar_font("One", bar=200))


@pytest.mark.check(23)
async def test_a_repeated_upload_is_one_answer(alice: Person) -> None:
    """The same key and bytes are answered with the same words."""
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bar_font() + b"\r\n--x--\r\n"
    headers = {"Idempotency-Key": "one", "Content-Type": "multipart/form-data; boundary=x"}
    first, again = [await alice.client.post("/fonts", content=form, headers=headers) for _ in range(2)]
    assert first.status_code == again.status_code == 201 and first.content == again.content


@pytest.mark.check(145, 148, 149)
async def test_whose_font_it_is(alice: Person, bob: Person, running: Running) -> None:
    """Foreign and unknown ids alike are 404; a key that reads may not write, one bound to a design may not either."""
    made = await upload(alice, bar_font())
    for uid in (made["id"], MISSING, "x"):
        for method in ("GET", "DELETE"):
            answer = await bob.client.request(method, f"/fonts/{uid}")
            assert (answer.status_code, answer.json()["code"]) == (404, "font_not_found")
    for method in ("GET", "POST"):
        answer = await bob.client.request(
            method, "/fonts", params={"workspaceId": alice.workspace}, files={"file": ("a", bar_font())}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "workspace_not_found")
    assert (await bob.client.get("/fonts")).json() == []
    reader = await running.person("Reader", ("read",), alice.tenant)
    assert len((await reader.client.get("/fonts")).json()) == 1
    bound = await _bound(running, alice)
    for client in (reader.client, bound):
        for method, path in (("POST", "/fonts"), ("DELETE", f"/fonts/{made['id']}")):
            answer = await client.request(method, path, files={"file": ("a", bar_font())})
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    for method, path in (("GET", "/fonts"), ("POST", "/fonts"), ("GET", "/fonts/x"), ("DELETE", "/fonts/x")):
        assert (await running.client().request(method, path)).status_code == 401
    assert len((await alice.client.get("/fonts")).json()) == 1


async def _bound(running: Running, person: Person) -> httpx.AsyncClient:
    """A client whose key is for one design only."""
    uid = await new_design(person, design("Inter"))
    async with running.service.database.account(person.tenant.account.id) as tx:
        made = await keys.create(
            tx, "bound", workspaces=(person.workspace,), scopes=keys.SCOPES, now=running.clock.now(), templates=(uid,)
        )
    return running.client({"Authorization": f"Bearer {made.secret.text}"})
