"""Layers that move, fade, blend and are masked together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tirage.engine.arrange import Align, Flow, Item, Justify, Layout, arrange, content_size
from tirage.engine.decoration import alpha_shadows
from tirage.engine.layer import BoxedLayer, Identifier, Layer, Lowered, Model
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Group, Mask, Node
from tirage.engine.values.length import Length, LengthValue
from tirage.engine.values.sides import NONE, FourLengths
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

    layout: Layout = Field("none", description="Whether children have places of their own or follow each other.")
    gap: LengthValue = Field(Length(0), description="Between children along the layout.")
    cross_gap: LengthValue | None = Field(None, description="Between wrapped lines or rows of a grid; unset is `gap`.")
    padding: FourLengths = Field(NONE, description="Between the box and children that are laid out.")
    align: Align = Field("start", description="Across the layout: start, center, end, or stretch what is not fixed.")
    justify: Justify = Field("start", description="Along the layout, where there is room left.")
    wrap: bool = Field(False, description="Whether a full row goes on in a new line.")
    columns: int = Field(2, ge=1, le=100, description="Of a grid.")
    direction: Literal["ltr", "rtl"] = Field("ltr", description="Where rows begin.")

    def nested(self) -> tuple[Any, ...]:
        """The children."""
        return self.children

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """A background and border, and between them the children, clipped and masked as one."""
        masked_by = self.mask.layer if self.mask else None
        children: list[Node] = []
        mask: Mask | None = None
        for child, place in self._placed(ctx, width, height):
            lowered = ctx.child(child, width, height, place)
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
        found = content_size(self._items(ctx, room, None), self._flow(room or 0.0), room)
        return found[0] + left + right, found[1] + top + bottom

    def _placed(self, ctx: LowerContext, width: float, height: float) -> Iterator[tuple[Any, Rect | None]]:
        """The children with the places that the layout gives them; without one they have their own."""
        if self.layout == "none":
            yield from ((child, None) for child in self.children)
            return
        top, right, bottom, left = self._inset(width)
        inner = (max(0.0, width - left - right), max(0.0, height - top - bottom))
        places = arrange(self._items(ctx, *inner), *inner, self._flow(inner[0]))
        yield from zip(self.children, (each.moved(left, top) for each in places), strict=True)

    def _items(self, ctx: LowerContext, width: float | None, height: float | None) -> list[Item]:
        """The children's sizes: widths first, because the height of a text depends on its width."""
        columns = max(1, self.columns) if self.layout == "grid" else 1
        gap = self.gap.resolve(width or 0.0)
        column = None if width is None else max(0.0, (width - gap * (columns - 1)) / columns)
        widths = [self._width(ctx, child, column) for child in self.children]
        if self.layout == "row" and width is not None:
            takers = sum(child.width_mode == "fill" for child in self.children)
            taken = sum(each for child, each in zip(self.children, widths, strict=True) if child.width_mode != "fill")
            share = max(0.0, width - taken - gap * (len(widths) - 1)) / max(1, takers)
            widths = [share if child.width_mode == "fill" else each
                      for child, each in zip(self.children, widths, strict=True)]  # fmt: skip
        return [self._item(ctx, child, each, height) for child, each in zip(self.children, widths, strict=True)]

    def _width(self, ctx: LowerContext, child: Layer, room: float | None) -> float:
        if child.width_mode == "fill" and room is not None and self.layout != "row":
            return room
        if child.width_mode != "fixed" and (asked := ctx.natural(child, room)) is not None:
            return asked[0]
        return child.width.resolve(room or 0.0)

    def _item(self, ctx: LowerContext, child: Layer, width: float, room: float | None) -> Item:
        height = child.height.resolve(room or 0.0)
        if child.height_mode != "fixed" and (asked := ctx.natural(child, width)) is not None:
            height = asked[1]
        return Item(
            width, height, child.width_mode == "fill", child.height_mode == "fill",
            child.width_mode != "fixed", child.height_mode != "fixed",
        )  # fmt: skip

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
            columns=self.columns,
            mirrored=self.direction == "rtl",
        )
