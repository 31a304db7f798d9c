"""Device pixels in memory, and the canvases that draw into them.

Skia keeps its quickest code for pixels whose blue comes first; ours begin with red, as encoders and NumPy want them.
Laying one picture over another treats all channels alike, so a second canvas that calls the very same memory BGRA
gives the same bytes, in a third of the time where the picture falls on pixels exactly. It knows no colours: what is
drawn there must be a picture under its own swapped name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tirage.engine.scene import Pixels
from tirage.engine.skia_loader import skia


@dataclass(frozen=True, slots=True)
class Raster:
    """A painted page: `data` is (height, width, 4) of uint8, premultiplied sRGB with alpha last."""

    width: int
    height: int
    data: npt.NDArray[np.uint8]
    opaque: bool

    def straight(self) -> npt.NDArray[np.uint8]:
        """The pixels with colours not multiplied by alpha, same shape; the very same array where all is opaque."""
        if self.opaque:
            return self.data
        stored, row = info(self.width, self.height), self.width * 4
        converted = np.empty_like(self.data)
        skia.Pixmap(stored, self.data, row).readPixels(stored.makeAlphaType(skia.kUnpremul_AlphaType), converted, row)
        return converted


class Surface:
    """Pixels and a skia.Canvas over them: `data` is (rows, columns, 4), RGBA, premultiplied sRGB.

    They are transparent at first, or of a `color` as 0xAARRGGBB.
    """

    def __init__(self, columns: int, rows: int, color: int | None = None) -> None:
        # What is filled with a colour need not be emptied first.
        made = np.zeros if color is None else np.empty
        self.data: npt.NDArray[np.uint8] = made((rows, columns, 4), np.uint8)
        self.columns, self.rows = columns, rows
        self.canvas = self._over(skia.kRGBA_8888_ColorType)
        self._swapped: Any = None
        if color is not None:
            self.canvas.clear(color)

    def swapped(self, matrix: Any) -> Any:
        """The canvas for pictures of `swapped` names, under a matrix; without any clip."""
        if self._swapped is None:
            self._swapped = self._over(skia.kBGRA_8888_ColorType)
        self._swapped.setMatrix(matrix)
        return self._swapped

    def image(self) -> Any:
        """A skia.Image of the pixels as they are, without a copy: to be used while the surface lives."""
        return skia.Image.MakeFromRaster(skia.Pixmap(info(self.columns, self.rows), self.data, self.columns * 4))

    def pixels(self) -> Pixels:
        """The picture of them, a copy."""
        opaque = self.is_opaque()
        kind = info(self.columns, self.rows, skia.kOpaque_AlphaType if opaque else skia.kPremul_AlphaType)
        image = skia.Image.MakeRasterCopy(skia.Pixmap(kind, self.data, self.columns * 4))
        return Pixels(image, self.columns, self.rows, hashlib.sha256(self.data.data).hexdigest(), opaque)

    def is_opaque(self) -> bool:
        """Whether every pixel hides what is beneath it."""
        whole = skia.Pixmap(info(self.columns, self.rows), self.data, self.columns * 4)
        return bool(whole.computeIsOpaque())

    def _over(self, color_type: Any) -> Any:
        made = skia.Surface.MakeRasterDirect(
            info(self.columns, self.rows).makeColorType(color_type), self.data, self.columns * 4
        )
        return made.getCanvas()


def info(width: int, height: int, alpha: Any = skia.kPremul_AlphaType) -> Any:
    """A skia.ImageInfo of our pixels. No colour space: all are sRGB and are blended as they are, as CSS does."""
    return skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, alpha)


def swapped(image: Any) -> Any:
    """The same pixels under the name BGRA, without a copy: to be used while `image` lives."""
    pixels = skia.Pixmap()
    if not image.peekPixels(pixels):
        return None
    renamed = image.imageInfo().makeColorType(skia.kBGRA_8888_ColorType)
    return skia.Image.MakeFromRaster(skia.Pixmap(renamed, pixels.addr(), pixels.rowBytes()))
