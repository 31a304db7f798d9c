"""A group's children and the room inside → their sizes: widths first, since a text's height depends on its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from tirage.engine.arrange import Flow, Item, Side, arrange, content_size, track_widths
from tirage.engine.layer import Layer
from tirage.engine.lowering import LowerContext
from tirage.engine.values.length import Length
from tirage.engine.values.transform import Rect


def flowing(ctx: LowerContext, children: Sequence[Layer], flow: Flow, width: float, height: float) -> list[Rect]:
    """The places of children in a room of `width` × `height` px."""
    return arrange(_items(ctx, children, flow, width, height), width, height, flow)


def flow_size(ctx: LowerContext, children: Sequence[Layer], flow: Flow, width: float | None) -> tuple[float, float]:
    """The room that children ask for, px; with a `width` they share it."""
    return content_size(_items(ctx, children, flow, width, None), flow, width)


def _items(
    ctx: LowerContext, children: Sequence[Layer], flow: Flow, width: float | None, height: float | None
) -> list[Item]:
    rooms: Sequence[float | None] = [width] * len(children)
    if flow.layout == "grid":
        # What columns hold decides those that are as wide as it; then widths in percent have something to be of.
        asked = [_width(ctx, child, None).size for child in children]
        tracks = track_widths(flow, asked, width)
        rooms = [tracks[place % len(tracks)] for place in range(len(children))]
    sides = [_width(ctx, child, room, flow.wrap) for child, room in zip(children, rooms, strict=True)]
    if width is None:
        widths = [side.size for side in sides]
    else:
        flat = replace(flow, align="stretch" if flow.align == "stretch" else "start", justify="start", mirrored=False)
        widths = [each.width for each in arrange([Item(side, Side(0)) for side in sides], width, 0.0, flat)]
    return [
        _item(ctx, child, side, wide, height, flow) for child, side, wide in zip(children, sides, widths, strict=True)
    ]


def _width(ctx: LowerContext, child: Layer, room: float | None, wrap: bool = False) -> Side:
    least, most = _bounds(child.min_width, child.max_width, room)
    size = child.width.resolve(room or 0.0)
    if child.width_mode == "fill" and wrap:
        size = 0.0  # what it needs at least decides where lines break
    elif child.width_mode == "hug" and (own := child.intrinsic(ctx)) is not None:
        size = child.height.resolve(0.0) * own[0] / own[1] if child.height_mode == "fixed" else min(own[0], room or inf)
    elif child.width_mode != "fixed":
        limit = None if room is None and most == inf else min(inf if room is None else room, most)
        if (asked := ctx.natural(child, limit)) is not None:
            size = asked[0]
    fill, soft = child.width_mode == "fill", child.width_mode != "fixed"
    return Side(max(least, min(most, size)), fill, soft, child.grow, least, most)


def _item(ctx: LowerContext, child: Layer, side: Side, width: float, room: float | None, flow: Flow) -> Item:
    least, most = _bounds(child.min_height, child.max_height, room)
    size = child.height.resolve(room or 0.0)
    if child.height_mode != "fixed" and (asked := ctx.natural(child, width)) is not None:
        size = asked[1]
    size = max(least, min(most, size))
    fill, soft = child.height_mode == "fill", child.height_mode != "fixed"
    baseline = ctx.baseline(child, width, size) if flow.align == "baseline" else None
    return Item(
        side if side.fill else replace(side, size=width), Side(size, fill, soft, child.grow, least, most), baseline
    )


def _bounds(least: Length | None, most: Length | None, room: float | None) -> tuple[float, float]:
    """The bounds in px; a percentage of a room that is not known binds nothing."""
    low = 0.0 if least is None or (least.percent and room is None) else least.resolve(room or 0.0)
    high = inf if most is None or (most.percent and room is None) else most.resolve(room or 0.0)
    return low, high
