"""Raster → PNG through libvips, sRGB tagged, with its density."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine.format import CSS_DPI, RasterFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.paint import Raster

_SIGNATURE_AND_HEADER_BYTES = 8 + 25
_METRES_PER_INCH = 0.0254


@dataclass(frozen=True, slots=True, kw_only=True)
class Png(RasterFormat):
    """PNG of 8 bits a channel; without an alpha channel where all is opaque."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """Lossless. Sub and level 3: two thirds of the time of Paeth for 1 to 6 % more bytes."""
        data: bytes = self.image(raster, tagged=False).pngsave_buffer(compression=3, filter="sub", keep=0)
        return _tagged(data, options.dpi)


def _tagged(data: bytes, dpi: float | None) -> bytes:
    """The file with sRGB and pHYs chunks after its header (PNG 3, 11.3.2.5 and 11.3.4.3), and no other metadata."""
    per_metre = round((dpi or CSS_DPI) / _METRES_PER_INCH)
    chunks = _chunk(b"sRGB", b"\0") + _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
    rest, kept = _SIGNATURE_AND_HEADER_BYTES, [data[:_SIGNATURE_AND_HEADER_BYTES], chunks]
    while rest < len(data):
        end = rest + 12 + int.from_bytes(data[rest : rest + 4], "big")
        if data[rest + 4 : rest + 8] in (b"IDAT", b"IEND"):
            kept.append(data[rest:end])
        rest = end
    return b"".join(kept)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


FORMAT = Png(name="png", extension="png", media_type="image/png")
