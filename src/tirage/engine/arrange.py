"""Sizes of children and the room of their group → a place for each, after CSS flexbox and grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tirage.engine.values.transform import Rect

Layout = Literal["none", "row", "column", "grid"]
Align = Literal["start", "center", "end", "stretch"]
Justify = Literal["start", "center", "end", "space-between", "space-around", "space-evenly"]


@dataclass(frozen=True, slots=True)
class Item:
    """A child: its size in px, and which sides take what room is left (`fill`) or follow content (`soft`)."""

    width: float
    height: float
    fill_width: bool = False
    fill_height: bool = False
    soft_width: bool = False
    soft_height: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """How children follow each other; lengths in px."""

    layout: Layout
    gap: float = 0.0
    cross_gap: float = 0.0
    align: Align = "start"
    justify: Justify = "start"
    wrap: bool = False
    columns: int = 2
    mirrored: bool = False
    """Whether rows run from right to left."""


def arrange(items: Sequence[Item], width: float, height: float, flow: Flow) -> list[Rect]:
    """The boxes of the items, in their order, within `width` × `height` px."""
    if flow.layout == "grid":
        places = _grid(items, width, flow)
    else:
        upright = flow.layout == "column"
        turned = [_turned(each) for each in items] if upright else list(items)
        main, cross = (height, width) if upright else (width, height)
        places = _lines(turned, main, cross, flow)
        if upright:
            places = [Rect(each.y, each.x, each.height, each.width) for each in places]
    if flow.mirrored:
        places = [Rect(width - each.x - each.width, each.y, each.width, each.height) for each in places]
    return places


def content_size(items: Sequence[Item], flow: Flow, width: float | None = None) -> tuple[float, float]:
    """How much room the items take side by side; with a `width` they wrap or share it."""
    if not items:
        return 0.0, 0.0
    if flow.layout == "grid" or (flow.layout == "row" and flow.wrap and width is not None):
        first = items[: flow.columns]
        broad = sum(each.width for each in first) + flow.gap * (len(first) - 1) if width is None else width
        places = arrange(items, broad, 0.0, replace(flow, align="start", justify="start", mirrored=False))
        return max(each.right for each in places), max(each.bottom for each in places)
    total = flow.gap * (len(items) - 1)
    if flow.layout == "column":
        return max(each.width for each in items), sum(each.height for each in items) + total
    return sum(each.width for each in items) + total, max(each.height for each in items)


def _turned(item: Item) -> Item:
    return Item(item.height, item.width, item.fill_height, item.fill_width, item.soft_height, item.soft_width)


def _lines(items: Sequence[Item], main: float, cross: float, flow: Flow) -> list[Rect]:
    """Along the main axis, in one line or in as many as wrapping asks for (CSS Flexible Box 1, 9)."""
    lines: list[list[Item]] = [[]]
    for item in items:
        taken = sum(each.width for each in lines[-1]) + flow.gap * len(lines[-1])
        if flow.wrap and lines[-1] and taken + item.width > main + 1e-6:
            lines.append([])
        lines[-1].append(item)
    places: list[Rect] = []
    top = 0.0
    for line in lines:
        # A single line is as high as the box, so that `align` has room to act; several are as high as what they hold.
        deep = cross if len(lines) == 1 else max((each.height for each in line), default=0.0)
        places += _line(line, main, top, deep, flow)
        top += deep + flow.cross_gap
    return places


def _line(line: Sequence[Item], main: float, top: float, deep: float, flow: Flow) -> list[Rect]:
    free = main - sum(each.width for each in line if not each.fill_width) - flow.gap * (len(line) - 1)
    takers = sum(each.fill_width for each in line)
    share = max(0.0, free / takers) if takers else 0.0
    start, between = (0.0, flow.gap) if takers else _justified(flow, free, len(line))
    places = []
    at = start
    for item in line:
        wide = share if item.fill_width else item.width
        tall = deep if item.fill_height or (flow.align == "stretch" and item.soft_height) else item.height
        offset = {"start": 0.0, "stretch": 0.0, "center": 0.5, "end": 1.0}[flow.align] * (deep - tall)
        places.append(Rect(at, top + offset, wide, tall))
        at += wide + between
    return places


def _justified(flow: Flow, free: float, count: int) -> tuple[float, float]:
    """Where a line begins, and the room between its items (CSS Box Alignment 3, 4.3)."""
    match flow.justify:
        case "center":
            return free / 2, flow.gap
        case "end":
            return free, flow.gap
        case "space-between" if count > 1 and free > 0:
            return 0.0, flow.gap + free / (count - 1)
        case "space-around" if free > 0:
            return free / count / 2, flow.gap + free / count
        case "space-evenly" if free > 0:
            return free / (count + 1), flow.gap + free / (count + 1)
    return 0.0, flow.gap


def _grid(items: Sequence[Item], width: float, flow: Flow) -> list[Rect]:
    """Equal columns; every row is as high as its highest item."""
    columns = max(1, flow.columns)
    wide = max(0.0, (width - flow.gap * (columns - 1)) / columns)
    places: list[Rect] = []
    top = 0.0
    for first in range(0, len(items), columns):
        row = items[first : first + columns]
        deep = max(each.height for each in row)
        for column, item in enumerate(row):
            own = wide if item.fill_width or flow.align == "stretch" else min(item.width, wide)
            tall = deep if item.fill_height or (flow.align == "stretch" and item.soft_height) else item.height
            across = {"center": 0.5, "end": 1.0, "space-around": 0.5, "space-evenly": 0.5}.get(flow.justify, 0.0)
            down = {"center": 0.5, "end": 1.0}.get(flow.align, 0.0)
            places.append(
                Rect(column * (wide + flow.gap) + across * (wide - own), top + down * (deep - tall), own, tall)
            )
        top += deep + flow.cross_gap
    return places
