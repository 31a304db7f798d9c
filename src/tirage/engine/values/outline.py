"""Outlines: SVG path data and regular figures, lowered to absolute moves, lines, curves and closings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated

from fontTools.pens.basePen import BasePen
from fontTools.svgLib.path import parse_path as _parse_svg_path
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_PATH_CHARACTERS = 200_000
MAX_PATH_COMMANDS = 20_000
MAX_COORDINATE = 1e6
_KAPPA = 0.5522847498307936
"""The control distance at which a cubic curve comes nearest to a quarter of a circle."""

Command = tuple[str, tuple[float, ...]]
"""A verb of M (x, y), L (x, y), Q (x1, y1, x, y), C (x1, y1, x2, y2, x, y) or Z (), in absolute px.

R (left, top, right, bottom) is a whole rectangle, clockwise from its top left: codes have hundreds of them.
"""


class _Recorder(BasePen):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(None)
        self.commands: list[Command] = []

    def _add(self, verb: str, *points: tuple[float, float]) -> None:
        numbers = tuple(float(number) for point in points for number in point)
        if not all(math.isfinite(number) and abs(number) <= MAX_COORDINATE for number in numbers):
            raise PydanticCustomError("path_invalid", "a coordinate of the path is not finite or beyond ±1000000")
        if len(self.commands) >= MAX_PATH_COMMANDS:
            raise PydanticCustomError("path_invalid", "the path has more than 20000 commands")
        self.commands.append((verb, numbers))

    def _moveTo(self, pt: tuple[float, float]) -> None:
        self._add("M", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:
        self._add("L", pt)

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:
        self._add("C", pt1, pt2, pt3)

    def _qCurveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float]) -> None:
        self._add("Q", pt1, pt2)

    def _closePath(self) -> None:
        self._add("Z")

    def _endPath(self) -> None:
        """An open contour simply ends."""


@lru_cache(maxsize=512)
def parse_path(text: str) -> tuple[Command, ...]:
    """Read SVG path data (SVG 1.1, 8.3), arcs as cubic curves. Raises PydanticCustomError `path_invalid`."""
    if len(text) > MAX_PATH_CHARACTERS:
        raise PydanticCustomError("path_invalid", "the path data are longer than 200000 characters")
    pen = _Recorder()
    try:
        _parse_svg_path(text, pen)
    except PydanticCustomError:
        raise
    except Exception as error:
        raise PydanticCustomError("path_invalid", "this is not SVG path data, such as M0 0 L10 0 L10 10 Z") from error
    if not pen.commands:
        raise PydanticCustomError("path_invalid", "the path is empty")
    return tuple(pen.commands)


def _validate(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("path_invalid", "a path is SVG path data, such as M0 0 L10 0 L10 10 Z")
    parse_path(value)
    return value


PathData = Annotated[
    str, PlainValidator(_validate), WithJsonSchema({"type": "string", "maxLength": MAX_PATH_CHARACTERS})
]


def polygon(points: tuple[tuple[float, float], ...], *, close: bool = True) -> tuple[Command, ...]:
    """Straight lines through points in px."""
    head, *rest = points
    lines: list[Command] = [("M", head), *(("L", point) for point in rest)]
    return (*lines, ("Z", ())) if close else tuple(lines)


def regular_polygon(sides: int, width: float, height: float) -> tuple[Command, ...]:
    """A regular polygon inscribed in the ellipse of the box, one corner at the top."""
    return polygon(tuple(_on_ellipse(index / sides, width, height, 1.0) for index in range(sides)))


def star(points: int, inner: float, width: float, height: float) -> tuple[Command, ...]:
    """A star inscribed in the ellipse of the box, one tip at the top; `inner` is the inner radius as a fraction."""
    count = points * 2
    return polygon(
        tuple(_on_ellipse(index / count, width, height, inner if index % 2 else 1.0) for index in range(count))
    )


def _on_ellipse(turn: float, width: float, height: float, radius: float) -> tuple[float, float]:
    angle = turn * math.tau - math.pi / 2
    return width / 2 * (1 + radius * math.cos(angle)), height / 2 * (1 + radius * math.sin(angle))


def scaled(commands: tuple[Command, ...], x: float, y: float) -> tuple[Command, ...]:
    """The commands with x coordinates times `x` and y coordinates times `y`."""
    return tuple(
        (verb, tuple(number * (y if index % 2 else x) for index, number in enumerate(numbers)))
        for verb, numbers in commands
    )


def moved(commands: tuple[Command, ...], x: float, y: float) -> tuple[Command, ...]:
    """The commands with `x` and `y` added to their coordinates."""
    return tuple(
        (verb, tuple(number + (y if index % 2 else x) for index, number in enumerate(numbers)))
        for verb, numbers in commands
    )


def rectangle(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> tuple[Command, ...]:
    """A rectangle in px, clockwise; with a radius its corners are round."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    if radius <= 0:
        return (("M", (left, top)), ("L", (right, top)), ("L", (right, bottom)), ("L", (left, bottom)), ("Z", ()))
    return tuple(cornered(left, top, right, bottom, (radius, radius, radius, radius)))


def circle(x: float, y: float, radius: float) -> tuple[Command, ...]:
    """A circle as four curves."""
    return rectangle(x - radius, y - radius, x + radius, y + radius, radius)


def reverse(commands: Sequence[Command]) -> tuple[Command, ...]:
    """A closed contour of `rectangle` turned the other way round, so that it cuts a hole."""
    points: list[tuple[float, float]] = []
    controls: list[tuple[tuple[float, float], tuple[float, float]] | None] = []
    for verb, numbers in commands:
        if verb in ("M", "L"):
            points.append((numbers[0], numbers[1]))
            controls.append(None)
        elif verb == "C":
            points.append((numbers[4], numbers[5]))
            controls.append(((numbers[0], numbers[1]), (numbers[2], numbers[3])))
    turned: list[Command] = [("M", points[-1])]
    for index in range(len(points) - 1, 0, -1):
        control, target = controls[index], points[index - 1]
        turned.append(("L", target) if control is None else ("C", (*control[1], *control[0], *target)))
    return (*turned, ("Z", ()))


def cornered(left: float, top: float, right: float, bottom: float, radii: Sequence[float]) -> Iterator[Command]:
    """A rectangle with radii from the top left clockwise."""
    a, b, c, d = radii
    k = 1 - _KAPPA
    yield "M", (left + a, top)
    yield "L", (right - b, top)
    if b:
        yield "C", (right - b * k, top, right, top + b * k, right, top + b)
    yield "L", (right, bottom - c)
    if c:
        yield "C", (right, bottom - c * k, right - c * k, bottom, right - c, bottom)
    yield "L", (left + d, bottom)
    if d:
        yield "C", (left + d * k, bottom, left, bottom - d * k, left, bottom - d)
    yield "L", (left, top + a)
    if a:
        yield "C", (left, top + a * k, left + a * k, top, left + a, top)
    yield "Z", ()
