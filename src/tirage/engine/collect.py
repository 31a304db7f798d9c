"""BoundTemplate → the set of images and fonts it needs, in the order of first use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tirage.engine.layer import Layer
from tirage.engine.resources import FontRef, ImageRef, ResourceRef
from tirage.engine.template import BoundTemplate
from tirage.engine.values.fill import ImageFill


def collect(bound: BoundTemplate) -> tuple[ResourceRef, ...]:
    """Every picture and font face that drawing the pages will ask for, each once."""
    return tuple(dict.fromkeys(_needed(bound)))


def _needed(bound: BoundTemplate) -> Iterator[ResourceRef]:
    for page in bound.pages:
        if isinstance(page.background, ImageFill):
            yield ImageRef(page.background.image_url)
        yield from _of_layers(page.layers)
    for family in bound.template.document.settings.fonts:
        yield FontRef(family)


def _of_layers(layers: Iterable[Layer]) -> Iterator[ResourceRef]:
    for layer in layers:
        yield from layer.images()
        yield from layer.fonts()
        yield from _of_layers(layer.nested())
