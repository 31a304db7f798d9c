"""A countdown: the days, hours, minutes and seconds to a moment, as a still, or running in an animation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.expressions import localised
from tirage.engine.label import set_label
from tirage.engine.layer import Lowered, Moment, TimedLayer
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Node
from tirage.engine.timing.panel import cells_of, fitted
from tirage.engine.timing.remaining import UNITS, Unit, seconds_left, split
from tirage.engine.timing.style import PanelStyle
from tirage.engine.values.transform import Rect

_ALIGNED = {"left": 0.0, "top": 0.0, "center": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}


class CountdownLayer(PanelStyle, TimedLayer):
    """Units side by side, as large as the box allows; every digit has a place of its own, so nothing jumps."""

    main: ClassVar[str | None] = "target"

    type: Literal["countdown"] = "countdown"
    target: Moment = Field("", description="What is counted to: 2026-12-24T18:00, with an offset or in the time zone.")
    time_zone: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")] = Field(
        "UTC", description="Where the target is a local time (IANA), such as Europe/Berlin."
    )
    units: tuple[Unit, ...] = Field(UNITS, min_length=1, max_length=4, description="What is shown, largest first.")
    hide_zero: Literal["none", "days", "leading"] = Field("none", description="What is left out while it is zero.")
    finished_text: Annotated[str, Field(max_length=500)] = Field("", description="Once it is over; empty shows zeros.")
    align: Literal["left", "center", "right"] = Field("center", description="Where the row stands in the box.")
    vertical_align: Literal["top", "middle", "bottom"] = Field("middle", description="The same from top to bottom.")
    direction: Literal["auto", "ltr", "rtl"] = Field("auto", description="Order of units; auto is the locale's.")

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """The row of units, or the text once it is over. Raises ResourceProblem."""
        if not self.target:
            return Lowered(self.framed((), width, height))
        if not self.now:
            message = "A countdown needs the moment that it is drawn at."
            raise ResourceProblem(Problem("clock_missing", message, "/now", "Give the render a clock, or set now."))
        left = seconds_left(self.target, self.time_zone, self.now)
        edge = self.border_px(width, height)
        room = Rect(edge, edge, max(1.0, width - 2 * edge), max(1.0, height - 2 * edge))
        nodes = self._over(ctx, room) if left == 0 and self.finished_text else self._row(ctx, left, room)
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))

    def _row(self, ctx: LowerContext, left: int, room: Rect) -> list[Node]:
        parts = list(split(left, self.units))
        while len(parts) > 1 and parts[0].value == 0 and self.hide_zero in ("leading", parts[0].unit):
            parts.pop(0)
        rtl = self.direction == "rtl" or (self.direction == "auto" and localised.is_rtl(ctx.locale))
        panel = fitted(ctx, cells_of(parts, self, self.units, ctx.locale), self, room, rtl=rtl)
        if panel.width > room.width + 0.5 or panel.height > room.height + 0.5:
            message = f"The countdown is {panel.width:.0f}×{panel.height:.0f} px, more than its box."
            ctx.warn("countdown_overflow", message, key="fontSize")
        return list(panel.draw(*self._place(room, panel.width, panel.height)))

    def _over(self, ctx: LowerContext, room: Rect) -> list[Node]:
        size = self.font_size or room.height * 0.5
        label = set_label(ctx, self.finished_text, self.digits(size))
        if self.font_size is None and label.width > room.width:
            label = set_label(ctx, self.finished_text, self.digits(max(1.0, size * room.width / label.width)))
        return [label.at(*self._place(room, label.width, label.height))]

    def _place(self, room: Rect, width: float, height: float) -> tuple[float, float]:
        across, down = _ALIGNED[self.align], _ALIGNED[self.vertical_align]
        return room.x + (room.width - width) * across, room.y + (room.height - height) * down
