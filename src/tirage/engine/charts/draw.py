"""A chart in a box: legend first, then the kind's own drawing in what is left."""

from __future__ import annotations

from tirage.engine.charts import cartesian, round
from tirage.engine.charts.legend import with_legend
from tirage.engine.charts.style import Chart
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node
from tirage.engine.values.transform import Rect


def draw(ctx: LowerContext, chart: Chart, width: float, height: float) -> tuple[Node, ...]:
    """The nodes of a chart in a box of `width` × `height` px. Without data there is nothing but a warning."""
    area = Rect(0, 0, width, height)
    if not any(each is not None for row in chart.series for each in row):
        ctx.warn("chart_empty", "The chart has no values.", key="chartDataValues")
        return ()
    if chart.kind == "sparkline":
        return tuple(cartesian.sparkline(chart, area))
    sliced = chart.kind in ("pie", "donut")
    names = chart.labels[: len(chart.series[0])] if sliced else chart.names[: len(chart.series)]
    legend, area = with_legend(ctx, chart, names, area)
    if sliced:
        return (*round.pie(ctx, chart, area), *legend)
    if chart.kind == "radar":
        return (*round.radar(ctx, chart, area), *legend)
    if chart.kind in ("bar", "horizontalBar"):
        return (*cartesian.bars(ctx, chart, area), *legend)
    return (*cartesian.lines(ctx, chart, area), *legend)
