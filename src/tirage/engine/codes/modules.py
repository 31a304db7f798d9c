"""Dark and light modules → one outline, merged so that no seam shows between neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.engine.values.outline import Command

ModuleShape = Literal["square", "rounded", "dots", "vertical", "horizontal"]
_KAPPA = 0.5522847498307936
_DOT = 0.44
"""Radius of a dot in modules: what is left between two keeps them apart and still reads as dark."""


@dataclass(frozen=True, slots=True)
class Modules:
    """A symbol without its quiet zone: rows of bytes, 1 is dark."""

    rows: tuple[bytes, ...]

    @property
    def width(self) -> int:
        """Modules in a row."""
        return len(self.rows[0])

    @property
    def height(self) -> int:
        """Rows."""
        return len(self.rows)

    def dark(self, x: int, y: int) -> bool:
        """Whether the module is dark; all around the symbol is light."""
        return 0 <= y < len(self.rows) and 0 <= x < len(self.rows[y]) and self.rows[y][x] == 1

    def without(self, areas: Sequence[tuple[float, float, float, float]]) -> Modules:
        """The same with light modules wherever their middle lies in one of the areas (left, top, right, bottom)."""
        rows = [bytearray(row) for row in self.rows]
        for left, top, right, bottom in areas:
            for y in range(max(0, math.ceil(top - 0.5)), min(self.height, math.ceil(bottom - 0.5))):
                for x in range(max(0, math.ceil(left - 0.5)), min(self.width, math.ceil(right - 0.5))):
                    rows[y][x] = 0
        return Modules(tuple(bytes(row) for row in rows))

    def count(self) -> int:
        """How many are dark."""
        return sum(sum(row) for row in self.rows)


def outline(modules: Modules, x: float, y: float, cell: float, tall: float, shape: ModuleShape) -> tuple[Command, ...]:
    """The dark modules, each `cell` × `tall` px, from (x, y) on."""
    if shape == "dots":
        return tuple(
            command
            for column, row in _each(modules)
            for command in circle(x + (column + 0.5) * cell, y + (row + 0.5) * tall, _DOT * min(cell, tall))
        )
    if shape == "rounded":
        return tuple(_rounded(modules, x, y, cell, tall))
    if shape in ("vertical", "horizontal"):
        return tuple(_bars(modules, x, y, cell, tall, upright=shape == "vertical"))
    return tuple(
        command
        for left, top, right, bottom in rectangles(modules)
        for command in box(x + left * cell, y + top * tall, x + right * cell, y + bottom * tall)
    )


def rectangles(modules: Modules) -> list[tuple[int, int, int, int]]:
    """The dark area as few rectangles (left, top, right, bottom): runs of rows, joined where the next row has them."""
    done: list[tuple[int, int, int, int]] = []
    open_: dict[tuple[int, int], int] = {}
    for y, row in enumerate((*modules.rows, bytes(modules.width))):
        here = set(runs(row))
        for run in [each for each in open_ if each not in here]:
            done.append((run[0], open_.pop(run), run[1], y))
        for run in here:
            open_.setdefault(run, y)
    return sorted(done, key=lambda each: (each[1], each[0]))


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> tuple[Command, ...]:
    """A rectangle in px, clockwise; with a radius its corners are round."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    if radius <= 0:
        return (("M", (left, top)), ("L", (right, top)), ("L", (right, bottom)), ("L", (left, bottom)), ("Z", ()))
    return tuple(_cornered(left, top, right, bottom, (radius, radius, radius, radius)))


def circle(x: float, y: float, radius: float) -> tuple[Command, ...]:
    """A circle as four curves."""
    return box(x - radius, y - radius, x + radius, y + radius, radius)


def reverse(commands: Sequence[Command]) -> tuple[Command, ...]:
    """A closed contour of `box` turned the other way round, so that it cuts a hole."""
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


def _each(modules: Modules) -> Iterator[tuple[int, int]]:
    for y, row in enumerate(modules.rows):
        for x, dark in enumerate(row):
            if dark:
                yield x, y


def runs(row: bytes) -> Iterator[tuple[int, int]]:
    """The stretches of dark modules in a row: (first, last + 1)."""
    start = None
    for x, dark in enumerate((*row, 0)):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x
            start = None


def _rounded(modules: Modules, x: float, y: float, cell: float, tall: float) -> Iterator[Command]:
    """Modules that flow into their neighbours: a corner is round where both sides that meet there are free."""
    for column, row in _each(modules):
        up, down = modules.dark(column, row - 1), modules.dark(column, row + 1)
        left, right = modules.dark(column - 1, row), modules.dark(column + 1, row)
        radius = min(cell, tall) / 2
        radii = tuple(0.0 if a or b else radius for a, b in ((up, left), (up, right), (down, right), (down, left)))
        near, top = x + column * cell, y + row * tall
        yield from _cornered(near, top, near + cell, top + tall, radii)


def _bars(modules: Modules, x: float, y: float, cell: float, tall: float, *, upright: bool) -> Iterator[Command]:
    lines = [bytes(column) for column in zip(*modules.rows, strict=True)] if upright else list(modules.rows)
    gap = 0.07
    for number, line in enumerate(lines):
        for start, end in runs(line):
            if upright:
                left, right, top, bottom = number + gap, number + 1 - gap, float(start), float(end)
            else:
                left, right, top, bottom = float(start), float(end), number + gap, number + 1 - gap
            yield from box(x + left * cell, y + top * tall, x + right * cell, y + bottom * tall, min(cell, tall) / 2)


def _cornered(left: float, top: float, right: float, bottom: float, radii: Sequence[float]) -> Iterator[Command]:
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
