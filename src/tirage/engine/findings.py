"""What was laid out → what its text or its pictures lose: smallest size, nothing to read, few pixels, a bad ratio."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from tirage.engine.lowering import ImageInfo
from tirage.engine.report import ImageReport, LayerReport, TextReport, Warning_
from tirage.engine.values.transform import Rect

ENLARGED = 1.5
"""How far a picture may be enlarged before it looks soft: two thirds of the pixels on each side."""
LEAST_SHOWN = 0.5
"""Of a picture's area that a crop should leave, and of a frame's that a whole picture should fill."""
STRETCHED = 1.15
"""How much more one side may be enlarged than the other before people see it."""

_NEAR = 1.05
"""Up to this factor of the smallest size a text counts as set in it."""


def text_findings(layer: str, text: TextReport, size: float, least: float) -> Iterator[Warning_]:
    """Of a text that was to have `size` px an em and may shrink to `least`."""
    if not text.text.strip():
        yield Warning_("text_empty", "There is nothing to read: the text is empty.", layer, "/text")
    elif least < size and text.font_size <= least * _NEAR and not text.overflow and not text.cut:
        message = f"The text fits only close to its smallest size: {text.font_size:.3g} px instead of {size:g} px."
        yield Warning_("text_smallest", message, layer, "/text")


def picture_findings(
    report: LayerReport, scale: float, probe: Callable[[str], ImageInfo], *, natural: bool
) -> Iterator[Warning_]:
    """Of a layer's pictures, drawings aside; `natural` says that they are to have their own size."""
    for image in report.images:
        if probe(image.source).format != "svg":
            yield from _of_picture(report, image, scale, natural)


def _of_picture(report: LayerReport, image: ImageReport, scale: float, natural: bool) -> Iterator[Warning_]:
    width, height = (math.dist(report.quad[0], report.quad[corner]) for corner in (1, 3))
    crop, place = image.crop, image.place
    if min(width, height, crop.width, crop.height) <= 0:
        return
    across, down = place.width / crop.width, place.height / crop.height
    if max(across, down) * scale > ENLARGED:
        wide, high = (math.ceil(side * scale) for side in (width, height))
        message = (
            f"The picture has {crop.width:.0f} × {crop.height:.0f} px for a place of {wide} × {high}: it looks soft."
        )
        yield Warning_("picture_small", message, report.name, "/imageUrl")
    if natural:
        return
    seen = crop.width * crop.height / (image.width * image.height)
    filled = _shared(place, Rect(0, 0, width, height)) / (width * height)
    forms = f"it is {_side(image.width, image.height)}, its frame {_side(width, height)}"
    message = ""
    if seen < LEAST_SHOWN:
        message = f"Only {seen:.0%} of the picture is seen: {forms}."
    elif filled < LEAST_SHOWN:
        message = f"The picture fills only {filled:.0%} of its frame: {forms}."
    elif max(across, down) > STRETCHED * min(across, down):
        message = f"The picture is stretched: {forms}."
    if message:
        yield Warning_("picture_ratio", message, report.name, "/imageUrl")


def _shared(one: Rect, other: Rect) -> float:
    """The area that two rectangles have in common."""
    wide = min(one.right, other.right) - max(one.x, other.x)
    high = min(one.bottom, other.bottom) - max(one.y, other.y)
    return max(0.0, wide) * max(0.0, high)


def _side(width: float, height: float) -> str:
    """A ratio in words that people compare at a glance."""
    if width >= height:
        return f"{width / height:.2g}:1" if width / height < 10 else f"{width / height:.0f}:1"
    return f"1:{height / width:.2g}" if height / width < 10 else f"1:{height / width:.0f}"
