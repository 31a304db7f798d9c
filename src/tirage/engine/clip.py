"""The figure that a picture is cut to → its outline within a box."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tirage.engine.layer import Model
from tirage.engine.scene import Box, Ellipse, Outline, Shape
from tirage.engine.values.outline import PathData, parse_path, regular_polygon, scaled, star
from tirage.engine.values.transform import Rect


class Clip(Model):
    """The figure that a picture is cut to, inscribed in its box."""

    type: Literal["rectangle", "ellipse", "polygon", "star", "path"] = Field("ellipse", description="The figure.")
    sides: int = Field(6, ge=3, le=100, description="Corners of a polygon.")
    points: int = Field(5, ge=3, le=100, description="Tips of a star.")
    inner_radius: float = Field(0.5, ge=0.01, le=1, description="A star's inner radius as a fraction of the outer.")
    path: PathData | None = Field(None, description="SVG path data, in px of the box or of `viewBox`.")
    view_box: tuple[float, float] | None = Field(None, description="Width and height that `path` is drawn in.")

    def figure(self, rect: Rect) -> Shape:
        """The figure inscribed in a box; a path that is missing cuts nothing."""
        match self.type:
            case "ellipse":
                return Ellipse(rect)
            case "polygon":
                return Outline(regular_polygon(self.sides, rect.width, rect.height))
            case "star":
                return Outline(star(self.points, self.inner_radius, rect.width, rect.height))
        commands = parse_path(self.path) if self.path else ()
        if self.view_box and all(side > 0 for side in self.view_box):
            commands = scaled(commands, rect.width / self.view_box[0], rect.height / self.view_box[1])
        return Outline(commands) if commands else Box(rect)
