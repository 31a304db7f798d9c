"""Bars, lines and areas over two axes."""

from __future__ import annotations

from itertools import groupby, pairwise

from tirage.engine.charts.axes import Axes, axes
from tirage.engine.charts.style import Chart, shape
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node, Outline, Path, Solid, Stroke
from tirage.engine.values.outline import Command, circle, rectangle
from tirage.engine.values.transform import Rect

Point = tuple[float, float]


def bars(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """Bars beside or on top of each other, upright or lying."""
    frame = axes(ctx, chart, area, upright=chart.kind == "bar")
    groups = 1 if chart.stacked else max(1, len(chart.series))
    inside = min(frame.band * 0.7, chart.size * 9 * groups)
    wide = inside / groups
    thick = wide if groups == 1 else wide * 0.9
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
            a, b = (
                frame.along(max(frame.low, min(frame.high, start))),
                frame.along(max(frame.low, min(frame.high, start + value))),
            )
            drawn[number] += _bar(frame, middle, thick, a, b, chart.bar_radius if last else 0.0)
            if chart.show_values:
                labels += _value_label(ctx, chart, frame, value, middle, thick, a, b, number)
    # A series is one path: bars of one colour cost little more than one bar.
    filled = [shape(tuple(each), chart.color(number)) for number, each in enumerate(drawn) if each]
    return [*frame.nodes, *filled, *labels]


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


def _value_label(
    ctx: LowerContext,
    chart: Chart,
    frame: Axes,
    value: float,
    middle: float,
    thick: float,
    a: float,
    b: float,
    number: int,
) -> list[Node]:
    """The number beyond the bar's end, or inside its part of a stack; left out where it has no room."""
    inside = chart.stacked
    label = chart.label(ctx, chart.write(value), color=chart.on(chart.color(number)) if inside else None)
    gap = chart.size * 0.25
    if frame.upright:
        if label.width > max(thick, frame.band / max(1, 1 if inside else len(chart.series))) or (
            inside and label.height > abs(b - a)
        ):
            return []
        y = (a + b) / 2 - label.height / 2 if inside else (b - label.height - gap / 2 if value >= 0 else b + gap / 2)
        return [label.at(middle - label.width / 2, y)]
    if label.height > frame.band or (inside and label.width > abs(b - a)):
        return []
    x = (a + b) / 2 - label.width / 2 if inside else (b + gap if value >= 0 else b - label.width - gap)
    return [label.at(min(x, frame.plot.right - label.width + chart.size * 2), middle - label.height / 2)]


def lines(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """Lines, and areas under them; a missing value is a gap."""
    frame = axes(ctx, chart, area)
    nodes: list[Node] = list(frame.nodes)
    labels: list[Node] = []
    base = [0.0] * chart.count
    for number, row in enumerate(chart.series):
        color = chart.color(number)
        floor = list(base)
        tops: list[float | None] = []
        for index, value in enumerate(row):
            if value is not None and chart.stacked:
                base[index] += value
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
            if chart.show_values:
                for (x, y), (_, index) in zip(points, listed, strict=True):
                    label = chart.label(ctx, chart.write(row[index] or 0.0))
                    if label.width <= frame.band:
                        labels.append(
                            label.at(x - label.width / 2, max(area.y, y - label.height - chart.line_width * 1.6))
                        )
    return nodes + labels


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
