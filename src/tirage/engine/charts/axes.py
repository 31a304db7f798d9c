"""A chart with two axes: the room of the plot, ticks with labels, gridlines, and where values and places fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tirage.engine.charts.style import Chart, rules
from tirage.engine.charts.ticks import nice_ticks
from tirage.engine.label import Label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node
from tirage.engine.values.transform import Rect

Tag = tuple[float, float]
"""A value and the px that its label reaches beyond it, towards lower values where negative."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The plot's box, the range of values along it, and what is drawn under the series."""

    plot: Rect
    low: float
    high: float
    count: int
    upright: bool
    nodes: tuple[Node, ...] = ()

    def along(self, value: float) -> float:
        """Where a value lies: y where bars stand, x where they lie."""
        share = (value - self.low) / (self.high - self.low)
        return self.plot.bottom - share * self.plot.height if self.upright else self.plot.x + share * self.plot.width

    @property
    def band(self) -> float:
        """The room of one place, px."""
        return (self.plot.width if self.upright else self.plot.height) / max(1, self.count)

    def place(self, index: int) -> float:
        """The middle of a place on the other axis."""
        return (self.plot.x if self.upright else self.plot.y) + (index + 0.5) * self.band


def bounds(chart: Chart) -> tuple[float, float]:
    """The smallest and largest value that the axis must show; bars and areas stand on zero."""
    if chart.stacked:
        places = [[row[index] for row in chart.series if index < len(row)] for index in range(chart.count)]
        above = [sum(each for each in place if each and each > 0) for place in places]
        below = [sum(each for each in place if each and each < 0) for place in places]
        found = [*above, *below]
    else:
        found = [each for row in chart.series for each in row if each is not None]
    low, high = min(found, default=0.0), max(found, default=0.0)
    far = 0 < low < high * 0.6 or low * 0.6 < high < 0 or low == high
    if far or chart.kind in ("bar", "horizontalBar", "area"):
        low, high = min(low, 0.0), max(high, 0.0)
    return (low if chart.low is None else chart.low), (high if chart.high is None else chart.high)


def axes(ctx: LowerContext, chart: Chart, box: Rect, tags: Sequence[Tag] = (), *, upright: bool = True) -> Axes:
    """Lay the axes out in a box, with room for the tags beyond their values."""
    low, high = bounds(chart)
    across = box.height if upright else box.width
    room = chart.size * (3.2 if upright else 6)
    ticks = nice_ticks(low, high, max(2, min(8, int(across / room))))
    low, high = (ticks[0] if chart.low is None else low), (ticks[-1] if chart.high is None else high)
    if high <= low:
        high = low + 1
    ticks = tuple(each for each in ticks if low <= each <= high)
    if not chart.show_axes:
        foot, head = _reserved(tags, (low, high), across, 0.0)
        plot = (
            Rect(box.x, box.y + head, box.width, box.height - head - foot)
            if upright
            else Rect(box.x + foot, box.y, box.width - head - foot, box.height)
        )
        return Axes(plot, low, high, chart.count, upright)
    write = chart.numbers.writer(ticks, differ=1.0)
    values = [chart.label(ctx, write(each)) for each in ticks]
    lay_out = _upright if upright else _lying
    return lay_out(ctx, chart, box, tags, ticks, values, (low, high))


def _reserved(tags: Sequence[Tag], span: tuple[float, float], length: float, least: float) -> tuple[float, float]:
    """px at the low and at the high end of an axis of `length` px that tags need beyond the plot."""
    low, high = span
    foot, head = 0.0, least
    for _ in range(3):  # what one end takes moves the values at the other
        inner = max(1.0, length - foot - head)
        for value, reach in tags:
            share = (min(max(value, low), high) - low) / (high - low)
            if reach > 0:
                head = max(head, reach - (1 - share) * inner)
            else:
                foot = max(foot, -reach - share * inner)
    return min(foot, length * 0.3), min(head, length * 0.3)


def _upright(
    ctx: LowerContext, chart: Chart, box: Rect, tags: Sequence[Tag], ticks: tuple[float, ...], values: list[Label],
    span: tuple[float, float],
) -> Axes:  # fmt: skip
    gap = chart.size * 0.5
    left = max((each.width for each in values), default=0.0) + gap
    half = max((each.height for each in values), default=0.0) / 2
    band = max(1.0, box.width - left) / max(1, chart.count)
    names, step = _names(ctx, chart, band)
    # Where only some places are named, the outer names are broader than their places.
    left = max(left, (names[0].width - band) / 2 if names else 0.0)
    right = max(0.0, (names[-1].width - band) / 2 - (chart.count - 1) % step * band if names else 0.0)
    below = max((each.height for each in names), default=0.0) + (gap if names else 0.0)
    foot, head = _reserved(tags, span, box.height - max(below, half), half)
    plot = Rect(
        box.x + left, box.y + head, max(1.0, box.width - left - right),
        max(1.0, box.height - head - max(below + foot, half)),
    )  # fmt: skip
    made = Axes(plot, *span, chart.count, True)
    nodes: list[Node] = _grid(chart, made, ticks)
    for value, label in zip(ticks, values, strict=True):
        nodes.append(label.at(plot.x - gap - label.width, made.along(value) - label.height / 2))
    for number, label in enumerate(names):
        nodes.append(label.at(made.place(number * step) - label.width / 2, plot.bottom + foot + gap))
    return replace(made, nodes=tuple(nodes))


def _lying(
    ctx: LowerContext, chart: Chart, box: Rect, tags: Sequence[Tag], ticks: tuple[float, ...], values: list[Label],
    span: tuple[float, float],
) -> Axes:  # fmt: skip
    gap = chart.size * 0.5
    most = box.width * 0.4
    names = [chart.label(ctx, each) for each in chart.labels]
    names = [
        each if each.width <= most else chart.label(ctx, text, width=most, lines=2)
        for each, text in zip(names, chart.labels, strict=True)
    ]
    if any(each.cut for each in names):
        ctx.warn("text_cut", "Labels of the chart are too long and were cut.", key="chartDataLabels")
    left = max((each.width for each in names), default=0.0) + (gap if names else 0.0)
    foot, head = _reserved(tags, span, box.width - left, values[-1].width / 2 if values else 0.0)
    below = max((each.height for each in values), default=0.0) + gap
    plot = Rect(box.x + left + foot, box.y, max(1.0, box.width - left - foot - head), max(1.0, box.height - below))
    made = Axes(plot, *span, chart.count, False)
    nodes: list[Node] = _grid(chart, made, ticks)
    for value, label in zip(ticks, values, strict=True):
        x = made.along(value)
        nodes.append(label.at(min(x - label.width / 2, box.right - label.width), plot.bottom + gap))
    step = max(1, -(-int(max((each.height for each in names), default=0.0)) // max(1, int(made.band))))
    for index in range(0, len(names), step):
        label = names[index]
        nodes.append(label.at(plot.x - foot - gap - label.width, made.place(index) - label.height / 2))
    return replace(made, nodes=tuple(nodes))


def _grid(chart: Chart, made: Axes, ticks: Sequence[float]) -> list[Node]:
    """Lines across the plot; that of zero is there always, and thicker."""
    plot = made.plot
    ends = {
        value: (plot.x, place, plot.right, place) if made.upright else (place, plot.y, place, plot.bottom)
        for value, place in ((each, made.along(each)) for each in ticks)
    }
    others = [line for value, line in ends.items() if value != 0 and chart.show_grid]
    zero = [line for value, line in ends.items() if value == 0]
    return [*rules(others, chart.grid_color, 1.0), *rules(zero, chart.grid_color, 1.5)]


def _names(ctx: LowerContext, chart: Chart, band: float) -> tuple[list[Label], int]:
    """Labels under the places: on one line, else on two, else every so many, at last cut; and the step between them."""
    if not any(chart.labels):
        return [], 1
    room = band * 0.94
    single = [chart.label(ctx, each) for each in chart.labels]
    widest = max(each.width for each in single)
    if widest <= room:
        return single, 1
    step = int(widest / room) + 1
    if len(single) > 12 and step <= len(single) / 3:
        return single[::step], step
    double = [chart.label(ctx, each, width=room, lines=2) for each in chart.labels]
    if not any(each.cut for each in double):
        return double, 1
    if len(single) > 6:
        return single[::step], step
    ctx.warn("text_cut", "Labels of the chart are too long and were cut.", key="chartDataLabels")
    return double, 1
