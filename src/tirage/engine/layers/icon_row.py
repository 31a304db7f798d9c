"""A row of icons: so many of them in one colour, the others in another, as in "7 of 10 people"."""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.expressions import localised
from tirage.engine.icons import UNITS, Icon, IconName, icon
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.share import share_of
from tirage.engine.scene import Box, Group, Node, Outline, Paint, Path, Solid, Stroke
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.fill import FillValue
from tirage.engine.values.outline import PathData, moved, parse_path, scaled
from tirage.engine.values.transform import Rect

_REACH = 3.0
"""How far a pen of the greatest width goes beyond the square of an icon, in its units."""


class IconRowLayer(BoxedLayer):
    """Icons side by side, in several lines where asked for, as large as the box allows."""

    main: ClassVar[str | None] = "value"

    type: Literal["iconRow"] = "iconRow"
    value: float = Field(0, ge=0, le=1000, description="How many are on; fractions turn on a part of one.")
    max_value: int = Field(10, ge=1, le=200, description="How many there are.")
    icon: IconName = Field("user", description="A name of the bundled set (Lucide), such as user or heart.")
    path: PathData | None = Field(None, description="SVG path data in a square of 24 units, in the place of the icon.")
    icon_style: Literal["auto", "stroke", "fill"] = Field(
        "auto", description="Drawn with a pen, or filled; auto fills path data, and draws icons of the set."
    )
    stroke_width: float = Field(2, gt=0, le=6, description="Of the pen, in 24ths of an icon's side.")
    active_color: FillValue = Field(
        Color(0.1, 0.45, 0.91), description="Of those that are on: a colour, or a gradient over the row."
    )
    inactive_color: ColorValue = Field(Color(0.8, 0.82, 0.85), description="Of the others.")
    lines: int = Field(1, ge=1, le=50, description="They stand in so many lines.")
    gap: float = Field(0.2, ge=0, le=5, description="Between two icons, as a fraction of their size.")
    line_gap: float = Field(0.2, ge=0, le=5, description="The same between two lines.")
    align: Literal["left", "center", "right"] = Field("left", description="Where the lines stand in the box.")
    step: float = Field(0, ge=0, le=1, description="Values are rounded to it, such as 0.5; 0 draws them exactly.")
    direction: Literal["auto", "ltr", "rtl"] = Field(
        "auto", description="Where the first one is; auto is the locale's."
    )

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """All icons as they are off, and over them, cut at the value, as they are on."""
        rtl = self.direction == "rtl" or (self.direction == "auto" and localised.is_rtl(ctx.locale))
        across = ceil(self.max_value / self.lines)
        down = ceil(self.max_value / across)
        size = min(width / (across + (across - 1) * self.gap), height / (down + (down - 1) * self.line_gap))
        pitch, drop = size * (1 + self.gap), size * (1 + self.line_gap)
        total, tall = size + pitch * (across - 1), size + drop * (down - 1)
        left = {"left": 0.0, "center": 0.5, "right": 1.0}[self.align] * (width - total)
        top = (height - tall) / 2
        places = []
        for index in range(self.max_value):
            column = index % across
            x = left + (total - size - column * pitch if rtl else column * pitch)
            places.append((x, top + index // across * drop))
        share_of(ctx, self.value, self.max_value)
        value = min(self.value, self.max_value)
        if self.step:
            value = round(value / self.step) * self.step
        whole = int(value)
        on = paint_for(self.active_color, Rect(left, top, total, tall), ctx)
        # Those that are on are not drawn over those that are off: what is off would shine through at the edges.
        nodes = [*self._drawn(places[whole:], size, Solid(self.inactive_color)), *self._drawn(places[:whole], size, on)]
        if value > whole:
            x, y = places[whole]
            shown = Box(self._shown(x, y, size, value - whole, rtl=rtl))
            nodes.append(Group(self._drawn([(x, y)], size, on), clip=shown))
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))

    def _shown(self, x: float, y: float, size: float, share: float, *, rtl: bool) -> Rect:
        """The part of an icon's square that is on, with what a pen draws beyond its edges."""
        over = size * _REACH / UNITS
        start = x + size * (1 - share) if rtl else x - over
        return Rect(start, y - over, size * share + over, size + 2 * over)

    def _drawn(self, places: list[tuple[float, float]], size: float, paint: Paint) -> tuple[Node, ...]:
        """Icons at these places as one path, the dots of some icons as another."""
        zoom, filled = size / UNITS, self.icon_style == "fill" or (self.icon_style == "auto" and self.path is not None)
        drawing = Icon(parse_path(self.path)) if self.path is not None else icon(self.icon) if self.icon else Icon(())
        pen = Stroke(paint, self.stroke_width * zoom, cap="round", join="round")
        nodes = []
        # Outlines of icons lie where the middle of the pen goes: a filled one keeps its size with the pen around it.
        for commands, fill, stroke in (
            (drawing.stroked, paint if filled else None, None if filled and self.path is not None else pen),
            (drawing.filled, paint, None),
        ):
            figure = scaled(commands, zoom, zoom)
            row = tuple(command for x, y in places for command in moved(figure, x, y))
            if row:
                nodes.append(Path(Outline(row), fill=fill, stroke=stroke))
        return tuple(nodes)
