"""Bars, lines and areas over two axes."""

from __future__ import annotations

import math
from itertools import groupby, pairwise

from tirage.engine.charts.axes import Axes, axes
from tirage.engine.charts.style import Chart, shape
from tirage.engine.label import Label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node, Outline, Path, Solid, Stroke
from tirage.engine.values.outline import Command, circle, rectangle
from tirage.engine.values.transform import Rect

Point = tuple[float, float]


def bars(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """Bars beside or on top of each other, upright or lying."""
    written = _written(ctx, chart)
    upright, gap = chart.kind == "bar", chart.size * 0.25
    tags = [
        (value, math.copysign((label.height if upright else label.width) + gap, value))
        for (number, index), label in written.items()
        if (value := chart.series[number][index]) is not None and not chart.stacked
    ]
    frame = axes(ctx, chart, area, tags, upright=upright)
    groups = 1 if chart.stacked else max(1, len(chart.series))
    inside = min(frame.band * 0.7, chart.size * 9 * groups)
    wide = inside / groups
    thick = wide if groups == 1 else wide * 0.9
    room = frame.band if groups == 1 else wide
    labels: list[Node] = []
    drawn: list[list[Command]] = [[] for _ in chart.series]
    for index in range(chart.count):
        ends = {True: 0.0, False: 0.0}
        for number, row in enumerate(chart.series):
            value = row[index] if index < len(row) else None
            if value is None:
                continue
            start = ends[value >= 0] if chart.stacked else 0.0
            ends[value >= 0] = start + value
            middle = frame.place(index) - inside / 2 + wide * ((0 if chart.stacked else number) + 0.5)
            last = not chart.stacked or not any(
                (later[index] or 0) * (1 if value >= 0 else -1) > 0
                for later in chart.series[number + 1 :]
                if index < len(later)
            )
            a, b = (frame.along(max(frame.low, min(frame.high, each))) for each in (start, start + value))
            drawn[number] += _bar(frame, middle, thick, a, b, chart.bar_radius if last else 0.0)
            label = written.get((number, index))
            if label is None:
                continue
            if chart.stacked:
                labels += _inside(frame, label, middle, thick, a, b)
            elif (label.width if upright else label.height) <= room:
                labels.append(_beyond(frame, label, middle, b, gap, low=value < 0))
    # A series is one path: bars of one colour cost little more than one bar.
    filled = [shape(tuple(each), chart.color(number)) for number, each in enumerate(drawn) if each]
    return [*frame.nodes, *filled, *labels]


def _written(ctx: LowerContext, chart: Chart) -> dict[tuple[int, int], Label]:
    """The values as labels, by series and place."""
    if not chart.show_values:
        return {}
    write = chart.numbers.writer([each for row in chart.series for each in row if each is not None], differ=0.5)
    return {
        (number, index): chart.label(
            ctx, write(value), color=chart.on(chart.color(number)) if chart.stacked and chart.kind != "area" else None
        )
        for number, row in enumerate(chart.series)
        for index, value in enumerate(row)
        if value is not None
    }


def _inside(frame: Axes, label: Label, middle: float, thick: float, a: float, b: float) -> list[Node]:
    """In the middle of a part of a stack, where it has room."""
    across, along = (label.width, label.height) if frame.upright else (label.height, label.width)
    if across > thick or along > abs(b - a):
        return []
    x, y = (middle, (a + b) / 2) if frame.upright else ((a + b) / 2, middle)
    return [label.at(x - label.width / 2, y - label.height / 2)]


def _beyond(frame: Axes, label: Label, middle: float, end: float, gap: float, *, low: bool) -> Node:
    """Beyond the end of a bar, which lies at `end`."""
    if frame.upright:
        return label.at(middle - label.width / 2, end + gap / 2 if low else end - label.height - gap / 2)
    return label.at(end - label.width - gap if low else end + gap, middle - label.height / 2)


def _bar(frame: Axes, middle: float, thick: float, a: float, b: float, radius: float) -> tuple[Command, ...]:
    """From `a` to `b`, round at `b` only."""
    low, high = middle - thick / 2, middle + thick / 2
    radius = min(radius, thick / 2, abs(b - a))
    sign = 1.0 if b >= a else -1.0
    if radius <= 0.01:
        left, right = (low, high) if frame.upright else (min(a, b), max(a, b))
        top, bottom = (min(a, b), max(a, b)) if frame.upright else (low, high)
        return rectangle(left, top, right, bottom)
    k = radius * 0.4477152501692064
    path: list[tuple[str, tuple[Point, ...]]] = [
        ("M", ((low, a),)),
        ("L", ((low, b - sign * radius),)),
        ("C", ((low, b - sign * k), (low + k, b), (low + radius, b))),
        ("L", ((high - radius, b),)),
        ("C", ((high - k, b), (high, b - sign * k), (high, b - sign * radius))),
        ("L", ((high, a),)),
    ]
    turn = (lambda each: each) if frame.upright else (lambda each: (each[1], each[0]))
    return (*((verb, tuple(part for each in points for part in turn(each))) for verb, points in path), ("Z", ()))


def lines(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """Lines, and areas under them; a missing value is a gap."""
    written = _written(ctx, chart)
    rise = chart.line_width * 1.6
    base = [0.0] * chart.count
    tags = []
    for (number, index), label in written.items():
        base[index] = (base[index] if chart.stacked else 0.0) + (chart.series[number][index] or 0.0)
        tags.append((base[index], label.height + rise))
    frame = axes(ctx, chart, area, tags)
    nodes: list[Node] = list(frame.nodes)
    labels: list[Node] = []
    taken: list[list[float]] = [[] for _ in range(chart.count)]
    base = [0.0] * chart.count
    for number, row in enumerate(chart.series):
        color = chart.color(number)
        floor = list(base)
        tops: list[float | None] = []
        for index, value in enumerate(row):
            if chart.stacked:  # where one adds nothing, those above it go on
                base[index] += value or 0.0
                value = base[index]
            tops.append(value)
        places = [(frame.place(index), index) for index in range(len(row))]
        for present, run in groupby(places, key=lambda each: tops[each[1]] is not None):
            if not present:
                continue
            listed = list(run)
            points = [(x, frame.along(tops[index] or 0.0)) for x, index in listed]
            upper = _curve(points, chart.smooth)
            if chart.kind == "area":
                below = [
                    (x, frame.along(floor[index] if chart.stacked else max(0.0, frame.low)))
                    for x, index in reversed(listed)
                ]
                back = _curve(below, chart.smooth and chart.stacked)
                nodes.append(
                    shape(
                        (*upper, ("L", below[0]), *back[1:], ("Z", ())),
                        color.with_alpha(0.85 if chart.stacked else 0.22),
                    )
                )
            if len(points) > 1:
                nodes.append(
                    Path(Outline(upper), stroke=Stroke(Solid(color), chart.line_width, cap="round", join="round"))
                )
            if chart.markers or len(points) == 1:
                for x, y in points:
                    nodes.append(shape(circle(x, y, chart.line_width * 1.4), color))
            for (x, y), (_, index) in zip(points, listed, strict=True):
                above = written.get((number, index))
                if above is not None and above.width <= frame.band:
                    labels += _near(above, x, y, rise, frame, taken[index])
    return nodes + labels


def _near(label: Label, x: float, y: float, rise: float, frame: Axes, taken: list[float]) -> list[Node]:
    """Above a point, else below it, else nowhere: those of the other series at the place begin at `taken`."""
    for top in (y - label.height - rise, y + rise):
        if top + label.height <= frame.plot.bottom and all(abs(top - other) >= label.height * 0.9 for other in taken):
            taken.append(top)
            return [label.at(x - label.width / 2, top)]
    return []


def sparkline(chart: Chart, area: Rect) -> list[Node]:
    """A line without anything around, its last point marked."""
    found = [each for row in chart.series for each in row if each is not None]
    low, high = min(found), max(found)
    inset = chart.line_width * 2
    nodes: list[Node] = []
    for number, row in enumerate(chart.series):
        step = (area.width - 2 * inset) / max(1, len(row) - 1)
        span = (high - low) or 1.0
        points = [
            (area.x + inset + index * step, area.bottom - inset - (value - low) / span * (area.height - 2 * inset))
            for index, value in enumerate(row)
            if value is not None
        ]
        if len(points) > 1:
            commands = _curve(points, chart.smooth)
            nodes.append(
                Path(
                    Outline(commands),
                    stroke=Stroke(Solid(chart.color(number)), chart.line_width, cap="round", join="round"),
                )
            )
        if points:
            nodes.append(shape(circle(*points[-1], chart.line_width * 1.6), chart.color(number)))
    return nodes


def _curve(points: list[Point], smooth: bool) -> tuple[Command, ...]:
    """Through the points: straight, or a curve that never rises above its neighbours (Fritsch and Carlson, 1980)."""
    head, *rest = points
    if not smooth or len(points) < 3:
        return (("M", head), *(("L", each) for each in rest))
    slopes = [(b[1] - a[1]) / ((b[0] - a[0]) or 1.0) for a, b in zip(points, rest, strict=False)]
    tangents = [
        slopes[0],
        *(0.0 if a * b <= 0 else 2 * a * b / (a + b) for a, b in pairwise(slopes)),
        slopes[-1],
    ]
    commands: list[Command] = [("M", head)]
    for index, (a, b) in enumerate(zip(points, rest, strict=False)):
        third = (b[0] - a[0]) / 3
        commands.append(
            ("C", (a[0] + third, a[1] + third * tangents[index], b[0] - third, b[1] - third * tangents[index + 1], *b))
        )
    return tuple(commands)
