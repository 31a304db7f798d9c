"""A laid out layer → what its text or its pictures lose: smallest size, nothing to read, few pixels, a bad ratio."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tirage.engine.layer import Layer
from tirage.engine.layers.image import ImageLayer
from tirage.engine.layers.text import TextLayer
from tirage.engine.lowering import ImageInfo
from tirage.engine.report import ImageReport, LayerReport, Warning_

ENLARGED = 1.5
"""How far a picture may be enlarged before it looks soft: two thirds of the pixels on each side."""
LEAST_SHOWN = 0.5
"""Of a picture's area that a crop should leave, and of a frame's that a whole picture should fill."""
STRETCHED = 1.15
"""How much more one side may be enlarged than the other before people see it."""

_NEAR = 1.05
"""Up to this factor of the smallest size a text counts as set in it."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a picture lies in its frame: enlargement of each side, shares of the picture seen and of the frame filled."""

    across: float
    down: float
    seen: float
    filled: float


def findings(layer: Layer, report: LayerReport, scale: float, probe: Callable[[str], ImageInfo]) -> Iterator[Warning_]:
    """What there is to say of one layer; `scale` is device pixels per px."""
    if isinstance(layer, TextLayer) and report.text is not None:
        yield from _of_text(layer, report)
    if isinstance(layer, ImageLayer):
        for image in report.images:
            if probe(image.source).format != "svg":
                yield from _of_picture(layer, report, image, scale)


def _of_text(layer: TextLayer, report: LayerReport) -> Iterator[Warning_]:
    text = report.text
    assert text is not None
    if not text.text.strip():
        yield Warning_("text_empty", "There is nothing to read: the text is empty.", layer.name, "/text")
        return
    least = min(layer.min_font_size, layer.font_size)
    if (
        layer.fit == "shrink"
        and least < layer.font_size
        and text.font_size <= least * _NEAR
        and not text.overflow
        and not text.cut
    ):
        message = (
            f"The text fits only close to its smallest size: {text.font_size:.3g} px instead of {layer.font_size:g} px."
        )
        yield Warning_("text_smallest", message, layer.name, "/text")


def _of_picture(layer: ImageLayer, report: LayerReport, image: ImageReport, scale: float) -> Iterator[Warning_]:
    width, height = (math.dist(report.quad[0], report.quad[corner]) for corner in (1, 3))
    crop = image.crop
    if min(width, height, crop.width, crop.height) <= 0:
        return
    shown = _shown(layer, image, width, height)
    if max(shown.across, shown.down) * scale > ENLARGED:
        wide, high = (math.ceil(side * scale) for side in (width, height))
        message = (
            f"The picture has {crop.width:.0f} × {crop.height:.0f} px for a place of {wide} × {high}: it looks soft."
        )
        yield Warning_("picture_small", message, layer.name, "/imageUrl")
    forms = f"it is {_side(image.width, image.height)}, its frame {_side(width, height)}"
    message = ""
    if shown.seen < LEAST_SHOWN:
        message = f"Only {shown.seen:.0%} of the picture is seen: {forms}."
    elif shown.filled < LEAST_SHOWN:
        message = f"The picture fills only {shown.filled:.0%} of its frame: {forms}."
    elif max(shown.across, shown.down) > STRETCHED * min(shown.across, shown.down):
        message = f"The picture is stretched: {forms}."
    if message:
        yield Warning_("picture_ratio", message, layer.name, "/imageUrl")


def _shown(layer: ImageLayer, image: ImageReport, width: float, height: float) -> _Shown:
    crop = image.crop
    across, down = width / crop.width, height / crop.height
    seen = crop.width * crop.height / (image.width * image.height)
    match layer.image_position:
        case None:
            how = layer.fit
        case "contain" | "align":
            how = "contain"
        case _:
            how = "cover"
    if how == "none":
        return _Shown(1.0, 1.0, 1.0, 1.0)
    if how != "contain":
        return _Shown(across, down, seen, 1.0)
    factor = min(across, down)
    wide, high = factor, factor
    if layer.image_position == "align":
        wide = across if layer.image_align_h == "full" else factor
        high = down if layer.image_align_v == "full" else factor
    return _Shown(wide, high, 1.0, crop.width * wide * crop.height * high / (width * height))


def _side(width: float, height: float) -> str:
    """A ratio in words that people compare at a glance."""
    if width >= height:
        return f"{width / height:.2g}:1" if width / height < 10 else f"{width / height:.0f}:1"
    return f"1:{height / width:.2g}" if height / width < 10 else f"1:{height / width:.0f}"
