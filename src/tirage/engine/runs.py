"""A page's layers → its nodes bottom to top: runs that no row touches are painted once and kept as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tirage.engine import brush, cost, paint
from tirage.engine.layer import Layer
from tirage.engine.layout import Laid, Services, Surroundings, lay_out, lay_out_background
from tirage.engine.scene import Group, Picture
from tirage.engine.template import BoundPage, Template
from tirage.engine.values.color import Color
from tirage.engine.values.transform import Rect

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""How much memory the pictures of one template's unchanging layers may take."""
MAX_FLAT_PIXELS = 16_000_000
"""Pages above this are painted layer by layer: their pictures would cost more memory than they save time."""


@dataclass(slots=True)
class Prepared:
    """A template with what no row can change: its services, and the picture of every run of untouched layers."""

    template: Template
    services: Services
    kept: dict[tuple[object, ...], Laid] = field(default_factory=dict)
    kept_bytes: int = 0


def page_parts(prepared: Prepared, around: Surroundings, *, with_background: bool) -> Iterator[Laid]:
    """The page bottom to top: what the row changes is laid out, runs of what it does not come from memory."""
    page = around.page
    flat = not around.vector and page.width * page.height * around.scale**2 <= MAX_FLAT_PIXELS
    runs = [
        (keep, tuple(layers)) for keep, layers in groupby(page.layers, lambda layer: flat and _keepable(layer, page))
    ]
    if with_background and page.background_touched:
        yield lay_out_background(around)
    elif with_background:
        first = runs.pop(0)[1] if flat and runs and runs[0][0] else ()
        # One colour alone is painted quicker than a picture of it.
        kept = flat and (first or not isinstance(page.background, Color))
        yield _kept(prepared, around, first, with_background=True) if kept else lay_out_background(around)
    for keep, layers in runs:
        yield _kept(prepared, around, layers, with_background=False) if keep else lay_out(layers, around)


def _keepable(layer: Layer, page: BoundPage) -> bool:
    """Whether no row value reaches the layer and its picture composes like the layer itself."""
    plain = (
        layer.blend_mode == "normal" and not layer.borrows() and all(_keepable(child, page) for child in layer.nested())
    )
    return plain and layer.id not in page.touched


def _kept(prepared: Prepared, around: Surroundings, layers: tuple[Layer, ...], *, with_background: bool) -> Laid:
    page = around.page
    whole = (page.index, page.width, page.height)
    key = (*whole, around.locale, with_background, around.scale, around.px_mm, tuple(layer.id for layer in layers))
    kept = prepared.kept.get(key)
    if kept is None:
        background = lay_out_background(around).nodes if with_background else ()
        laid = lay_out(layers, around)
        group = Group((*background, *laid.nodes))
        cost.check(group, page.width, page.height, around.scale)
        picture = _flat(group, page, around.scale)
        kept = Laid((picture,) if picture else (), laid.reports, laid.warnings, laid.links)
        size = picture.pixels.width * picture.pixels.height * 4 if picture else 0
        if prepared.kept_bytes + size > MAX_KEPT_BYTES:
            prepared.kept.clear()
            prepared.kept_bytes = 0
        prepared.kept[key] = kept
        prepared.kept_bytes += size
    return kept


def _flat(group: Group, page: BoundPage, scale: float) -> Picture | None:
    """The picture of a group, of the part of the page that it covers; None where that is nothing.

    A blended pixel costs the same whether it shows something or not, so a button must not be as large as the page.
    It is cut out of the painted page, since a curve painted elsewhere may differ from it by a level.
    """
    pixels = paint.flatten(group, page.width, page.height, scale)
    shown = brush.shown_part(pixels)
    if shown is None:
        return None
    left, top, width, height = shown
    across, down = page.width / pixels.width, page.height / pixels.height
    return Picture(
        brush.cut_out(pixels, left, top, width, height), Rect(left * across, top * down, width * across, height * down)
    )
