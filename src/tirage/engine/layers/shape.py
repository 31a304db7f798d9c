"""A drawn shape: rectangle, ellipse, polygon, star, line, arrow or path, filled and stroked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, inset_shadows, paint_for, shape_shadows
from tirage.engine.layer import Layer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Box, Ellipse, Node, Outline, Paint, Path, Shape, Stroke
from tirage.engine.values.color import Color
from tirage.engine.values.fill import FillValue, Gradient, ImageFill
from tirage.engine.values.length import Length, PositiveLengthValue
from tirage.engine.values.outline import PathData, parse_path, polygon, regular_polygon, scaled, star
from tirage.engine.values.sides import NONE, FourLengths, corner_radii
from tirage.engine.values.transform import Rect

_TRANSPARENT = Color(0, 0, 0, 0)


class ShapeLayer(Layer):
    """A geometric figure inscribed in the layer's box; `line` and `arrow` run from left to right through its middle."""

    main: ClassVar[str | None] = "fill"
    synonyms: ClassVar[dict[str, str]] = {
        "backgroundColor": "fill",
        "color": "fill",
        "borderColor": "stroke",
        "borderWidth": "strokeWidth",
    }

    type: Literal["shape"] = "shape"
    shape: Literal["rectangle", "ellipse", "polygon", "star", "line", "arrow", "path"] = Field(
        "rectangle", description="The figure."
    )
    fill: FillValue = Field(Color(0.85, 0.85, 0.85), description="A colour, a gradient or a picture.")
    stroke: FillValue = Field(Color(0, 0, 0), description="Paint of the outline.")
    stroke_width: PositiveLengthValue = Field(Length(0), description="0 draws no outline.")
    stroke_dash: tuple[Annotated[float, Field(ge=0, le=10_000)], ...] = Field(
        (), max_length=32, description="Dashes and gaps, px."
    )
    stroke_cap: Literal["butt", "round", "square"] = Field("butt", description="Ends of open lines and dashes.")
    stroke_join: Literal["miter", "round", "bevel"] = Field("miter", description="Corners of the outline.")
    stroke_alignment: Literal["center", "inside", "outside"] = Field(
        "center", description="Of the outline on the edge."
    )
    border_radius: FourLengths = Field(NONE, description="Corner radii of a rectangle.")
    sides: int = Field(6, ge=3, le=100, description="Corners of a polygon.")
    points: int = Field(5, ge=3, le=100, description="Tips of a star.")
    inner_radius: float = Field(0.5, ge=0.01, le=1, description="A star's inner radius as a fraction of the outer.")
    path: PathData | None = Field(None, description="SVG path data, in px of the box or of `viewBox`.")
    view_box: tuple[float, float] | None = Field(None, description="Width and height that `path` is drawn in.")
    arrow_head: Literal["end", "start", "both"] = Field("end", description="Which ends have a head.")
    head_size: float = Field(4, ge=1, le=50, description="An arrow head's length as a multiple of the stroke's width.")

    def images(self) -> Iterator[ImageRef]:
        """The pictures of image fills."""
        for fill in (self.fill, self.stroke):
            if isinstance(fill, ImageFill):
                yield ImageRef(fill.image_url)

    def ground(self) -> Color | None:
        """The fill of a rectangle, and nothing where there is neither fill nor outline."""
        if not isinstance(self.fill, Color):
            return None
        unseen = self.fill.alpha == 0 and self.stroke_width.value == 0
        return self.fill if unseen or (self.shape == "rectangle" and self.fill.alpha > 0) else None

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """One path, or a line with its heads; under it the shadows of its fill."""
        rect = Rect(0, 0, width, height)
        stroke_width = self.stroke_width.resolve(min(width, height))
        if self.shape in ("line", "arrow"):
            nodes = self._line(ctx, rect, stroke_width or 1.0)
            return Lowered(alpha_shadows(nodes, self.shadow))
        shape = self._figure(rect)
        fill = None if self.fill == _TRANSPARENT else paint_for(self.fill, rect, ctx)
        stroke = self._stroke(ctx, rect, stroke_width) if stroke_width else None
        path = Path(shape, fill=fill, stroke=stroke)
        # A shadow of the filled outline is exact only where the fill is one opaque surface up to its edge.
        if self.shadow and (stroke is not None or fill is None or _translucent(self.fill)):
            nodes = alpha_shadows((path,), self.shadow)
        else:
            nodes = (*shape_shadows(shape, self.shadow), path)
        return Lowered((*nodes, *inset_shadows(shape, rect, self.shadow)))

    def _figure(self, rect: Rect) -> Shape:
        match self.shape:
            case "ellipse":
                return Ellipse(rect)
            case "polygon":
                return Outline(regular_polygon(self.sides, rect.width, rect.height))
            case "star":
                return Outline(star(self.points, self.inner_radius, rect.width, rect.height))
            case "path" if self.path:
                commands = parse_path(self.path)
                if self.view_box and all(side > 0 for side in self.view_box):
                    commands = scaled(commands, rect.width / self.view_box[0], rect.height / self.view_box[1])
                return Outline(commands)
        return Box(rect, corner_radii(self.border_radius, rect))

    def _stroke(self, ctx: LowerContext, rect: Rect, width: float) -> Stroke:
        return Stroke(
            paint_for(self.stroke, rect, ctx),
            width,
            cap=self.stroke_cap,
            join=self.stroke_join,
            dash=self.stroke_dash if sum(self.stroke_dash) > 0 else (),
            alignment=self.stroke_alignment if self.shape not in ("line", "arrow") else "center",
        )

    def _line(self, ctx: LowerContext, rect: Rect, width: float) -> tuple[Node, ...]:
        stroke = self._stroke(ctx, rect, width)
        middle, start, end = rect.height / 2, 0.0, rect.width
        nodes: list[Node] = []
        if self.shape == "arrow":
            length = min(self.head_size * width, rect.width)
            if self.arrow_head != "start":
                nodes.append(_head(stroke.paint, end, end - length, middle))
                end -= length * 0.9
            if self.arrow_head != "end":
                nodes.append(_head(stroke.paint, start, start + length, middle))
                start += length * 0.9
        line = Outline(polygon(((start, middle), (max(start, end), middle)), close=False))
        return (Path(line, stroke=stroke), *nodes)


def _head(paint: Paint, tip: float, base: float, y: float) -> Path:
    half = abs(tip - base) * math.tan(math.radians(30))
    return Path(Outline(polygon(((tip, y), (base, y - half), (base, y + half)))), fill=paint)


def _translucent(fill: Color | Gradient | ImageFill) -> bool:
    if isinstance(fill, Color):
        return fill.alpha < 1
    return isinstance(fill, ImageFill) or any(stop.color.alpha < 1 for stop in fill.stops)
