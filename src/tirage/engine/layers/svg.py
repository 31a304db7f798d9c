"""A vector drawing, given as markup or as a file, with colours that can be replaced by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows
from tirage.engine.layer import BoxedLayer, Lowered, Url
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Group, Node
from tirage.engine.values.color import ColorValue

MAX_MARKUP = 2_000_000


class SvgLayer(BoxedLayer):
    """An SVG drawing fitted into the box as its `preserveAspectRatio` says; only `#id` and `data:` references live."""

    main: ClassVar[str | None] = "imageUrl"

    type: Literal["svg"] = "svg"
    svg: Annotated[str, Field(max_length=MAX_MARKUP)] = Field(
        "", description="The markup itself; wins over `imageUrl`."
    )
    image_url: Url = Field("", description="The drawing as a file or URL.")
    colors: dict[Annotated[str, Field(max_length=40)], ColorValue] = Field(
        default_factory=dict, max_length=64, description="Colours to replace: as the drawing writes them, to new ones."
    )

    def images(self) -> Iterator[ImageRef]:
        """The drawing, where it is a file."""
        if self.image_url and not self.svg:
            yield ImageRef(self.image_url)

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Background, the drawing, border; shadows follow the drawing's alpha."""
        frame = self.frame(width, height)
        nodes: tuple[Node, ...] = ()
        if self.svg or self.image_url:
            colors = tuple((name, color.css) for name, color in self.colors.items())
            drawing = ctx.svg(self.svg or self.image_url, width, height, colors)
            nodes = (Group((drawing,), clip=frame) if frame.radii else drawing,)
        else:
            ctx.warn("image_empty", "No drawing is named.", key="imageUrl")
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))
