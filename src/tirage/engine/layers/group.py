"""Layers that move, fade, blend and are masked together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, border
from tirage.engine.layer import BoxedLayer, Identifier, Lowered, Model
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Box, Group, Mask, Node, Path, Solid
from tirage.engine.values.sides import corner_radii
from tirage.engine.values.transform import Rect

if TYPE_CHECKING:
    from tirage.engine.layers import AnyLayer


class MaskBy(Model):
    """Which child shows where the others are seen, and by what."""

    layer: Identifier = Field(description="The id of one of the group's own children; it is not drawn itself.")
    mode: Literal["alpha", "luminance"] = Field("alpha", description="Shown where it is opaque, or where it is bright.")


class GroupLayer(BoxedLayer):
    """Children in painting order, placed relative to the group's box."""

    type: Literal["group"] = "group"
    children: tuple[AnyLayer, ...] = Field((), description="Layers in painting order, placed in the group's box.")
    clip: bool = Field(False, description="Whether children are cut at the group's box and its rounded corners.")
    mask: MaskBy | None = Field(None, description="What the children are seen through.")

    def nested(self) -> tuple[Any, ...]:
        """The children."""
        return self.children

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """A background and border, and between them the children, clipped and masked as one."""
        rect = Rect(0, 0, width, height)
        frame = Box(rect, corner_radii(self.border_radius, rect))
        masked_by = self.mask.layer if self.mask else None
        children: list[Node] = []
        mask: Mask | None = None
        for child in self.children:
            lowered = ctx.child(child, width, height)
            if child.id == masked_by and self.mask:
                mask = Mask(lowered, self.mask.mode)
            else:
                children.append(lowered)
        nodes: list[Node] = []
        if self.background_color.alpha > 0:
            nodes.append(Path(frame, fill=Solid(self.background_color)))
        if mask or self.clip:
            nodes.append(Group(tuple(children), clip=frame if self.clip else None, mask=mask))
        else:
            nodes.extend(children)
        edge = border(frame, self.border_px(width, height), self.border_color, self.border_style)
        if edge is not None:
            nodes.append(edge)
        return Lowered(alpha_shadows(tuple(nodes), self.shadow))
