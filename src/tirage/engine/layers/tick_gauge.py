"""A radial tick gauge: bars around a circle, as many of them filled as a value asks for."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.arcs import tick
from tirage.engine.meters.share import share_of
from tirage.engine.scene import Node, Outline, Path, Solid
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.outline import Command


class TickGaugeLayer(BoxedLayer):
    """Ticks inscribed in the box."""

    main: ClassVar[str | None] = "value"

    type: Literal["tickGauge"] = "tickGauge"
    value: float = Field(0, ge=0, le=1e12, description="What is shown.")
    max_value: float = Field(100, gt=0, le=1e12, description="What all ticks filled mean.")
    active_color: ColorValue = Field(Color(0.1, 0.45, 0.91), description="Of filled ticks.")
    inactive_color: ColorValue = Field(Color(0.88, 0.89, 0.91), description="Of empty ticks.")
    ticks: int = Field(40, ge=3, le=360, description="How many there are.")
    sweep: float = Field(
        270, ge=30, le=360, description="Degrees from the first to the last; the gap is at the bottom."
    )
    tick_length: float = Field(0.15, gt=0, le=0.5, description="As a fraction of the box's shorter side.")
    tick_width: float = Field(0.5, gt=0, le=1, description="As a fraction of the distance between two ticks.")

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Two paths: the ticks that are filled, and the others."""
        side = min(width, height)
        x, y, outer = width / 2, height / 2, side / 2
        inner = outer - side * self.tick_length
        turn = self.sweep / 360
        steps = self.ticks if turn >= 1 else self.ticks - 1
        broad = self.tick_width * 6.283185307179586 * max(inner, outer / 2) * turn / steps
        share = share_of(ctx, self.value, self.max_value)
        # A value above nothing fills a tick at least, and only the maximum fills the last one.
        filled = 0 if share == 0 else max(1, min(self.ticks, int(share * self.ticks + 1e-9)))
        drawn: dict[bool, list[Command]] = {True: [], False: []}
        for index in range(self.ticks):
            at = (index / steps - 0.5) * turn if turn < 1 else index / steps
            drawn[index < filled] += tick(x, y, max(0.0, inner), outer, at, broad)
        nodes: list[Node] = [
            Path(Outline(tuple(drawn[active])), fill=Solid(color))
            for active, color in ((False, self.inactive_color), (True, self.active_color))
            if drawn[active]
        ]
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))
