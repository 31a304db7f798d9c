"""Film → APNG: the first frame as a PNG that every viewer shows, then what changed of each further one (PNG 3, 4.9)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirage.engine.format import CSS_DPI, AnimatedFormat
from tirage.engine.options import OutputOptions
from tirage.engine.png_chunks import SIGNATURE, chunk, chunks_of, colour_and_density

if TYPE_CHECKING:
    from tirage.engine.film import Film

_SOURCE, _OVER = 0, 1
"""Whether a frame replaces what lies in its area, alpha too, or is laid over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apng(AnimatedFormat):
    """Animated PNG of 8 bits a channel, lossless; with an alpha channel where any frame needs one."""

    def assemble(self, film: Film, options: OutputOptions, quality: int) -> bytes:
        """The frames; delays in thousandths of a second. One frame alone is a plain PNG."""
        areas = ((0, 0, film.width, film.height), *film.changes())
        kept, number = [SIGNATURE], 0
        for index, (x, y, width, height) in enumerate(areas):
            chunks = list(chunks_of(_png(film, index, areas[index])))
            if not index:
                kept.extend((chunks[0][1], colour_and_density(options.dpi or CSS_DPI)))
                if len(areas) > 1:
                    kept.append(chunk(b"acTL", struct.pack(">II", len(areas), options.loops)))
            if len(areas) > 1:
                blend = _OVER if index and film.opaque else _SOURCE
                delay = (film.ticks(1000)[index], 1000)
                kept.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, x, y, *delay, 0, blend)))
                number += 1
            for data in (whole for name, whole in chunks if name == b"IDAT"):
                if index:
                    data = chunk(b"fdAT", struct.pack(">I", number) + data[8:-4])
                    number += 1
                kept.append(data)
        return b"".join((*kept, chunk(b"IEND", b"")))


def _png(film: Film, index: int, area: tuple[int, int, int, int]) -> bytes:
    """The part of a frame as a PNG of its own; what is as it was in an opaque film is transparent there."""
    import numpy as np
    import pyvips

    x, y, width, height = area
    pixels = np.ascontiguousarray(film.frames[index][y : y + height, x : x + width])
    if film.opaque and index:
        before = film.frames[index - 1][y : y + height, x : x + width]
        pixels = np.where((pixels != before).any(axis=2, keepdims=True), pixels, np.uint8(0))
    elif film.opaque and len(film.frames) == 1:
        pixels = np.ascontiguousarray(pixels[..., :3])
    image = pyvips.Image.new_from_memory(pixels, width, height, pixels.shape[2], "uchar")
    data: bytes = image.copy(interpretation="srgb").pngsave_buffer(
        compression=6, filter="none" if index and film.opaque else "sub", keep=0
    )
    return data


FORMAT = Apng(name="apng", extension="apng", media_type="image/apng")
