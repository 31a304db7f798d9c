"""Names and their colours → rows of keys at a side of the chart, and the room that is left."""

from __future__ import annotations

from collections.abc import Sequence

from tirage.engine.charts.style import Chart, shape
from tirage.engine.expressions import localised
from tirage.engine.label import Label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node
from tirage.engine.values.outline import rectangle
from tirage.engine.values.transform import Rect


def with_legend(ctx: LowerContext, chart: Chart, names: Sequence[str], box: Rect) -> tuple[list[Node], Rect]:
    """The legend's nodes, and the box without it. What does not fit is left out and told."""
    if chart.legend == "none" or not any(names):
        return [], box
    key, gap = chart.size * 0.75, chart.size * 0.5
    most = box.width * (0.4 if chart.legend == "right" else 1.0) - key - gap
    labels = [chart.label(ctx, name) for name in names]
    labels = [
        each if each.width <= most else chart.label(ctx, name, width=most)
        for each, name in zip(labels, names, strict=True)
    ]
    tall = chart.size * 1.5
    rows = (
        [[index] for index in range(len(labels))]
        if chart.legend == "right"
        else _rows(labels, key + gap, chart.size, box.width)
    )
    room = max(1, int(box.height * (1.0 if chart.legend == "right" else 0.35) / tall))
    if len(rows) > room:
        ctx.warn("chart_legend_cut", f"The legend shows {room} of {len(rows)} lines; enlarge the chart.", key="legend")
        rows = rows[:room]
    if not rows:
        return [], box
    wide = max(_width(labels, row, key + gap, chart.size) for row in rows)
    high = tall * len(rows)
    if chart.legend == "right":
        left, top = box.right - wide, box.y + (box.height - high) / 2
        rest = Rect(box.x, box.y, max(1.0, box.width - wide - chart.size), box.height)
    else:
        left = box.x
        top = box.y if chart.legend == "top" else box.bottom - high
        rest = Rect(
            box.x, box.y + (high + gap if chart.legend == "top" else 0), box.width, max(1.0, box.height - high - gap)
        )
    nodes: list[Node] = []
    rtl = localised.is_rtl(chart.numbers.locale)
    for number, row in enumerate(rows):
        broad = _width(labels, row, key + gap, chart.size)
        first = left if chart.legend == "right" else box.x + (box.width - broad) / 2
        y, x = top + number * tall, first
        for index in row:
            item = key + gap + labels[index].width
            # Mirrored where the locale is read from right to left.
            start = 2 * first + (wide if chart.legend == "right" else broad) - x - item if rtl else x
            square, across = y + (tall - key) / 2, start + item - key if rtl else start
            nodes.append(shape(rectangle(across, square, across + key, square + key), chart.color(index)))
            label = labels[index]
            nodes.append(label.at(start if rtl else start + key + gap, y + (tall - label.height) / 2))
            x += item + chart.size
    return nodes, rest


def _width(labels: Sequence[Label], row: Sequence[int], key: float, between: float) -> float:
    return sum(key + labels[index].width for index in row) + between * (len(row) - 1)


def _rows(labels: Sequence[Label], key: float, between: float, width: float) -> list[list[int]]:
    rows: list[list[int]] = [[]]
    for index in range(len(labels)):
        if rows[-1] and _width(labels, [*rows[-1], index], key, between) > width:
            rows.append([])
        rows[-1].append(index)
    return rows if rows[0] else []
