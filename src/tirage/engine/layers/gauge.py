"""A simple gauge: a ring, the part of it that a value fills, and the value in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.label import LabelStyle, label_style, set_label
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.arcs import arc
from tirage.engine.meters.share import share_of, written
from tirage.engine.resources import FontRef
from tirage.engine.scene import Node, Outline, Path, Solid, Stroke
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.fill import FillValue
from tirage.engine.values.font import FontWeight
from tirage.engine.values.transform import Rect


class GaugeLayer(BoxedLayer):
    """A ring as large as the box allows."""

    main: ClassVar[str | None] = "value"

    type: Literal["gauge"] = "gauge"
    value: float = Field(0, ge=0, le=1e12, description="What is shown.")
    max_value: float = Field(100, gt=0, le=1e12, description="What a full ring means.")
    circle_color: ColorValue = Field(Color(0.9, 0.91, 0.93), description="Of the ring.")
    progress_color: FillValue = Field(Color(0.1, 0.45, 0.91), description="Of the filled part: a colour or a gradient.")
    text_color: ColorValue = Field(Color(0.12, 0.13, 0.15), description="Of the value.")
    thickness: float = Field(0.12, gt=0, le=0.5, description="Of the ring, as a fraction of the box's shorter side.")
    sweep: float = Field(
        360, ge=30, le=360, description="Degrees of the full ring; below 360 it is open at the bottom."
    )
    cap: Literal["round", "butt"] = Field("round", description="Ends of the filled part.")
    label: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="Written in the middle; unset means the value, with % where the maximum is 100."
    )
    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float | None = Field(None, ge=1, le=1000, description="px; unset fits the ring.")
    font_weight: FontWeight = Field(700, description="1 to 1000, or normal and bold.")

    def fonts(self) -> Iterator[FontRef]:
        """The face of the value."""
        yield from self._style(16).fonts()

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """The ring, over it the filled part, the value in the middle."""
        side = min(width, height)
        thick = side * self.thickness
        x, y, radius = width / 2, height / 2, max(0.1, (side - thick) / 2)
        turn = self.sweep / 360
        start = -turn / 2 if turn < 1 else 0.0
        share = share_of(ctx, self.value, self.max_value)
        cap = self.cap if turn < 1 else "butt"
        nodes: list[Node] = [
            Path(
                Outline(arc(x, y, radius, start, start + turn)), stroke=Stroke(Solid(self.circle_color), thick, cap=cap)
            )
        ]
        if share > 0:
            filled = arc(x, y, radius, start, start + turn * share)
            paint = paint_for(self.progress_color, Rect(x - side / 2, y - side / 2, side, side), ctx)
            nodes.append(Path(Outline(filled), stroke=Stroke(paint, thick, cap=self.cap if share < 1 else cap)))
        text = self.label if self.label is not None else written(self.value) + ("%" if self.max_value == 100 else "")
        if text:
            room = max(1.0, 2 * (radius - thick / 2) * 0.8)
            size = self.font_size or side * 0.22
            label = set_label(ctx, text, self._style(size))
            if self.font_size is None and label.width > room:
                label = set_label(ctx, text, self._style(max(1.0, size * room / label.width)))
            nodes.append(label.at(x - label.width / 2, y - label.height / 2))
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))

    def _style(self, size: float) -> LabelStyle:
        return label_style(self.font_family, self.font_weight, self.text_color, size)
