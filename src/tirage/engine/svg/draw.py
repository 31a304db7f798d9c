"""Draws a prepared drawing into a box: Drawing, size, colours → paths where they are exact, else a picture of it."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("VIPS_CONCURRENCY", "1")

import numpy as np
import pyvips
from lxml import etree

from tirage.engine.scene import Node, Picture, Pixels
from tirage.engine.skia_loader import skia
from tirage.engine.svg.lower import lower_paths
from tirage.engine.svg.read import SVG, Drawing, rejected, too_complex
from tirage.engine.svg.recolor import recolored
from tirage.engine.svg.shapes import NotExact
from tirage.engine.svg.viewport import ratio, view_box
from tirage.engine.values.transform import Rect

MAX_PIXELS = 50_000_000

pyvips.block_untrusted_set(True)
pyvips.cache_set_max(0)


def lower_svg(
    drawing: Drawing, width: float, height: float, colors: Sequence[tuple[str, str]] = (), *, scale: float = 1.0
) -> Node:
    """Fit a drawing into a box of `width` × `height` px, its colours replaced, as (from, to) pairs name them.

    Paths where they look exactly as the drawing does; else a Picture at `scale` device px per px.
    Raises ResourceProblem `svg_rejected` or `svg_too_complex`.
    """
    if colors:
        drawing = recolored(drawing, colors)
    try:
        return lower_paths(drawing, width, height)
    except NotExact:
        return raster(drawing, width, height, scale)


def raster(drawing: Drawing, width: float, height: float, scale: float) -> Picture:
    """The picture that librsvg makes of a drawing, in whole device px. Raises ResourceProblem."""
    columns, rows = max(1, math.ceil(width * scale - 1e-6)), max(1, math.ceil(height * scale - 1e-6))
    if columns * rows > MAX_PIXELS:
        raise too_complex(f"it would be drawn with {columns}×{rows} px; the limit is {MAX_PIXELS // 10**6} megapixels")
    markup = etree.tostring(_framed(drawing, width, height, columns, rows))
    # Only here, on markup that has passed the allow-lists, and from a buffer, which has no folder to look in.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    try:
        image = pyvips.Image.svgload_buffer(markup, dpi=96, scale=72 / 96)
        samples = np.frombuffer(image.write_to_memory(), np.uint8)
    except pyvips.Error:
        raise rejected("it cannot be drawn") from None
    finally:
        pyvips.operation_block_set("VipsForeignLoadSvg", True)
    size = (image.width, image.height)
    samples = samples.reshape(size[1], size[0], 4)
    source = skia.Image.fromarray(samples, skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
    result = np.empty_like(samples)
    info = skia.ImageInfo.Make(*size, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    source.readPixels(info, result, size[0] * 4, 0, 0)
    handle = skia.Image.fromarray(result, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    pixels = Pixels(handle, *size, f"{drawing.key}@{size[0]}x{size[1]}/{width:g}x{height:g}")
    return Picture(pixels, Rect(0, 0, size[0] / scale, size[1] / scale))


def _framed(drawing: Drawing, width: float, height: float, columns: int, rows: int) -> Any:
    """The tree with a size in device px, everything else relative to its viewBox, and its filtered style sheet."""
    root = copy.deepcopy(drawing.root)
    view = view_box(root, width, height)
    root.set("viewBox", f"{view.x!r} {view.y!r} {view.width!r} {view.height!r}")
    root.set("preserveAspectRatio", ratio(root))
    root.set("width", str(columns))
    root.set("height", str(rows))
    for name in ("x", "y"):
        root.attrib.pop(name, None)
    if drawing.rules:
        sheet = etree.Element(f"{{{SVG}}}style")
        sheet.text = "\n".join(rule.css for rule in drawing.rules)
        root.insert(0, sheet)
    return root
