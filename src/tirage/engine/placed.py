"""Layers of one parent and what ties them → the places of those that are tied, each after what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tirage.engine.layer import Layer
from tirage.engine.placing import Edges, joined, pinned, tied
from tirage.engine.values.transform import Rect


@dataclass(frozen=True, slots=True)
class Extents:
    """What a layer covers, px from the corner of its box before it is turned: box, set lines, ink; first baseline."""

    box: Rect
    text: Rect
    ink: Rect
    baseline: float


OwnBox = Callable[[Layer, float, float, Edges, Edges], Rect]
"""The box of a layer in a parent of that width and height, with the edges that are tied."""


def placed_among(
    layers: Sequence[Layer],
    width: float,
    height: float,
    extents: Callable[[Layer, Rect], Extents],
    own_box: OwnBox,
    given: Mapping[str, Rect],
) -> dict[str, Rect]:
    """By id, the places of the tied ones among the layers of a parent of `width` × `height` px.

    `given` are the places of layers that their group's layout has placed. Each layer is measured at most once.
    """
    if not any(layer.placed for layer in layers):
        return {}
    by_name = {layer.name: layer for layer in layers}
    boxes: dict[str, Rect] = dict(given)
    parent = Rect(0, 0, width, height)

    def target(name: str | None, of: str) -> Rect:
        if name is None:
            return parent
        layer = by_name[name]
        box = boxes.get(layer.id)
        if box is None:
            box = boxes[layer.id] = own_box(layer, width, height, Edges(), Edges())
        found: Rect = getattr(extents(layer, box), of)
        return found.moved(box.x, box.y)

    placed: dict[str, Rect] = {}
    for layer in in_order(layers):
        anchored = {}
        for key, anchor in layer.anchor.each() if layer.anchor else ():
            if anchor.layer is None or anchor.layer in by_name:
                anchored[key] = tied(key, anchor, target(anchor.layer, anchor.of), width, height)
        edges = joined(*pinned(layer.pin, width, height), anchored)
        placed[layer.id] = boxes[layer.id] = own_box(layer, width, height, *edges)
    return placed


def in_order(layers: Sequence[Layer]) -> Iterator[Layer]:
    """The tied layers, each behind those that it is tied to (which parsing has seen to be possible)."""
    by_name = {layer.name: layer for layer in layers if layer.placed}
    begun: set[str] = set()
    done: set[str] = set()
    for first in by_name:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            before = [each for each in targets(by_name[name]) if each in by_name and each not in begun]
            if name not in begun and before:
                waiting += before
            else:
                waiting.pop()
                if name not in done:
                    yield by_name[name]
                done.add(name)
            begun.add(name)


def targets(layer: Layer) -> Iterator[str]:
    """The names of the siblings that a layer is tied to."""
    if layer.anchor is not None:
        yield from (anchor.layer for _, anchor in layer.anchor.each() if anchor.layer is not None)
