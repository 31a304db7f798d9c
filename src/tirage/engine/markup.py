"""Values of the display list → SVG markup: numbers, colours, matrices, shapes, gradient stops, links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from tirage.engine import brush
from tirage.engine.scene import Box, Ellipse, Outline, Shape
from tirage.engine.skia_loader import skia
from tirage.engine.values.color import Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.transform import Affine, Rect

_STEPS = 8
_LINK = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
# XML 1.0, 2.2: characters that no document may hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def filter_region(chain: str, extent: Rect) -> str:
    """A filter definition (id left open as `{id}`) of a chain of primitives, for what lies within `extent`."""
    # CSS filters work on sRGB values, SVG's own default is linear light.
    area = f'filterUnits="userSpaceOnUse" {box(extent.outset(1))}'
    return f'<filter id="{{id}}" {area} color-interpolation-filters="sRGB">{chain}</filter>'


def element(shape: Shape, attributes: str) -> str:
    """A shape as an element of the given attributes."""
    if isinstance(shape, Ellipse):
        rect = shape.rect
        rx, ry = rect.width / 2, rect.height / 2
        place = f'cx="{number(rect.x + rx)}" cy="{number(rect.y + ry)}" rx="{number(rx)}" ry="{number(ry)}"'
        return f"<ellipse {place} {attributes}/>"
    if isinstance(shape, Box) and len(set(shape.radii)) <= 1:
        rx, ry = shape.radii[0] if shape.radii else (0.0, 0.0)
        corner = f' rx="{number(rx)}" ry="{number(ry)}"' if rx and ry else ""
        return f"<rect {box(shape.rect)}{corner} {attributes}/>"
    if isinstance(shape, Outline):
        data = "".join(
            _rectangle(*operands) if verb == "R" else verb + numbers(operands) for verb, operands in shape.commands
        )
        rule = ' fill-rule="evenodd"' if shape.even_odd else ""
        return f'<path d="{data}"{rule} {attributes}/>'
    return f'<path d="{path_data(brush.path_of(shape))}" {attributes}/>'


def _rectangle(left: float, top: float, right: float, bottom: float) -> str:
    return f"M{numbers((left, top))}H{number(right)}V{number(bottom)}H{number(left)}Z"


def path_data(path: Any) -> str:
    """A skia.Path as path data."""
    verbs = skia.Path.Verb
    letters = {verbs.kMove_Verb: "M", verbs.kLine_Verb: "L", verbs.kQuad_Verb: "Q", verbs.kCubic_Verb: "C"}
    written: list[str] = []
    for verb, points in skia.Path.RawIter(path):
        if verb == verbs.kDone_Verb:
            break
        if verb == verbs.kClose_Verb:
            written.append("Z")
        elif verb == verbs.kConic_Verb:
            # Skia's circles are conics of the weight √½, a quarter each.
            quads = skia.Path.ConvertConicToQuads(points[0], points[1], points[2], 0.5**0.5, 2)
            for middle, end in zip(quads[1::2], quads[2::2], strict=True):
                written.append("Q" + numbers((middle.x(), middle.y(), end.x(), end.y())))
        else:
            moved = points if verb == verbs.kMove_Verb else points[1:]
            written.append(letters[verb] + numbers([part for point in moved for part in (point.x(), point.y())]))
    return "".join(written)


def stops(given: tuple[Stop, ...]) -> str:
    """Stops that look premultiplied when interpolated as SVG does, without (CSS Images 3, 3.4.2)."""
    made: list[Stop] = []
    for index, stop in enumerate(given):
        if index == 0:
            made.append(stop)
            continue
        before = given[index - 1]
        a, b = before.color.alpha, stop.color.alpha
        if a == b:
            made.append(stop)
            continue
        # Towards nothing a colour keeps its hue: that of the other end.
        start = _hue(before.color, stop.color) if a == 0 else before.color
        end = _hue(stop.color, before.color) if b == 0 else stop.color
        for step in range(_STEPS + 1):
            t = step / _STEPS
            alpha = a + (b - a) * t
            share = t if a == 0 or b == 0 else b * t / alpha
            parts = (
                first + (second - first) * share
                for first, second in zip(
                    (start.red, start.green, start.blue), (end.red, end.green, end.blue), strict=True
                )
            )
            red, green, blue = parts
            made.append(Stop(before.offset + (stop.offset - before.offset) * t, Color(red, green, blue, alpha)))
        if b == 0:
            made.append(stop)
    written = ""
    for stop in made:
        opacity = f' stop-opacity="{number(stop.color.alpha)}"' if stop.color.alpha < 1 else ""
        written += f'<stop offset="{number(stop.offset)}" stop-color="{opaque(stop.color)}"{opacity}/>'
    return written


def _hue(nothing: Color, other: Color) -> Color:
    return Color(other.red, other.green, other.blue, nothing.alpha)


def leads(url: str) -> bool:
    """Whether a URL's scheme is one that only leads somewhere: web, mail or telephone."""
    return _LINK.match(url) is not None


def linked(content: str, url: str) -> str:
    """The content as a link, where there is any and the URL leads somewhere."""
    return f"<a href={quoteattr(text(url))}>{content}</a>" if content and leads(url) else content


def opaque(color: Color) -> str:
    """The colour without its alpha, which SVG has in attributes of its own."""
    return Color(color.red, color.green, color.blue).css


def box(rect: Rect) -> str:
    """The attributes that place a rectangle."""
    return f'x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}" height="{number(rect.height)}"'


def matrix(affine: Affine) -> str:
    """A transform function."""
    parts = (f"{part:.6g}" for part in (affine.a, affine.b, affine.c, affine.d, affine.e, affine.f))
    return f"matrix({' '.join(parts)})"


def numbers(values: Iterable[float]) -> str:
    """Numbers with a space between."""
    return " ".join(map(number, values))


def number(value: float) -> str:
    """At most four decimals: a tenth of a thousandth of a px is beyond what any renderer shows."""
    written = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def text(content: str) -> str:
    """The text without the characters that XML cannot hold; not yet escaped."""
    return _FORBIDDEN.sub("", content)
