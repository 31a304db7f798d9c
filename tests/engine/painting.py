"""What the painter's tests draw with."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt

import tirage
from tirage.engine import paint
from tirage.engine.scene import (
    Box,
    Glyphs,
    Group,
    Node,
    Path,
    Pixels,
    ScenePage,
    Solid,
    Typeface,
)
from tirage.engine.skia_loader import skia
from tirage.engine.values.color import BLACK, WHITE, Color
from tirage.engine.values.transform import Rect

RED, GREEN, BLUE = Color(1, 0, 0), Color(0, 1, 0), Color(0, 0, 1)
FONTS = pathlib.Path(tirage.__file__).parent / "fonts"


def painted(
    *nodes: Node, size: int = 100, scale: float = 1.0, background: Color | None = WHITE
) -> npt.NDArray[np.int64]:
    """The pixels of a square page, as signed numbers."""
    page = ScenePage("page", size, size, Group(nodes))
    return paint.raster(page, scale=scale, background=background).data.astype(np.int64)


def rect(x: float, y: float, width: float, height: float, color: Color, **more: Any) -> Path:
    """A filled rectangle."""
    return Path(Box(Rect(x, y, width, height)), Solid(color), **more)


def pixels(width: int, height: int, *, seed: int = 1, opaque: bool = True) -> Pixels:
    """Noise."""
    array = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    array[..., 3] = 255 if opaque else array[..., 3]
    array[..., :3] = np.minimum(array[..., :3], array[..., 3:])
    alpha = skia.kOpaque_AlphaType if opaque else skia.kPremul_AlphaType
    image = skia.Image.fromarray(array, colorType=skia.kRGBA_8888_ColorType, alphaType=alpha)
    return Pixels(image, width, height, f"{width}x{height}-{seed}-{opaque}", opaque)


def glyphs(text: str, x: float, y: float, size: float, color: Color = BLACK, **more: Any) -> Glyphs:
    """A run of Inter Bold, one glyph after the other."""
    typeface = skia.Typeface.MakeFromFile(str(FONTS / "Inter_700Bold.ttf"))
    font = skia.Font(typeface, size)
    ids = font.textToGlyphs(text)
    places, at = [], x
    for width in font.getWidths(ids):
        places.append((at, y))
        at += width
    face = Typeface(typeface, "Inter_700Bold", "Inter", 700, False)
    return Glyphs(face, size, tuple(ids), tuple(places), Solid(color), text, tuple(range(len(ids))), **more)


def difference(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> int:
    """The largest difference in any channel of any pixel."""
    return int(np.abs(one - other).max())
