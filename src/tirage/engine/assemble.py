"""A valid document and its compiled placeholders → Template: layers by id and name, what repeats, who follows whom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from tirage.engine.anchoring import followers
from tirage.engine.layer import Layer
from tirage.engine.template import Document, PatternTree, Repeated, Template


def assembled(
    document: Document,
    raw: Mapping[str, Any],
    patterns: Mapping[str, Mapping[str, PatternTree]],
    items: Mapping[str, PatternTree],
    conditions: Mapping[int, PatternTree],
) -> Template:
    """The template of a document that was read from `raw`; `items` are those of repeated groups, by id."""
    layers: dict[str, Layer] = {}
    ancestors: dict[str, tuple[str, ...]] = {}
    following: dict[str, list[str]] = {}

    def walk(level: tuple[Layer, ...], above: tuple[str, ...]) -> None:
        for target, follower in followers(level):
            following.setdefault(target, []).append(follower)
        for layer in level:
            layers[layer.id] = layer
            ancestors[layer.id] = above
            walk(layer.nested(), (*above, layer.id))

    for page in document.pages:
        walk(page.layers, ())
    return Template(
        document,
        hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        patterns,
        layers,
        ancestors,
        {layer.name: layer.id for layer in layers.values()},
        _repetitions(layers, ancestors, items),
        conditions,
        {target: tuple(ids) for target, ids in following.items()},
    )


def _repetitions(
    layers: Mapping[str, Layer], ancestors: Mapping[str, tuple[str, ...]], items: Mapping[str, PatternTree]
) -> dict[str, Repeated]:
    """The repeated groups of a document, outer ones first; `items` says of each by its id where its items come from."""
    inside: dict[str, list[str]] = {}
    around: dict[str, str | None] = {}
    for layer_id in layers:
        around[layer_id] = next((above for above in reversed(ancestors[layer_id]) if above in items), None)
        if (above := around[layer_id]) is not None:
            inside.setdefault(above, []).append(layer_id)
    found = {}
    for layer_id in (each for each in layers if each in items):
        repeat: Any = getattr(layers[layer_id], "repeat")  # noqa: B009  (only groups have it)
        found[layer_id] = Repeated(
            items[layer_id], repeat.as_, repeat.index, repeat.limit, tuple(inside.get(layer_id, ())), around[layer_id]
        )
    return found
