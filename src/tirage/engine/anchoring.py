"""Sibling layers → what is wrong with the way in which they are tied, and who follows whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tirage.engine.errors import Problem, closest
from tirage.engine.layer import Layer
from tirage.engine.placed import targets
from tirage.engine.placing import ACROSS, DOWN, AcrossAnchor, DownAnchor


def anchor_problems(layers: Sequence[Layer], pointers: Mapping[str, str]) -> Iterator[Problem]:
    """Names that no sibling bears, edges tied twice, circles; `pointers` are the layers' own, by id."""
    names = [layer.name for layer in layers if any(each.placed for each in layers)]
    for layer in layers:
        if not layer.placed:
            continue
        yield from edge_problems(layer, pointers[layer.id])
        for key, anchor in layer.anchor.each() if layer.anchor else ():
            at = f"{pointers[layer.id]}/anchor/{key}/layer"
            if anchor.layer == layer.name:
                yield Problem("anchor_circular", "A layer cannot be tied to itself.", at, layer=layer.name)
            elif anchor.layer is not None and anchor.layer not in names:
                yield unknown_target(anchor.layer, names, layer, at)
    for circle in circles(layers):
        first = circle[0]
        way = " → ".join(repr(each.name) for each in (*circle, first))
        yield Problem(
            "anchor_circular",
            f"Layers are tied in a circle: {way}.",
            f"{pointers[first.id]}/anchor",
            "Give one of them a place of its own.",
            layer=first.name,
        )


def unknown_target(name: str, names: Sequence[str], layer: Layer, at: str) -> Problem:
    """An anchor names none of the siblings."""
    near = closest(name, [each for each in names if each != layer.name])
    hint = f"Did you mean {near!r}?" if near else "An anchor names a layer of the same group, or of the page itself."
    message = f"No layer beside {layer.name!r} is called {name[:100]!r}."
    return Problem("anchor_unknown", message, at, hint, closest=near, layer=layer.name)


def edge_problems(layer: Layer, at: str) -> Iterator[Problem]:
    """Edges that are tied twice, or more of an axis than decide it."""
    anchored = [key for key, _ in layer.anchor.each()] if layer.anchor else []
    pinned = list(layer.pin.each()) if layer.pin else []
    for key in sorted({*anchored} & {*pinned}):
        message = f"{key!r} is pinned and anchored; one of them decides."
        yield Problem("anchor_conflict", message, f"{at}/pin/{key}", layer=layer.name)
    for axis in (ACROSS, DOWN):
        both = sorted({*anchored, *pinned} & {*axis}, key=axis.index)
        if axis[1] in both and len(both) > 1:
            other = next(key for key in both if key != axis[1])
            message = f"{axis[1]!r} decides a place by itself; it cannot stand beside {other!r}."
            yield Problem("anchor_conflict", message, f"{at}/anchor/{axis[1]}", layer=layer.name)


def circles(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """Each circle of layers that are tied to each other, once; a layer that is tied to itself is none."""
    by_name = {layer.name: layer for layer in layers if layer.anchor is not None}
    settled: set[str] = set()
    for start in by_name:
        path: list[str] = []
        ways = [iter([start])]
        on_path: dict[str, int] = {}
        while ways:
            name = next(ways[-1], None)
            if name is None:
                ways.pop()
                if path:
                    settled.add(gone := path.pop())
                    on_path.pop(gone)
            elif name in on_path:
                if on_path[name] < len(path) - 1:
                    yield [by_name[each] for each in path[on_path[name] :]]
            elif name in by_name and name not in settled:
                on_path[name] = len(path)
                path.append(name)
                ways.append(targets(by_name[name]))


def followers(layers: Sequence[Layer]) -> Iterator[tuple[str, str]]:
    """The ids of a layer and of one that is tied to it: where the first one changes, the second one moves."""
    ids = {layer.name: layer.id for layer in layers}
    for layer in layers:
        for name in targets(layer):
            yield ids[name], layer.id


def without_hidden(drawn: Sequence[Layer], hidden: Mapping[str, Layer]) -> list[Layer]:
    """The drawn layers, tied to what is drawn: in the place of a hidden layer stands what ties the same edge of it.

    Has it nothing there, the edge is free, and the layer keeps its own place.
    """
    if not any(name in hidden for layer in drawn for name in targets(layer)):
        return list(drawn)
    return [_retied(layer, hidden) for layer in drawn]


def _retied(layer: Layer, hidden: Mapping[str, Layer]) -> Layer:
    if layer.anchor is None or not any(name in hidden for name in targets(layer)):
        return layer
    update: dict[str, AcrossAnchor | DownAnchor | None] = {}
    for key, anchor in layer.anchor.each():
        found: AcrossAnchor | DownAnchor | None = anchor
        for _ in range(len(hidden) + 1):
            if found is None or found.layer is None or found.layer not in hidden:
                break
            behind = hidden[found.layer].anchor
            found = getattr(behind, key) if behind is not None else None
        update[key] = found
    return layer.model_copy(update={"anchor": layer.anchor.model_copy(update=update)})
