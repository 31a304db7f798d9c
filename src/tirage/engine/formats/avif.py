"""Raster → AVIF through libvips and libheif, sRGB tagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine.format import RasterFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.paint import Raster

# Effort 2 takes twice the time for 5 % fewer bytes, effort 4 ten times for 20 %.
_EFFORT = 1
MAX_AVIF_PIXELS = 12_000_000
"""The encoder takes up to 38 bytes a pixel beside the picture: a gigabyte for one of 25 megapixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Avif(RasterFormat):
    """AVIF of 8 bits a channel, lossy or lossless."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """One still picture; without an alpha plane where all is opaque."""
        import pyvips

        image = self.image(raster)
        # The encoder cuts the picture into a tile a thread: with more than one, the bytes would depend on the machine.
        threads = pyvips.concurrency_get()
        pyvips.concurrency_set(1)
        try:
            data: bytes = image.heifsave_buffer(
                compression="av1", bitdepth=8, Q=quality, lossless=options.lossless, effort=_EFFORT, keep="icc"
            )
        finally:
            pyvips.concurrency_set(threads)
        return data


FORMAT = Avif(name="avif", extension="avif", media_type="image/avif", quality=60, max_pixels=MAX_AVIF_PIXELS)
