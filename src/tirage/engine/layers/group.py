"""Layers that move, fade, blend and are masked together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from tirage.engine.arrange import Align, Flow, Justify, Layout
from tirage.engine.decoration import alpha_shadows
from tirage.engine.flow import flow_size, flowing
from tirage.engine.layer import MAX_TEXT, BoxedLayer, Identifier, Lowered, Model
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Group, Mask, Node
from tirage.engine.tracks import Columns, tracks
from tirage.engine.values.color import Color
from tirage.engine.values.length import Length, LengthValue
from tirage.engine.values.sides import NONE, FourLengths
from tirage.engine.values.transform import Rect

if TYPE_CHECKING:
    from tirage.engine.layers import AnyLayer


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class MaskBy(Model):
    """Which child shows where the others are seen, and by what."""

    layer: Identifier = Field(description="The id of one of the group's own children; it is not drawn itself.")
    mode: Literal["alpha", "luminance"] = Field("alpha", description="Shown where it is opaque, or where it is bright.")


class Repeat(Model):
    """The children are drawn once for each item of a list."""

    items: Annotated[str, Field(max_length=MAX_TEXT)] | tuple[Any, ...] = Field(
        description="A list, or the placeholder or expression that gives one."
    )
    as_: VariableName = Field("item", alias="as", description="What the item is called in expressions inside.")
    index: VariableName = Field("index", description="What its number, counted from 0, is called there.")
    limit: int = Field(100, ge=0, le=1000, description="How many items are drawn at most.")


class GroupLayer(BoxedLayer):
    """Children in painting order, placed relative to the group's box."""

    type: Literal["group"] = "group"
    children: tuple[AnyLayer, ...] = Field((), description="Layers in painting order, placed in the group's box.")
    clip: bool = Field(False, description="Whether children are cut at the group's box and its rounded corners.")
    mask: MaskBy | None = Field(None, description="What the children are seen through.")

    repeat: Repeat | None = Field(None, description="Draws the children once for each item of a list.")

    layout: Layout = Field("none", description="Whether children have places of their own or follow each other.")
    gap: LengthValue = Field(Length(0), description="Between children along the layout.")
    cross_gap: LengthValue | None = Field(None, description="Between wrapped lines or rows of a grid; unset is `gap`.")
    padding: FourLengths = Field(NONE, description="Between the box and children that are laid out.")
    align: Align = Field("start", description="Across the layout; stretch acts on what is not fixed.")
    justify: Justify = Field("start", description="Along the layout, where there is room left.")
    wrap: bool = Field(False, description="Whether a full row goes on in a new line.")
    columns: Columns = Field(2, description="Of a grid: how many, or a list of px, percent, `1fr` and `auto`.")
    direction: Literal["ltr", "rtl"] = Field("ltr", description="Where rows begin.")

    def nested(self) -> tuple[Any, ...]:
        """The children."""
        return self.children

    def with_nested(self, each: Callable[[Any], Any]) -> Self:
        """The group with other children in their places; what masks them stays."""
        mask = self.mask.layer if self.mask else None
        children = tuple(child if child.id == mask else each(child) for child in self.children)
        return self.model_copy(update={"children": children})

    def ground(self) -> Color:
        """Its background; the children are layers of their own."""
        return self.background_color

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """A background and border, and between them the children, clipped and masked as one."""
        masked_by = self.mask.layer if self.mask else None
        children: list[Node] = []
        mask: Mask | None = None
        places = self._placed(ctx, width, height)
        for child in self.children:
            lowered = ctx.child(child, width, height, places.get(child.id))
            if child.id == masked_by and self.mask:
                mask = Mask(lowered, self.mask.mode)
            else:
                children.append(lowered)
        if mask or self.clip:
            clip = self.frame(width, height) if self.clip else None
            children = [Group(tuple(children), clip=clip, mask=mask)]
        return Lowered(alpha_shadows(self.framed(children, width, height), self.shadow))

    def natural(self, ctx: LowerContext, width: float | None) -> tuple[float, float] | None:
        """The room that laid out children take, with the padding; a group without a layout has its box."""
        if self.layout == "none":
            return None
        top, right, bottom, left = self._inset(width or 0.0)
        room = None if width is None else max(0.0, width - left - right)
        flowing = [child for child in self.children if not child.placed]
        found = flow_size(ctx, flowing, self._flow(room or 0.0), room)
        return found[0] + left + right, found[1] + top + bottom

    def _placed(self, ctx: LowerContext, width: float, height: float) -> dict[str, Rect]:
        """By id, the places that the layout gives to children, and those that are tied to others or to edges."""
        places: dict[str, Rect] = {}
        if self.layout != "none":
            top, right, bottom, left = self._inset(width)
            inner = (max(0.0, width - left - right), max(0.0, height - top - bottom))
            flow = [child for child in self.children if not child.placed]
            found = flowing(ctx, flow, self._flow(inner[0]), *inner)
            places = {child.id: each.moved(left, top) for child, each in zip(flow, found, strict=True)}
        return {**places, **ctx.places(self.children, width, height, places)}

    def _inset(self, width: float) -> tuple[float, ...]:
        return tuple(side.resolve(width) for side in self.padding)

    def _flow(self, width: float) -> Flow:
        gap = self.gap.resolve(width)
        return Flow(
            layout=self.layout,
            gap=gap,
            cross_gap=gap if self.cross_gap is None else self.cross_gap.resolve(width),
            align=self.align,
            justify=self.justify,
            wrap=self.wrap,
            tracks=tracks(self.columns, width),
            mirrored=self.direction == "rtl",
        )
