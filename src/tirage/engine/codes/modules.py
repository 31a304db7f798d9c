"""Dark and light modules → one outline, merged so that no seam shows between neighbours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.engine.values.outline import Command, circle, cornered, rectangle

ModuleShape = Literal["square", "rounded", "dots", "vertical", "horizontal"]
_RUN = re.compile(b"\x01+")
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
    across = [x + column * cell for column in range(modules.width + 1)]
    down = [y + row * tall for row in range(modules.height + 1)]
    return tuple(
        ("R", (across[left], down[top], across[right], down[bottom]))
        for left, top, right, bottom in rectangles(modules)
    )


def rectangles(modules: Modules) -> list[tuple[int, int, int, int]]:
    """The dark area as few rectangles (left, top, right, bottom): runs of rows, joined where the next row has them."""
    done: list[tuple[int, int, int, int]] = []
    above: dict[tuple[int, int], int] = {}
    for y, row in enumerate((*modules.rows, bytes(modules.width))):
        here = {run: above.pop(run, y) for run in runs(row)}
        done += [(top, left, right, y) for (left, right), top in above.items()]
        above = here
    return [(left, top, right, bottom) for top, left, right, bottom in sorted(done)]


def _each(modules: Modules) -> Iterator[tuple[int, int]]:
    for y, row in enumerate(modules.rows):
        for x, dark in enumerate(row):
            if dark:
                yield x, y


def runs(row: bytes) -> Iterator[tuple[int, int]]:
    """The stretches of dark modules in a row: (first, last + 1)."""
    return (found.span() for found in _RUN.finditer(row))


def _rounded(modules: Modules, x: float, y: float, cell: float, tall: float) -> Iterator[Command]:
    """Modules that flow into their neighbours: a corner is round where both sides that meet there are free."""
    for column, row in _each(modules):
        up, down = modules.dark(column, row - 1), modules.dark(column, row + 1)
        left, right = modules.dark(column - 1, row), modules.dark(column + 1, row)
        radius = min(cell, tall) / 2
        radii = tuple(0.0 if a or b else radius for a, b in ((up, left), (up, right), (down, right), (down, left)))
        near, top = x + column * cell, y + row * tall
        yield from cornered(near, top, near + cell, top + tall, radii)


def _bars(modules: Modules, x: float, y: float, cell: float, tall: float, *, upright: bool) -> Iterator[Command]:
    lines = [bytes(column) for column in zip(*modules.rows, strict=True)] if upright else list(modules.rows)
    gap = 0.07
    for number, line in enumerate(lines):
        for start, end in runs(line):
            if upright:
                left, right, top, bottom = number + gap, number + 1 - gap, float(start), float(end)
            else:
                left, right, top, bottom = float(start), float(end), number + gap, number + 1 - gap
            yield from rectangle(
                x + left * cell, y + top * tall, x + right * cell, y + bottom * tall, min(cell, tall) / 2
            )
