"""Raster → PNG through libvips, sRGB tagged, with its density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine.format import CSS_DPI, RasterFormat
from tirage.engine.options import OutputOptions
from tirage.engine.png_chunks import SIGNATURE, chunks_of, colour_and_density

if TYPE_CHECKING:
    from tirage.engine.paint import Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class Png(RasterFormat):
    """PNG of 8 bits a channel; without an alpha channel where all is opaque."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """Lossless. Sub and level 3: two thirds of the time of Paeth for 1 to 6 % more bytes."""
        data: bytes = self.image(raster, tagged=False).pngsave_buffer(compression=3, filter="sub", keep=0)
        return _tagged(data, options.dpi)


def _tagged(data: bytes, dpi: float | None) -> bytes:
    """The file with its colour space and density after its header, and no other metadata."""
    kept = [SIGNATURE]
    for name, whole in chunks_of(data):
        if name in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(whole)
        if name == b"IHDR":
            kept.append(colour_and_density(dpi or CSS_DPI))
    return b"".join(kept)


FORMAT = Png(name="png", extension="png", media_type="image/png")
