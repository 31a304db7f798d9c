"""Raster → JPEG: baseline by libjpeg-turbo alone, progressive through libvips; sRGB tagged, with its density."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine import srgb
from tirage.engine.format import CSS_DPI, RasterFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.paint import Raster

FULL_CHROMA_FROM = 90
"""From this quality on, colours keep their full resolution; below, 4:2:0 looks the same and is a third smaller."""
_JFIF_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg(RasterFormat):
    """JPEG, without transparency."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """Baseline JPEG, or progressive where asked for."""
        import pyvips
        import simplejpeg

        full_chroma = quality >= FULL_CHROMA_FROM
        if options.progressive:
            image = pyvips.Image.new_from_memory(raster.data, raster.width, raster.height, 4, "uchar")
            data: bytes = image.extract_band(0, n=3).jpegsave_buffer(
                Q=quality, interlace=True, optimize_coding=True, subsample_mode="off" if full_chroma else "on", keep=0
            )
        else:
            data = simplejpeg.encode_jpeg(raster.data, quality, "RGBX", "444" if full_chroma else "420")
        return _tagged(data, options.dpi)


def _tagged(data: bytes, dpi: float | None) -> bytes:
    """The file with a JFIF segment of our density and an ICC segment (ICC.1:2022, B.4) right after the start marker."""
    density = round(dpi or CSS_DPI)
    jfif = struct.pack(">HH5sHBHHBB", 0xFFE0, _JFIF_BYTES - 2, b"JFIF\0", 0x0101, 1, density, density, 0, 0)
    profile = srgb.profile()
    icc = struct.pack(">HH12sBB", 0xFFE2, 16 + len(profile), b"ICC_PROFILE\0", 1, 1) + profile
    # libjpeg-turbo begins with a JFIF segment of its own, libvips without metadata does not.
    rest = 4 + int.from_bytes(data[4:6], "big") if data[2:4] == b"\xff\xe0" else 2
    return b"".join((b"\xff\xd8", jfif, icc, memoryview(data)[rest:]))


FORMAT = Jpeg(name="jpeg", extension="jpg", media_type="image/jpeg", aliases=("jpg",), alpha=False, quality=85)
