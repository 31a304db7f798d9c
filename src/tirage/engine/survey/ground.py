"""A page and one of its texts → the pixels beneath it: of the template alone, or painted for one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tirage.engine import cost, paint
from tirage.engine.errors import RenderProblem
from tirage.engine.layer import Layer
from tirage.engine.layout import Surroundings, lay_out, lay_out_background
from tirage.engine.report import LayerReport
from tirage.engine.scene import Group, ScenePage
from tirage.engine.survey.contrast import Samples, uniform
from tirage.engine.template import BoundPage
from tirage.engine.values.color import Color
from tirage.engine.values.transform import Rect

SIDE = 480
"""Pixels of the longer side of a page whose grounds are looked at: finer than any stroke of a letter need not be."""
MAX_KEPT = 64
"""Painted grounds kept, of at most 0.7 MB each."""
_EVEN = 8
"""Levels that pixels of an even ground differ by at most, so that it counts as one colour."""

Raster = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Beneath:
    """What lies beneath a text: its pixels, None where they are not known; and whether the row decides on them."""

    samples: Samples | None
    of_row: bool = False


@dataclass(frozen=True, slots=True)
class Stack:
    """A page as it is laid out: reports in painting order, the layers and boxes they tell of."""

    around: Surroundings
    layers: Mapping[str, Layer]
    changed: frozenset[str]
    """The ids of layers that the row itself changes."""
    reports: list[LayerReport] = field(default_factory=list)
    boxes: list[Rect] = field(default_factory=list)

    @property
    def page(self) -> BoundPage:
        """The page."""
        return self.around.page


@dataclass(slots=True)
class Grounds:
    """The grounds of one template's texts, each painted once without what rows change."""

    _rasters: dict[tuple[object, ...], Raster | None] = field(default_factory=dict)
    _even: dict[tuple[object, ...], Samples | None] = field(default_factory=dict)

    def beneath(self, stack: Stack, place: int, ink: Rect, *, painted: bool = False) -> Beneath:
        """What lies beneath the ink of the text whose report stands at `place`.

        Only with `painted` the row's own pictures and drawings are painted for it; else such a ground is not known.
        """
        page, layer = stack.page, stack.layers[stack.reports[place].id]
        above_template = False
        for index in range(place - 1, -1, -1):
            below = stack.layers.get(stack.reports[index].id)
            if below is None or not _meets(stack.boxes[index], ink) or not _paints(below):
                continue
            of_row = below.id in stack.changed
            cover = _cover(below) if _holds(stack.boxes[index], ink) else None
            if cover is not None and not above_template:
                return Beneath(uniform(cover), of_row)
            if cover is not None and not of_row:
                return self._of_template(stack, layer, ink)  # whatever the row puts below is hidden
            if of_row:
                return self._painted(stack, layer, ink) if painted else Beneath(None, True)
            above_template = True
        background = page.background
        if not above_template and isinstance(background, Color):
            return Beneath(uniform(background) if background.alpha == 1 else None, page.background_touched)
        if page.background_touched:
            return self._painted(stack, layer, ink) if painted else Beneath(None, True)
        return self._of_template(stack, layer, ink)

    def _of_template(self, stack: Stack, layer: Layer, ink: Rect) -> Beneath:
        page = stack.page
        # A row that leaves a cell empty leaves more of the template as it is.
        key = (page.index, page.width, page.height, layer.id, stack.changed)
        if key not in self._rasters:
            if len(self._rasters) > MAX_KEPT:
                self._rasters.clear()
            self._rasters[key] = _paint(stack, layer, lambda other: other.id not in stack.changed)
        raster = self._rasters[key]
        if raster is None:
            return Beneath(None)
        # Most texts stand on one colour, wherever in their box the letters are: that is seen once.
        box = stack.boxes[next(i for i, report in enumerate(stack.reports) if report.id == layer.id)]
        place = (*key, _pixels(raster, page, box))
        if place not in self._even:
            if len(self._even) > 4096:
                self._even.clear()
            found = _cut(raster, page, box)
            even = found is not None and bool((np.ptp(found, axis=0) <= _EVEN).all())
            self._even[place] = found[:1] if found is not None and even else None
        even_ground = self._even[place] if _holds(box, ink) else None
        return Beneath(even_ground if even_ground is not None else _cut(raster, page, ink))

    def _painted(self, stack: Stack, layer: Layer, ink: Rect) -> Beneath:
        raster = _paint(stack, layer, lambda other: True)
        return Beneath(None if raster is None else _cut(raster, stack.page, ink), True)


def _paint(stack: Stack, layer: Layer, wanted: Callable[[Layer], bool]) -> Raster | None:
    """What is wanted of all beneath a layer, painted: (rows, columns, RGBA); None where that costs too much."""
    page = stack.page
    scale = min(1.0, SIDE / max(page.width, page.height))
    around = replace(stack.around, measured=False, vector=False, scale=scale)
    layers = _before(page.layers, layer.id, wanted)
    nodes = (*lay_out_background(around).nodes, *lay_out(layers, around).nodes)
    root = Group(nodes)
    try:
        cost.check(root, page.width, page.height, scale)
    except RenderProblem:
        return None
    return paint.raster(ScenePage(page.name, page.width, page.height, root), scale=scale).data


def _before(layers: Sequence[Layer], last: str, wanted: Callable[[Layer], bool]) -> tuple[Layer, ...]:
    """The layers that are painted before one, others without ink: in laid out groups they still take their room."""
    reached = False

    def shown(layer: Layer) -> Layer:
        nonlocal reached
        reached = reached or layer.id == last
        if not reached and layer.nested():
            return layer.with_nested(shown)
        return layer if not reached and wanted(layer) else layer.model_copy(update={"opacity": 0.0})

    return tuple(shown(layer) for layer in layers)


def _cover(layer: Layer) -> Color | None:
    """The one opaque colour that the layer's whole box shows, None where it shows more or less than that."""
    if layer.opacity < 1 or layer.blend_mode != "normal" or layer.blur or layer.rotation % 90:
        return None
    color = layer.ground()
    return color if color is not None and color.alpha == 1 else None


def _paints(layer: Layer) -> bool:
    """Whether there may be something of the layer itself beneath a text; letters beneath letters do not count."""
    color = layer.ground()
    return layer.opacity > 0 and (color is None or color.alpha > 0)


def _meets(box: Rect, ink: Rect) -> bool:
    return box.x < ink.right and ink.x < box.right and box.y < ink.bottom and ink.y < box.bottom


def _holds(box: Rect, ink: Rect) -> bool:
    return box.x <= ink.x and box.y <= ink.y and box.right >= ink.right and box.bottom >= ink.bottom


def _pixels(raster: Raster, page: BoundPage, part: Rect) -> tuple[int, int, int, int]:
    rows, columns = raster.shape[:2]
    across, down = columns / page.width, rows / page.height
    left, top = max(0, int(part.x * across)), max(0, int(part.y * down))
    right, bottom = min(columns, int(part.right * across) + 1), min(rows, int(part.bottom * down) + 1)
    return left, top, right, bottom


def _cut(raster: Raster, page: BoundPage, part: Rect) -> Samples | None:
    """The pixels of a part of the page; None where it lies outside or something shines through."""
    left, top, right, bottom = _pixels(raster, page, part)
    if right <= left or bottom <= top:
        return None
    found = raster[top:bottom, left:right].reshape(-1, 4)
    if int(found[:, 3].min()) < 255:
        return None
    samples: Samples = found[:, :3]
    return samples
