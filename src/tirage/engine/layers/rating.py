"""A rating: a row of stars, hearts or other figures, filled as far as a value says."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.expressions import localised
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.meters.share import share_of
from tirage.engine.scene import Box, Group, Node, Outline, Path, Solid
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.fill import FillValue
from tirage.engine.values.outline import Command, PathData, moved, parse_path, regular_polygon, scaled, star
from tirage.engine.values.transform import Rect

# Drawn in a square of 24 units.
_FIGURES = {
    "heart": "M12 21.6C4.9 15.6 1.2 12 1.2 7.7A5.7 5.7 0 0 1 12 5.2A5.7 5.7 0 0 1 22.8 7.7C22.8 12 19.1 15.6 12 21.6Z",
    "circle": "M12 1 A11 11 0 0 1 12 23 A11 11 0 0 1 12 1 Z",
    "square": "M2 2 H22 V22 H2 Z",
    "person": "M12 2 A4.5 4.5 0 0 1 12 11 A4.5 4.5 0 0 1 12 2 Z M3 22 C3 16.5 7 13 12 13 C17 13 21 16.5 21 22 Z",
}
_UNITS = 24.0


class RatingLayer(BoxedLayer):
    """Figures as high as the box, side by side from the left, smaller where the box is too narrow."""

    main: ClassVar[str | None] = "value"

    type: Literal["rating"] = "rating"
    value: float = Field(0, ge=0, le=1000, description="How many are filled; fractions fill a part of one.")
    max_value: int = Field(5, ge=1, le=100, description="How many there are.")
    figure: Literal["star", "heart", "circle", "square", "diamond", "person", "path"] = Field(
        "star", description="What is repeated."
    )
    path: PathData | None = Field(None, description="SVG path data of the figure, in a square of 24 units.")
    active_color: FillValue = Field(
        Color(1, 0.72, 0), description="Of the filled part: a colour, or a gradient over the row."
    )
    inactive_color: ColorValue = Field(Color(0.88, 0.89, 0.91), description="Of what is not filled.")
    gap: float = Field(0.15, ge=0, le=5, description="Between two figures, as a fraction of their size.")
    align: Literal["left", "center", "right"] = Field("left", description="Where the row stands in the box.")
    direction: Literal["auto", "ltr", "rtl"] = Field(
        "auto", description="Where the first one is; auto is the locale's."
    )
    step: float = Field(0, ge=0, le=1, description="Values are rounded to it, such as 0.5; 0 draws them exactly.")

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """The row without and, cut at the value, the row with its colour."""
        count = self.max_value
        size = min(height, width / (count + (count - 1) * self.gap))
        pitch = size * (1 + self.gap)
        total = size + pitch * (count - 1)
        left = {"left": 0.0, "center": 0.5, "right": 1.0}[self.align] * (width - total)
        top = (height - size) / 2
        row = _row(self.figure, self.path, count, size, pitch, (left, top))
        share_of(ctx, self.value, count)
        value = min(self.value, count)
        if self.step:
            value = round(value / self.step) * self.step
        whole = int(value)
        long = whole * pitch + (value - whole) * size if whole < count else total
        rtl = self.direction == "rtl" or (self.direction == "auto" and localised.is_rtl(ctx.locale))
        nodes: list[Node] = [Path(row, fill=Solid(self.inactive_color))]
        if value > 0:
            area = Rect(left, top, total, size)
            filled = Path(row, fill=paint_for(self.active_color, area, ctx))
            # Beyond the figures' own edges, so that only the value's end cuts them.
            start = left + total - long if rtl else left - 1
            nodes.append(Group((filled,), clip=Box(Rect(start, top - 1, long + 1, size + 2))))
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))


# One outline for both colours, and for the next row: only the value differs from row to row.
@lru_cache(maxsize=64)
def _row(figure: str, path: str | None, count: int, size: float, pitch: float, corner: tuple[float, float]) -> Outline:
    one = _figure(figure, path, size)
    left, top = corner
    return Outline(tuple(command for index in range(count) for command in moved(one, left + index * pitch, top)))


def _figure(figure: str, path: str | None, size: float) -> tuple[Command, ...]:
    if figure == "star":
        return star(5, 0.45, size, size)
    if figure == "diamond":
        return regular_polygon(4, size, size)
    data = path if figure == "path" and path else _FIGURES.get(figure, _FIGURES["circle"])
    return scaled(parse_path(data), size / _UNITS, size / _UNITS)
