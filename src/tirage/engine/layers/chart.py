"""A chart: bars, lines, areas, slices or a radar over one or several series of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.charts.data import ChartLabels, ChartValues
from tirage.engine.charts.draw import draw
from tirage.engine.charts.numbers import Numbers, ValueFormat
from tirage.engine.charts.style import PALETTE, Chart, ChartType
from tirage.engine.decoration import alpha_shadows
from tirage.engine.label import LabelStyle, label_style
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import FontRef
from tirage.engine.scene import Group
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.font import FontWeight
from tirage.engine.values.sides import NONE, FourLengths
from tirage.engine.values.transform import translation


class ChartLayer(BoxedLayer):
    """A chart in the layer's box less its padding; sizes that are not given follow the box."""

    main: ClassVar[str | None] = "chartDataValues"

    type: Literal["chart"] = "chart"
    chart_type: ChartType = Field("bar", description="What is drawn.")
    chart_data_values: ChartValues = Field((), description="Numbers, or a list of series; null where one is missing.")
    chart_data_labels: ChartLabels = Field((), description="Labels along the axis, or of slices.")
    series_names: ChartLabels = Field((), description="Names of the series, for the legend.")
    chart_color: ColorValue | None = Field(
        None, description="Of the first series; unset means the palette's first colour."
    )
    palette: tuple[ColorValue, ...] = Field((), max_length=20, description="Of series or slices; unset means our own.")
    chart_label_color: ColorValue = Field(Color(0.3, 0.33, 0.37), description="Of all labels.")
    grid_color: ColorValue = Field(Color(0.87, 0.88, 0.9), description="Of gridlines and axes.")
    stacked: bool = Field(False, description="Whether series lie on top of each other.")
    show_values: bool = Field(False, description="Whether values are written at bars, points and slices.")
    show_axes: bool = Field(True, description="Whether there are axes with labels.")
    show_grid: bool = Field(True, description="Whether there are gridlines.")
    legend: Literal["auto", "none", "top", "bottom", "right"] = Field("auto", description="Where names are explained.")
    bar_radius: float = Field(4, ge=0, le=500, description="Of a bar's outer corners, px.")
    line_width: float = Field(3, gt=0, le=100, description="px.")
    smooth: bool = Field(False, description="Whether lines are curves.")
    markers: bool = Field(False, description="Whether points of lines are marked.")
    inner_radius: float = Field(0.6, ge=0.1, le=0.95, description="Of a donut, as a fraction of the outer one.")
    min_value: float | None = Field(None, ge=-1e15, le=1e15, description="Where the axis of values begins.")
    max_value: float | None = Field(None, ge=-1e15, le=1e15, description="Where it ends.")
    value_format: ValueFormat = Field("compact", description="How values are written.")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field("EUR", description="For values of money (ISO 4217).")
    decimals: int | None = Field(None, ge=0, le=10, description="Of written values; unset means as many as they need.")
    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float | None = Field(None, ge=1, le=500, description="Of labels, px; unset follows the box.")
    font_weight: FontWeight = Field(400, description="1 to 1000, or normal and bold.")
    padding: FourLengths = Field(NONE, description="Between the border and the chart.")

    def fonts(self) -> Iterator[FontRef]:
        """The face of the labels."""
        yield from self._style().fonts()

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Background, chart, border."""
        edge = self.border_px(width, height)
        top, right, bottom, left = (side.resolve(width) + edge for side in self.padding)
        inner = (max(1.0, width - left - right), max(1.0, height - top - bottom))
        chart = Group(draw(ctx, self._chart(ctx, *inner), *inner), transform=translation(left, top))
        return Lowered(alpha_shadows(self.framed((chart,), width, height), self.shadow))

    def _chart(self, ctx: LowerContext, width: float, height: float) -> Chart:
        sliced = self.chart_type in ("pie", "donut")
        shares = sliced and self.value_format in ("compact", "percent")
        colors = self.palette or PALETTE
        if self.chart_color is not None:
            colors = (self.chart_color, *(each for each in colors if each != self.chart_color))
        several = sliced or len(self.chart_data_values) > 1
        auto = ("right" if sliced and width > height * 1.25 else "bottom") if several else "none"
        return Chart(
            kind=self.chart_type,
            series=self.chart_data_values,
            labels=self.chart_data_labels,
            names=self.series_names,
            colors=colors,
            label_color=self.chart_label_color,
            grid_color=self.grid_color,
            font=self._style(),
            size=self.font_size or max(8.0, min(26.0, min(width, height) * 0.055)),
            numbers=Numbers("percent" if shares else self.value_format, self.currency, self.decimals, ctx.locale),
            shares=shares,
            stacked=self.stacked and self.chart_type in ("bar", "horizontalBar", "area"),
            show_values=self.show_values or (sliced and "show_values" not in self.model_fields_set),
            show_grid=self.show_grid,
            show_axes=self.show_axes,
            legend=auto if self.legend == "auto" else self.legend,  # type: ignore[arg-type]
            bar_radius=self.bar_radius,
            line_width=self.line_width,
            smooth=self.smooth,
            markers=self.markers,
            inner_radius=self.inner_radius,
            low=self.min_value,
            high=self.max_value,
        )

    def _style(self) -> LabelStyle:
        return label_style(self.font_family, self.font_weight)
