"""A line progress bar: a track, the part of it that a value fills, and a label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.label import LabelStyle, label_style, set_label
from tirage.engine.layer import GroundedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.share import share_of
from tirage.engine.resources import FontRef
from tirage.engine.scene import Box, Group, Node, Path, Solid
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.fill import FillValue
from tirage.engine.values.font import FontWeight
from tirage.engine.values.length import Length, PositiveLengthValue
from tirage.engine.values.transform import Rect


class ProgressBarLayer(GroundedLayer):
    """The bar takes the box; with a label, what the label leaves of it."""

    main: ClassVar[str | None] = "value"

    type: Literal["progressBar"] = "progressBar"
    value: float = Field(0, ge=0, le=1e12, description="What is shown.")
    max_value: float = Field(100, gt=0, le=1e12, description="What a full bar means.")
    progress_color: FillValue = Field(Color(0.1, 0.45, 0.91), description="Of the filled part: a colour or a gradient.")
    remaining_color: ColorValue = Field(Color(0.9, 0.91, 0.93), description="Of the track.")
    border_radius: PositiveLengthValue = Field(
        Length(50, True), description="Of the ends; percent of the bar's height."
    )
    label: Annotated[str, Field(max_length=500)] = Field("", description="Written above the bar.")
    label_align: Literal["left", "center", "right"] = Field("left", description="Where the label stands.")
    text_color: ColorValue = Field(Color(0.12, 0.13, 0.15), description="Of the label.")
    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float | None = Field(None, ge=1, le=1000, description="px; unset fits the box.")
    font_weight: FontWeight = Field(500, description="1 to 1000, or normal and bold.")

    def fonts(self) -> Iterator[FontRef]:
        """The face of the label."""
        if self.label:
            yield from self._style(16).fonts()

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Track, filled part cut at the track's round ends, label."""
        nodes: list[Node] = []
        above = 0.0
        if self.label:
            size = self.font_size or min(max(height * 0.4, 8.0), 28.0)
            label = set_label(ctx, self.label, self._style(size), width=max(1.0, width))
            if label.cut:
                ctx.warn("text_cut", "The label is wider than the bar and was cut.", key="label")
            above = min(label.height + size * 0.25, height * 0.75)
            free = {"left": 0.0, "center": 0.5, "right": 1.0}[self.label_align] * (width - label.width)
            nodes.append(label.at(free, 0))
        bar = Rect(0, above, width, max(0.0, height - above))
        radius = min(self.border_radius.resolve(bar.height), bar.height / 2, width / 2)
        track = Box(bar, ((radius, radius),) * 4 if radius else ())
        nodes.append(Path(track, fill=Solid(self.remaining_color)))
        share = share_of(ctx, self.value, self.max_value)
        if share > 0:
            # A filled part shorter than its round ends is seen through the track's shape.
            length = width * share
            part = Rect(0, above, max(length, min(2 * radius, width)), bar.height)
            paint = paint_for(self.progress_color, bar, ctx)
            filled = Path(Box(part, ((radius, radius),) * 4 if radius else ()), fill=paint)
            nodes.append(
                Group((filled,), clip=Box(Rect(0, above, length, bar.height))) if length < 2 * radius else filled
            )
        return Lowered(alpha_shadows(self.grounded(nodes, Box(Rect(0, 0, width, height))), self.shadow))

    def _style(self, size: float) -> LabelStyle:
        return label_style(self.font_family, self.font_weight, self.text_color, size)
