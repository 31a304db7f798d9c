"""Raster → WebP through libvips, sRGB tagged; a film → an animated one, where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine import srgb
from tirage.engine.format import AnimatedFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.film import Film
    from tirage.engine.paint import Raster

# Effort 4, libwebp's own choice, takes twice the time for 5 % fewer bytes.
_EFFORT = 2
MAX_WEBP_SIDE = 16_383
"""WebP writes sizes in 14 bits, less one (RFC 9649, 2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webp(AnimatedFormat):
    """WebP, lossy or lossless. WebP has no place for a density."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """One still picture; without an alpha channel where all is opaque."""
        data: bytes = self.image(raster).webpsave_buffer(
            Q=quality, lossless=options.lossless, effort=_EFFORT, keep="icc"
        )
        return data

    def assemble(self, film: Film, options: OutputOptions, quality: int) -> bytes:
        """The frames, what does not change between them left out by the encoder; delays in thousandths of a second."""
        import numpy as np
        import pyvips

        # Encoded frame by frame as they are reached, so the strip is the only copy.
        strip = np.concatenate([frame[..., :3] if film.opaque else frame for frame in film.frames])
        image = pyvips.Image.new_from_memory(strip, film.width, len(strip), strip.shape[2], "uchar")
        image = image.copy(interpretation="srgb")
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", srgb.profile())
        image.set_type(pyvips.GValue.gint_type, "page-height", film.height)
        image.set_type(pyvips.GValue.gint_type, "loop", options.loops)
        image.set_type(pyvips.GValue.array_int_type, "delay", list(film.ticks(1000)))
        data: bytes = image.webpsave_buffer(Q=quality, lossless=options.lossless, effort=_EFFORT, keep="icc")
        return data


FORMAT = Webp(name="webp", extension="webp", media_type="image/webp", quality=80, moving=False, max_side=MAX_WEBP_SIDE)
