"""Where a layer says that its edges lie, relative to a sibling or to what is around it → a place in px.

The names and the arithmetic are those of insets in CSS Positioned Layout 3 and of CSS Anchor Positioning 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from tirage.engine.model import Model
from tirage.engine.values.length import ZERO, LengthValue
from tirage.engine.values.transform import Rect

Of = Literal["box", "text", "ink"]
_SHARE = {"left": 0.0, "center": 0.5, "right": 1.0, "top": 0.0, "middle": 0.5, "bottom": 1.0}
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
ACROSS = ("left", "center", "right")
DOWN = ("top", "middle", "bottom")

Target = Annotated[str, Field(min_length=1, max_length=200)]


class _Anchor(Model):
    """What an edge is tied to."""

    layer: Target | None = Field(None, description="The name of a layer of the same group; unset: the group or page.")
    of: Of = Field("box", description="Of a text its box, its set lines, or what its glyphs cover.")
    offset: LengthValue = Field(ZERO, description="To the right or downwards; percent of the group or page.")


class AcrossAnchor(_Anchor):
    """What a left or right edge or the centre is tied to."""

    edge: Literal["left", "center", "right"] | None = Field(
        None, description="Of the other layer; unset is the opposite one, of the group or page the same."
    )


class DownAnchor(_Anchor):
    """What an upper or lower edge or the middle is tied to."""

    edge: Literal["top", "middle", "bottom"] | None = Field(
        None, description="Of the other layer; unset is the opposite one, of the group or page the same."
    )


class Anchors(Model):
    """The edges of a layer that are tied to others; two of an axis stretch it between them."""

    left: AcrossAnchor | None = Field(None, description="What the left edge is tied to.")
    center: AcrossAnchor | None = Field(None, description="What the centre is tied to, across.")
    right: AcrossAnchor | None = Field(None, description="What the right edge is tied to.")
    top: DownAnchor | None = Field(None, description="What the upper edge is tied to.")
    middle: DownAnchor | None = Field(None, description="What the middle is tied to, downwards.")
    bottom: DownAnchor | None = Field(None, description="What the lower edge is tied to.")

    def each(self) -> Iterator[tuple[str, AcrossAnchor | DownAnchor]]:
        """The edges that are tied, with what they are tied to."""
        for key in (*ACROSS, *DOWN):
            if (found := getattr(self, key)) is not None:
                yield key, found


class Pins(Model):
    """Distances of a layer's edges from those of its group or page; two of an axis stretch it between them."""

    left: LengthValue | None = Field(None, description="From the left edge; percent of the width around.")
    right: LengthValue | None = Field(None, description="From the right edge; percent of the width around.")
    top: LengthValue | None = Field(None, description="From the upper edge; percent of the height around.")
    bottom: LengthValue | None = Field(None, description="From the lower edge; percent of the height around.")

    def each(self) -> Iterator[str]:
        """The edges that are pinned."""
        yield from (key for key in ("left", "right", "top", "bottom") if getattr(self, key) is not None)


class Edges(NamedTuple):
    """Where the edges of one axis must lie, px; None where nothing ties them."""

    start: float | None = None
    middle: float | None = None
    end: float | None = None

    @property
    def stretched(self) -> float | None:
        """The size between two tied edges."""
        return None if self.start is None or self.end is None else max(0.0, self.end - self.start)

    def place(self, own: float, size: float) -> float:
        """Where the layer of `size` px begins; `own` is where it begins by itself."""
        if self.start is not None:
            return self.start
        if self.end is not None:
            return self.end - size
        return own if self.middle is None else self.middle - size / 2


def edge_of(key: str, anchor: AcrossAnchor | DownAnchor) -> str:
    """The edge that `key` is tied to where none is named: the neighbour's near edge, or the same one of the parent."""
    return anchor.edge or (key if anchor.layer is None else _OPPOSITE.get(key, key))


def tied(key: str, anchor: AcrossAnchor | DownAnchor, target: Rect, width: float, height: float) -> float:
    """The coordinate that an edge is tied to, px; `width` and `height` are of the parent."""
    share = _SHARE[edge_of(key, anchor)]
    if key in ACROSS:
        return target.x + share * target.width + anchor.offset.resolve(width)
    return target.y + share * target.height + anchor.offset.resolve(height)


def pinned(pins: Pins | None, width: float, height: float) -> tuple[Edges, Edges]:
    """The edges that pins give in a parent of `width` × `height` px: across, and down."""
    if pins is None:
        return Edges(), Edges()
    left, right, top, bottom = pins.left, pins.right, pins.top, pins.bottom
    across = Edges(left.resolve(width) if left else None, None, width - right.resolve(width) if right else None)
    down = Edges(top.resolve(height) if top else None, None, height - bottom.resolve(height) if bottom else None)
    return across, down


def joined(across: Edges, down: Edges, anchored: dict[str, float]) -> tuple[Edges, Edges]:
    """Pinned edges with those that anchors gave, by their names."""
    return (
        Edges(*(anchored.get(key, old) for key, old in zip(ACROSS, across, strict=True))),
        Edges(*(anchored.get(key, old) for key, old in zip(DOWN, down, strict=True))),
    )
