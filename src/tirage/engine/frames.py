"""A bound row → the same row at the moments of an animation, with all but what time changes painted once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tirage.engine.layer import Layer, TimedLayer
from tirage.engine.scene import Scene, ScenePage
from tirage.engine.template import BoundPage, BoundTemplate
from tirage.engine.timing.remaining import later


def moves(bound: BoundTemplate) -> bool:
    """Whether anything in it changes with time."""
    return any(_timed(page.layers) for page in bound.pages)


def running(bound: BoundTemplate, frames: int, fps: float) -> Iterator[BoundTemplate]:
    """The row at the moment it was bound for, and at those that follow.

    Its timed layers are all that is touched there: to be laid out with a Prepared of its own.
    """
    for index in range(frames):
        pages = tuple(_page(page, bound, index / fps) for page in bound.pages)
        yield replace(bound, pages=pages)


def films(scenes: Sequence[Scene], fps: float) -> list[Scene]:
    """Scenes at moments 1/fps seconds apart → a film for each page; what looks the same is one longer frame."""
    made = []
    for number in range(len(scenes[0].pages)):
        shown: list[ScenePage] = []
        seconds: list[float] = []
        for page in (scene.pages[number] for scene in scenes):
            if shown and shown[-1].root == page.root:
                seconds[-1] += 1 / fps
            else:
                shown.append(page)
                seconds.append(1 / fps)
        made.append(Scene(tuple(shown), tuple(seconds)))
    return made


def _page(page: BoundPage, bound: BoundTemplate, seconds: float) -> BoundPage:
    timed = _timed(page.layers)
    touched = timed | bound.template.reach(timed)
    layers = tuple(_at(layer, seconds) for layer in page.layers)
    return replace(page, layers=layers, touched=frozenset(touched), background_touched=False)


def _timed(layers: tuple[Layer, ...]) -> set[str]:
    found: set[str] = set()
    for layer in layers:
        found |= {layer.id} if isinstance(layer, TimedLayer) else _timed(layer.nested())
    return found


def _at(layer: Layer, seconds: float) -> Layer:
    if isinstance(layer, TimedLayer):
        return layer.at(later(layer.now, seconds)) if layer.now else layer
    children: tuple[Any, ...] = layer.nested()
    if _timed(children):
        return layer.model_copy(update={"children": tuple(_at(child, seconds) for child in children)})
    return layer
