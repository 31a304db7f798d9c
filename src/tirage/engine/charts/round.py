"""Pies, donuts and radar charts."""

from __future__ import annotations

import math

from tirage.engine.charts.axes import bounds
from tirage.engine.charts.style import Chart, rules, shape
from tirage.engine.charts.ticks import nice_ticks
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.arcs import point, sector
from tirage.engine.scene import Node, Outline, Path, Solid, Stroke
from tirage.engine.values.outline import circle, polygon
from tirage.engine.values.transform import Rect


def pie(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """Slices clockwise from the top, thin lines of the ground between them; shares inside where they have room."""
    values = [max(0.0, each or 0.0) for each in chart.series[0]]
    if any((each or 0) < 0 for each in chart.series[0]):
        ctx.warn("chart_value_ignored", "A pie has no negative slices; they are left out.", key="chartDataValues")
    total = sum(values)
    if total <= 0:
        ctx.warn("chart_empty", "There is nothing to be divided into slices.", key="chartDataValues")
        return []
    radius = min(area.width, area.height) / 2
    x, y = area.x + area.width / 2, area.y + area.height / 2
    inner = radius * chart.inner_radius if chart.kind == "donut" else 0.0
    gap = 0.0 if sum(each > 0 for each in values) < 2 else max(1.0, radius * 0.012)
    nodes: list[Node] = []
    start = 0.0
    write = chart.numbers.writer([] if chart.shares else values, differ=0.5)
    for index, value in enumerate(values):
        share = value / total
        if share <= 0:
            continue
        trim = gap / 2 / (math.tau * radius)
        a, b = (start + trim, start + share - trim) if share > 3 * trim else (start, start + share)
        color = chart.color(index)
        nodes.append(shape(sector(x, y, inner, radius, a, b), color))
        if chart.show_values:
            label = chart.label(ctx, write(share if chart.shares else value), color=chart.on(color))
            middle = (inner + radius) / 2 if inner else radius * 0.65
            room = min(math.tau * middle * share, (radius - inner) if inner else radius * 0.7)
            if max(label.width, label.height) * 1.1 <= room or share > 0.5:
                cx, cy = point(x, y, middle, start + share / 2)
                nodes.append(label.at(cx - label.width / 2, cy - label.height / 2))
        start += share
    return nodes


def radar(ctx: LowerContext, chart: Chart, area: Rect) -> list[Node]:
    """A polygon for each series over rings; labels around."""
    count = chart.count
    if count < 3:
        ctx.warn("chart_empty", "A radar chart needs three values at least.", key="chartDataValues")
        return []
    most = area.width * 0.3
    names = [chart.label(ctx, each) for each in chart.labels[:count]]
    names = [
        each if each.width <= most else chart.label(ctx, text, width=most, lines=2)
        for each, text in zip(names, chart.labels, strict=False)
    ]
    gap = chart.size * 0.6
    turns = [(math.sin(index / count * math.tau), math.cos(index / count * math.tau)) for index in range(count)]
    # As large as the labels around it allow, each of which begins `gap` px beyond its corner.
    radius = min(area.width, area.height) / 2
    for label, (side, up) in zip(names, turns, strict=False):
        if abs(side) > 0.05:
            radius = min(radius, (area.width / 2 - label.width / 2 * (1 + abs(side))) / abs(side) - gap)
        if abs(up) > 0.05:
            radius = min(radius, (area.height / 2 - label.height / 2 * (1 + abs(up))) / abs(up) - gap)
    radius = max(1.0, radius)
    x, y = area.x + area.width / 2, area.y + area.height / 2
    low, high = bounds(chart)
    low = min(0.0, low)
    ticks = nice_ticks(low, high, max(2, min(5, int(radius / (chart.size * 2)))))
    low, high = ticks[0], ticks[-1]

    def corner(index: int, value: float) -> tuple[float, float]:
        return point(x, y, radius * (value - low) / (high - low), index / count)

    nodes: list[Node] = []
    if chart.show_grid:
        for tick in ticks[1:]:
            ring = polygon(tuple(corner(index, tick) for index in range(count)))
            nodes.append(Path(Outline(ring), stroke=Stroke(Solid(chart.grid_color), 1.0)))
        nodes += rules([(x, y, *corner(index, high)) for index in range(count)], chart.grid_color, 1.0)
    for number, row in enumerate(chart.series):
        points = tuple(corner(index, row[index] or 0.0 if index < len(row) else 0.0) for index in range(count))
        color = chart.color(number)
        nodes.append(shape(polygon(points), color.with_alpha(0.18)))
        nodes.append(Path(Outline(polygon(points)), stroke=Stroke(Solid(color), chart.line_width, join="round")))
        nodes += [shape(circle(*each, chart.line_width * 1.2), color) for each in points]
    free: list[Rect] = []
    for label, (side, up) in zip(names, turns, strict=False):
        left = x + (radius + gap) * side - label.width / 2 * (1 - (side if abs(side) > 0.05 else 0))
        place = Rect(left, y - (radius + gap) * up - label.height / 2 * (1 + up), label.width, label.height)
        if not any(_overlap(place, other) for other in free):
            free.append(place)
            nodes.append(label.at(place.x, place.y))
    return nodes


def _overlap(one: Rect, other: Rect) -> bool:
    across = min(one.right, other.right) - max(one.x, other.x)
    return across > 0 and min(one.bottom, other.bottom) - max(one.y, other.y) > 0
