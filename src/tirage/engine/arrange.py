"""Sizes of children and the room of their group → a place for each, after CSS flexbox and grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tirage.engine.values.transform import Rect

Layout = Literal["none", "row", "column", "grid"]
Align = Literal["start", "center", "end", "stretch", "baseline"]
Justify = Literal["start", "center", "end", "space-between", "space-around", "space-evenly"]
_PART = {"center": 0.5, "end": 1.0}


@dataclass(frozen=True, slots=True)
class Side:
    """A width or a height in px: whether it takes what room is left (`fill`) or follows content (`soft`)."""

    size: float
    fill: bool = False
    soft: bool = False
    weight: float = 1.0
    """Its share of the room left among those that fill."""
    least: float = 0.0
    most: float = math.inf

    def within(self, size: float) -> float:
        """A size within the bounds; the least one wins, as in CSS."""
        return max(self.least, min(self.most, size))


@dataclass(frozen=True, slots=True)
class Item:
    """A child: its sides, and how far below its top the first baseline lies (None: at its lower edge)."""

    width: Side
    height: Side
    baseline: float | None = None

    @property
    def above(self) -> float:
        """What lies above the baseline, px."""
        return self.height.size if self.baseline is None else self.baseline


@dataclass(frozen=True, slots=True)
class Track:
    """A column of a grid: so many px, a share of the room left (`fr`), or as wide as what is in it."""

    kind: Literal["px", "fr", "auto"]
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """How children follow each other; lengths in px."""

    layout: Layout
    gap: float = 0.0
    cross_gap: float = 0.0
    align: Align = "start"
    justify: Justify = "start"
    wrap: bool = False
    tracks: tuple[Track, ...] = field(default=(Track("fr", 1), Track("fr", 1)))
    """The columns of a grid."""
    mirrored: bool = False
    """Whether rows run from right to left."""


def arrange(items: Sequence[Item], width: float, height: float, flow: Flow) -> list[Rect]:
    """The boxes of the items, in their order, within `width` × `height` px."""
    if flow.layout == "grid":
        places = _grid(items, track_widths(flow, [each.width.size for each in items], width), flow)
    elif flow.layout == "column":
        turned = [Item(each.height, each.width) for each in items]
        places = [Rect(each.y, each.x, each.height, each.width) for each in _lines(turned, height, width, flow)]
    else:
        places = _lines(items, width, height, flow)
    if flow.mirrored:
        places = [Rect(width - each.x - each.width, each.y, each.width, each.height) for each in places]
    return places


def content_size(items: Sequence[Item], flow: Flow, width: float | None = None) -> tuple[float, float]:
    """How much room the items take side by side; with a `width` they wrap or share it."""
    if not items:
        return 0.0, 0.0
    total = flow.gap * (len(items) - 1)
    if flow.layout == "column":
        return max(each.width.size for each in items), sum(each.height.size for each in items) + total
    if flow.layout == "grid" or (flow.wrap and width is not None):
        tracks = track_widths(flow, [each.width.size for each in items], width)
        broad = width if width is not None else sum(tracks) + flow.gap * (len(tracks) - 1)
        align: Align = "baseline" if flow.align == "baseline" else "start"
        places = arrange(items, broad, 0.0, replace(flow, align=align, justify="start", mirrored=False))
        return max(each.right for each in places), max(each.bottom for each in places)
    return sum(each.width.size for each in items) + total, _depth(items, flow)


def shares(room: float, sides: Sequence[Side]) -> list[float]:
    """What each of the sides that fill gets of `room` px, within its bounds (CSS Flexible Box 1, 9.7)."""
    sizes = [0.0] * len(sides)
    open_ = list(range(len(sides)))
    while open_:
        weights = sum(sides[index].weight for index in open_)
        wanted = {index: max(0.0, room) * sides[index].weight / weights for index in open_}
        bounded = {index: sides[index].within(size) for index, size in wanted.items()}
        excess = sum(bounded.values()) - sum(wanted.values())
        # Those that broke a bound on the heavier side keep it, and the others share again.
        settled = [
            index
            for index in open_
            if abs(excess) < 1e-9 or (bounded[index] - wanted[index]) * math.copysign(1, excess) > 0
        ]
        for index in settled:
            sizes[index] = bounded[index]
            room -= bounded[index]
        open_ = [index for index in open_ if index not in settled]
    return sizes


def track_widths(flow: Flow, widths: Sequence[float], room: float | None) -> list[float]:
    """The columns of a grid in px; without a `room` those that share are as wide as their contents ask for."""
    count = len(flow.tracks)
    asked = [max(widths[column::count], default=0.0) for column in range(count)]
    sizes = [track.value if track.kind == "px" else each for track, each in zip(flow.tracks, asked, strict=True)]
    parts = sum(track.value for track in flow.tracks if track.kind == "fr")
    if parts <= 0:
        return sizes
    if room is None:
        share = max(each / track.value for track, each in zip(flow.tracks, asked, strict=True) if track.kind == "fr")
    else:
        taken = sum(size for track, size in zip(flow.tracks, sizes, strict=True) if track.kind != "fr")
        share = max(0.0, room - taken - flow.gap * (count - 1)) / parts
    return [share * track.value if track.kind == "fr" else size
            for track, size in zip(flow.tracks, sizes, strict=True)]  # fmt: skip


def _lines(items: Sequence[Item], main: float, cross: float, flow: Flow) -> list[Rect]:
    """Along the main axis, in one line or in as many as wrapping asks for (CSS Flexible Box 1, 9)."""
    lines: list[list[Item]] = [[]]
    taken = 0.0
    for item in items:
        if flow.wrap and lines[-1] and taken + item.width.size > main + 1e-6:
            lines.append([])
            taken = 0.0
        lines[-1].append(item)
        taken += item.width.size + flow.gap
    places: list[Rect] = []
    top = 0.0
    for line in lines:
        # A single line is as high as the box, so that `align` has room to act; several are as high as what they hold.
        deep = cross if len(lines) == 1 else _depth(line, flow)
        places += _line(line, main, top, deep, flow)
        top += deep + flow.cross_gap
    return places


def _depth(line: Sequence[Item], flow: Flow) -> float:
    """How high a line is: its highest item, or with common baselines what reaches highest above and below."""
    if flow.align == "baseline" and flow.layout != "column" and line:
        return max(each.above for each in line) + max(each.height.size - each.above for each in line)
    return max((each.height.size for each in line), default=0.0)


def _line(line: Sequence[Item], main: float, top: float, deep: float, flow: Flow) -> list[Rect]:
    takers = [each.width for each in line if each.width.fill]
    free = main - sum(each.width.size for each in line if not each.width.fill) - flow.gap * (len(line) - 1)
    given = iter(shares(free, takers))
    widths = [next(given) if each.width.fill else each.width.size for each in line]
    left = main - sum(widths) - flow.gap * (len(line) - 1)
    start, between = _justified(flow, left, len(line))
    above = max((each.above for each in line), default=0.0)
    places = []
    at = start
    for item, wide in zip(line, widths, strict=True):
        stretched = item.height.fill or (flow.align == "stretch" and item.height.soft)
        tall = item.height.within(deep) if stretched else item.height.size
        offset = _PART.get(flow.align, 0.0) * (deep - tall)
        if flow.align == "baseline" and flow.layout != "column" and not stretched:
            offset = above - item.above
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


def _grid(items: Sequence[Item], tracks: Sequence[float], flow: Flow) -> list[Rect]:
    """Cell by cell; every row is as high as its highest item."""
    across = {**_PART, "space-around": 0.5, "space-evenly": 0.5}.get(flow.justify, 0.0)
    lefts = [sum(tracks[:column]) + flow.gap * column for column in range(len(tracks))]
    places: list[Rect] = []
    top = 0.0
    for first in range(0, len(items), len(tracks)):
        row = items[first : first + len(tracks)]
        deep = _depth(row, flow)
        above = max(each.above for each in row)
        for item, wide, left in zip(row, tracks, lefts, strict=False):
            filled = item.width.fill or (flow.align == "stretch" and item.width.soft)
            own = item.width.within(wide) if filled else min(item.width.size, wide)
            stretched = item.height.fill or (flow.align == "stretch" and item.height.soft)
            tall = item.height.within(deep) if stretched else item.height.size
            down = above - item.above if flow.align == "baseline" else _PART.get(flow.align, 0.0) * (deep - tall)
            places.append(Rect(left + across * (wide - own), top + down, own, tall))
        top += deep + flow.cross_gap
    return places
