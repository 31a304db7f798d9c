"""Fonts that mean harm: refused with a sentence or drawn within bounds; the service and its processes live on."""

from __future__ import annotations

import io
import os
import random
import struct

import pytest
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent
from tests.api.resources.test_fonts import design, drawn, new_design
from tests.harness.client import Person, Running
from tests.harness.typeface import bar_font

from tirage.assets.fonts import bundled

pytestmark = pytest.mark.anyio

SOAK = bool(os.environ.get("TIRAGE_SOAK"))


async def try_font(person: Person, data: bytes) -> int:
    """Upload it; draw with it where it is taken. The status of the upload."""
    answer = await person.client.post("/fonts", files={"file": ("x.ttf", data)})
    assert answer.status_code in (201, 422), answer.text
    if answer.status_code == 422:
        assert answer.json()["code"] == "font_rejected" and len(answer.json()["message"]) < 500
        return 422
    uid = await new_design(person, design(answer.json()["family"]))
    drawing = await person.client.post(f"/designs/{uid}", json={})
    assert drawing.status_code in (200, 422), drawing.text
    await person.client.delete(f"/fonts/{answer.json()['id']}")
    return 201


def tables(data: bytes) -> dict[str, tuple[int, int]]:
    """Where a font's tables lie: offset and length by tag (OpenType 1.9, table directory)."""
    found = {}
    for place in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, length = struct.unpack_from(">4sLLL", data, 12 + 16 * place)
        found[tag.decode()] = (offset, length)
    return found


def changed(**values: object) -> bytes:
    """A variable font with other values in its weight axis."""
    font, out = TTFont(io.BytesIO(bar_font("Axis", axes=[("wght", 100, 400, 900)]))), io.BytesIO()
    for name, value in values.items():
        setattr(font["fvar"].axes[0], name, value)
    font.save(out)
    return out.getvalue()


@pytest.mark.check(95)
async def test_cut_fonts(alice: Person) -> None:
    """Cut at 10 % to 90 %: refused."""
    data = bar_font()
    for tenth in range(1, 10, 1 if SOAK else 3):
        assert await try_font(alice, data[: len(data) * tenth // 10]) == 422


@pytest.mark.check(93, 95)
async def test_a_changed_byte_in_each_table(alice: Person, running: Running) -> None:
    """Whatever a table says then: refused or drawn, and no drawing process dies of it."""
    face = next(each for each in bundled().family("Caveat") if each.weight == 400)
    data = face.path.read_bytes() if SOAK else bar_font(axes=[("wght", 100, 400, 900)])
    dice = random.Random(93)
    deaths = running.service.pool.stats().deaths
    for offset, length in tables(data).values():
        broken = bytearray(data)
        broken[offset + dice.randrange(length)] ^= 1 << dice.randrange(8)
        await try_font(alice, bytes(broken))
    assert running.service.pool.stats().deaths == deaths


@pytest.mark.check(95)
async def test_lies_about_glyphs(alice: Person) -> None:
    """65,535 glyphs that are not there, a composite glyph that holds itself, tables over each other."""
    lying = bytearray(bar_font())
    maxp = tables(bytes(lying))["maxp"][0]
    lying[maxp + 4 : maxp + 6] = b"\xff\xff"
    assert await try_font(alice, bytes(lying)) == 422
    over = bytearray(bar_font())
    count = struct.unpack_from(">H", over, 4)[0]
    first = struct.unpack_from(">L", over, 12 + 8)[0]
    for place in range(count):
        struct.pack_into(">L", over, 12 + 16 * place + 8, first)
    assert await try_font(alice, bytes(over)) == 422
    assert await try_font(alice, _cyclic()) in (201, 422)


@pytest.mark.check(97)
async def test_axes_out_of_order(alice: Person) -> None:
    """Bounds in the wrong order are refused or put in order; what is taken says weights within 1 to 1000."""
    for values in (
        {"minValue": 900.0, "maxValue": 100.0},
        {"defaultValue": 2000.0},
        {"minValue": -30000.0, "maxValue": 30000.0},
        {"maxValue": 32767.0},
    ):
        answer = await alice.client.post("/fonts", files={"file": ("x.ttf", changed(**values))})
        assert answer.status_code in (201, 422), answer.text
        if answer.status_code == 201:
            low, high = answer.json()["weights"]
            assert 1 <= low <= high <= 1000
            uid = await new_design(alice, design(answer.json()["family"], fontWeight=1000))
            await drawn(alice, uid)


@pytest.mark.check(97)
async def test_drawings_inside_fonts_are_dropped(alice: Person, running: Running) -> None:
    """A table of SVG drawings does not reach the storage: the sanitiser knows no use for it."""
    font, out = TTFont(io.BytesIO(bar_font())), io.BytesIO()
    font["SVG "] = newTable("SVG ")
    font["SVG "].docList = [('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 1, 1)]
    font.save(out)
    answer = await alice.client.post("/fonts", files={"file": ("x.ttf", out.getvalue())})
    assert answer.status_code == 201, answer.text
    async for kept in running.service.blobs.list(f"{alice.workspace}/fonts/"):
        data = await (await running.service.blobs.get(kept.key)).read()
        assert b"script" not in data


def _cyclic() -> bytes:
    font, out = TTFont(io.BytesIO(bar_font())), io.BytesIO()
    name = font.getBestCmap()[ord("I")]
    part = GlyphComponent()
    part.glyphName, part.x, part.y, part.flags = name, 0, 0, 0
    glyph = Glyph()
    glyph.numberOfContours, glyph.components = -1, [part]
    glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
    font.recalcBBoxes = False
    font["glyf"].glyphs[name] = glyph
    font["maxp"].recalc = lambda _: None
    font.save(out)
    return out.getvalue()
