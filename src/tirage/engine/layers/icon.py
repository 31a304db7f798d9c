"""An icon of the bundled set, drawn with a pen of any width in any colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.icons import UNITS, IconName, icon
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Node, Outline, Path, Stroke
from tirage.engine.values.color import BLACK
from tirage.engine.values.fill import FillValue, ImageFill
from tirage.engine.values.outline import moved, scaled
from tirage.engine.values.transform import Rect


class IconLayer(BoxedLayer):
    """As large as the layer's box allows, in its middle."""

    main: ClassVar[str | None] = "icon"

    type: Literal["icon"] = "icon"
    icon: IconName = Field(
        "star", description="A name of the bundled set (Lucide), such as map-pin; empty draws nothing."
    )
    color: FillValue = Field(BLACK, description="A colour, or a gradient over the icon.")
    stroke_width: float = Field(2, gt=0, le=6, description="Of the pen, in 24ths of the icon's side.")

    def images(self) -> Iterator[ImageRef]:
        """The picture of an image fill."""
        if isinstance(self.color, ImageFill):
            yield ImageRef(self.color.image_url)

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """The stroked outlines as one path; the dots of some icons as another."""
        if not self.icon:
            return Lowered(self.framed((), width, height))
        drawing = icon(self.icon)
        side = min(width, height)
        x, y = (width - side) / 2, (height - side) / 2
        zoom = side / UNITS
        paint = paint_for(self.color, Rect(x, y, side, side), ctx)
        pen = Stroke(paint, self.stroke_width * zoom, cap="round", join="round")
        nodes: list[Node] = [Path(Outline(moved(scaled(drawing.stroked, zoom, zoom), x, y)), stroke=pen)]
        if drawing.filled:
            nodes.append(Path(Outline(moved(scaled(drawing.filled, zoom, zoom), x, y)), fill=paint))
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))
