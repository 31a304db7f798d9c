"""What a chart is to look like, worked out from the layer's properties and its box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.engine.charts.data import Series
from tirage.engine.charts.numbers import Numbers
from tirage.engine.expressions import colors
from tirage.engine.label import Label, LabelStyle, set_label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Outline, Path, Solid, Stroke
from tirage.engine.values.color import Color, parse_color
from tirage.engine.values.outline import Command

ChartType = Literal["bar", "horizontalBar", "line", "area", "pie", "donut", "sparkline", "radar"]
# Told apart by people who see colours differently, and in grey (after Okabe and Ito, softened for large areas).
PALETTE = tuple(
    parse_color(each)
    for each in ("#2f6fdb", "#f28e2b", "#1ba784", "#d1495b", "#8e6bbf", "#e3b505", "#4fb0dc", "#8c6d4f")
)


@dataclass(frozen=True, slots=True)
class Chart:
    """Series by label with their looks. `size` is the labels' font size in px."""

    kind: ChartType
    series: tuple[Series, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    colors: tuple[Color, ...]
    label_color: Color
    grid_color: Color
    font: LabelStyle
    size: float
    numbers: Numbers
    shares: bool = False
    """Whether slices are written as shares of the whole."""
    stacked: bool = False
    show_values: bool = False
    show_grid: bool = True
    show_axes: bool = True
    legend: Literal["none", "top", "bottom", "right"] = "none"
    bar_radius: float = 0.0
    line_width: float = 3.0
    smooth: bool = False
    markers: bool = False
    inner_radius: float = 0.6
    low: float | None = None
    high: float | None = None

    @property
    def count(self) -> int:
        """How many places there are along the axis of labels."""
        return max([len(self.labels), *(len(each) for each in self.series)], default=0)

    def color(self, index: int) -> Color:
        """Of a series, or of a slice."""
        return self.colors[index % len(self.colors)]

    def label(
        self, ctx: LowerContext, text: str, *, width: float | None = None, lines: int = 1, color: Color | None = None
    ) -> Label:
        """A label in the chart's style."""
        chosen = color or self.label_color
        if width is None:
            return set_label(ctx, text, self.font, size=self.size, color=chosen)
        return set_label(
            ctx, text, self.font, size=self.size, color=chosen, width=max(1.0, width), max_lines=lines, align="center"
        )

    def on(self, ground: Color) -> Color:
        """The colour of a label on a filled area."""
        return parse_color(colors.contrast(ground.css, "#1f2328", "#ffffff"))


def rules(ends: Sequence[tuple[float, float, float, float]], color: Color, width: float) -> list[Path]:
    """Straight lines (from x, y to x, y) as one path, which costs far less than one for each."""
    drawn = tuple(command for x, y, *end in ends for command in (("M", (x, y)), ("L", tuple(end))))
    return [Path(Outline(drawn), stroke=Stroke(Solid(color), width))] if drawn else []


def shape(commands: tuple[Command, ...], color: Color) -> Path:
    """A filled area."""
    return Path(Outline(commands), fill=Solid(color))
