"""Fonts made for a test: every letter is a bar, as wide as the test says; variable ones grow with their weight."""

from __future__ import annotations

import io
from collections.abc import Sequence

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables.TupleVariation import TupleVariation

UPEM = 1000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def bar_font(
    family: str = "Bars",
    style: str = "Regular",
    *,
    weight: int = 400,
    bar: int = 500,
    letters: str = LETTERS,
    axes: Sequence[tuple[str, float, float, float]] = (),
    flavor: str | None = None,
) -> bytes:
    """A TrueType font whose letters are bars `bar` units wide and 700 high, in advances of 1,000 of 1,000 units.

    With `axes`, the bar is 100 units wide at the least value of the first one, `bar` at its default, 900 at its most.
    """
    names = [".notdef", *(f"u{ord(each):04X}" for each in letters)]
    builder = FontBuilder(UPEM, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(each): f"u{ord(each):04X}" for each in letters})
    builder.setupGlyf({name: _bar(0 if name == ".notdef" else bar) for name in names})
    builder.setupHorizontalMetrics({name: (1000, 0) for name in names})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": style, "psName": f"{family}-{style}".replace(" ", "")})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWeightClass=weight)
    builder.setupPost()
    if axes:
        builder.setupFvar([(tag, low, middle, high, tag) for tag, low, middle, high in axes], [])
        tag = axes[0][0]
        # The points of a bar: bottom left, top left, top right, bottom right; then four phantom points.
        deltas = {
            side: [(0, 0), (0, 0), (width - bar, 0), (width - bar, 0), *[(0, 0)] * 4]
            for side, width in (("light", 100), ("heavy", 900))
        }
        varied = [
            TupleVariation({tag: (-1.0, -1.0, 0.0)}, deltas["light"]),
            TupleVariation({tag: (0.0, 1.0, 1.0)}, deltas["heavy"]),
        ]
        builder.setupGvar({name: [] if name == ".notdef" else varied for name in names})
    builder.font.flavor = flavor
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


def _bar(width: int) -> object:
    pen = TTGlyphPen(None)
    if width:
        pen.moveTo((0, 0))
        for point in ((0, 700), (width, 700), (width, 0)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()
