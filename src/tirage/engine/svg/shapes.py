"""Basic shapes, paths and transforms of a drawing → the shapes of the display list."""

from __future__ import annotations

import math
import re
from typing import Any

from fontTools.misc.bezierTools import calcCubicBounds, calcQuadraticBounds
from pydantic_core import PydanticCustomError

from tirage.engine.scene import Box, Ellipse, Outline, Shape
from tirage.engine.svg.style import local_name
from tirage.engine.svg.viewport import length, numbers
from tirage.engine.values.outline import Command, parse_path
from tirage.engine.values.transform import IDENTITY, Affine, Rect, rotation, scaling, translation

_TRANSFORM = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")
# Possessive: a row of digits must not be tried in every partition into numbers.
_LIST = re.compile(r"[\s,]*+(?:[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?[\s,]*+)*+")


class NotExact(Exception):
    """Paths would not look exactly as the drawing does; it has to be rasterised."""


def transform_of(text: str | None) -> Affine:
    """A `transform` attribute (SVG 1.1, 7.6). Raises NotExact for what only CSS transforms have."""
    result, position = IDENTITY, 0
    text = (text or "").strip()
    while position < len(text):
        found = _TRANSFORM.match(text, position)
        if found is None or not _LIST.fullmatch(found[2]):
            raise NotExact
        result = _step(found[1], numbers(found[2])).then(result)
        position = found.end()
    return result


def _step(name: str, values: list[float]) -> Affine:
    match name, values:
        case "matrix", [a, b, c, d, e, f]:
            return Affine(a, b, c, d, e, f)
        case "translate", [x]:
            return translation(x, 0)
        case "translate", [x, y]:
            return translation(x, y)
        case "scale", [both]:
            return scaling(both, both)
        case "scale", [x, y]:
            return scaling(x, y)
        case "rotate", [angle]:
            return rotation(angle)
        case "rotate", [angle, x, y]:
            return translation(-x, -y).then(rotation(angle)).then(translation(x, y))
        case "skewX", [angle]:
            return Affine(c=math.tan(math.radians(angle)))
        case "skewY", [angle]:
            return Affine(b=math.tan(math.radians(angle)))
    raise NotExact


def shape_of(element: Any, view: Rect, *, even_odd: bool, as_path: bool = False) -> Shape | None:
    """The shape of an element, or None where nothing is drawn.

    `as_path` asks for an outline that starts where SVG says, which dashes need. Raises NotExact.
    """
    name = local_name(element)
    if name == "path":
        return _outline(element.get("d") or "", even_odd=even_odd)
    if name in ("polygon", "polyline"):
        points = numbers(element.get("points") or "")
        pairs = list(zip(points[::2], points[1::2], strict=False))
        if not _LIST.fullmatch(element.get("points") or "") or len(points) % 2:
            raise NotExact
        if len(pairs) < 2:
            return None
        lines: list[Command] = [("M", pairs[0]), *(("L", pair) for pair in pairs[1:])]
        return Outline((*lines, ("Z", ())) if name == "polygon" else tuple(lines), even_odd)

    def measure(key: str, initial: float = 0.0) -> float:
        if element.get(key) is None:
            return initial
        diagonal = math.hypot(view.width, view.height) / math.sqrt(2)
        reference = view.width if key in ("x", "x1", "x2", "cx", "rx", "width") else view.height
        value = length(element.get(key), diagonal if key == "r" else reference)
        if value is None:
            raise NotExact
        return value

    if name == "line":
        start, end = (measure("x1"), measure("y1")), (measure("x2"), measure("y2"))
        return Outline((("M", start), ("L", end)))
    if name in ("circle", "ellipse"):
        rx, ry = (measure("r"), measure("r")) if name == "circle" else (measure("rx", -1), measure("ry", -1))
        rx, ry = (ry if rx < 0 else rx), (rx if ry < 0 else ry)
        if rx <= 0 or ry <= 0:
            return None
        return _ellipse(measure("cx"), measure("cy"), rx, ry, as_path=as_path)
    rect = Rect(measure("x"), measure("y"), measure("width"), measure("height"))
    if rect.width <= 0 or rect.height <= 0:
        return None
    rx, ry = measure("rx", -1), measure("ry", -1)
    rx, ry = (max(0.0, ry) if rx < 0 else rx), (max(0.0, rx) if ry < 0 else ry)
    return _rectangle(rect, min(rx, rect.width / 2), min(ry, rect.height / 2), as_path=as_path)


def _outline(text: str, *, even_odd: bool) -> Outline | None:
    if not text.strip() or text.strip() == "none":
        return None
    try:
        return Outline(parse_path(text), even_odd)
    except PydanticCustomError:
        # Wrong data are drawn up to the mistake, which is the rasteriser's business.
        raise NotExact from None


def _ellipse(x: float, y: float, rx: float, ry: float, *, as_path: bool) -> Shape | None:
    if not as_path:
        return Ellipse(Rect(x - rx, y - ry, 2 * rx, 2 * ry))
    arcs = f"M{x + rx} {y}A{rx} {ry} 0 0 1 {x} {y + ry}A{rx} {ry} 0 0 1 {x - rx} {y}"
    return _outline(f"{arcs}A{rx} {ry} 0 0 1 {x} {y - ry}A{rx} {ry} 0 0 1 {x + rx} {y}Z", even_odd=False)


def _rectangle(rect: Rect, rx: float, ry: float, *, as_path: bool) -> Shape | None:
    x, y, right, bottom = rect.x, rect.y, rect.right, rect.bottom
    if not as_path:
        return Box(rect, ((rx, ry),) * 4 if rx and ry else ())
    if not (rx and ry):
        return _outline(f"M{x} {y}L{right} {y}L{right} {bottom}L{x} {bottom}Z", even_odd=False)
    turn = f"A{rx} {ry} 0 0 1"
    return _outline(
        f"M{x + rx} {y}L{right - rx} {y}{turn} {right} {y + ry}L{right} {bottom - ry}{turn} {right - rx} {bottom}"
        f"L{x + rx} {bottom}{turn} {x} {bottom - ry}L{x} {y + ry}{turn} {x + rx} {y}Z",
        even_odd=False,
    )


def bounds(shape: Shape) -> Rect:
    """The exact bounds of a shape, without its stroke."""
    if not isinstance(shape, Outline):
        return shape.rect
    boxes: list[tuple[float, float, float, float]] = []
    here = (0.0, 0.0)
    for verb, values in shape.commands:
        if verb == "Z":
            continue
        points = list(zip(values[::2], values[1::2], strict=True))
        if verb == "C":
            boxes.append(calcCubicBounds(here, *points))
        elif verb == "Q":
            boxes.append(calcQuadraticBounds(here, *points))
        else:
            boxes.append((*points[0], *points[0]))
        here = points[-1]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return Rect(left, top, max(box[2] for box in boxes) - left, max(box[3] for box in boxes) - top)


def transformed(shape: Shape, by: Affine) -> Shape:
    """The shape after a transform. Raises NotExact for boxes and ellipses that would be turned."""
    if by.is_identity:
        return shape
    if isinstance(shape, Outline):
        return Outline(tuple((verb, _moved(values, by)) for verb, values in shape.commands), shape.even_odd)
    if by.b or by.c or by.a <= 0 or by.d <= 0:
        raise NotExact
    if isinstance(shape, Box):
        return Box(shape.rect.bounds(by), tuple((x * by.a, y * by.d) for x, y in shape.radii))
    return Ellipse(shape.rect.bounds(by))


def _moved(values: tuple[float, ...], by: Affine) -> tuple[float, ...]:
    pairs = zip(values[::2], values[1::2], strict=True)
    return tuple(number for x, y in pairs for number in by.apply(x, y))
