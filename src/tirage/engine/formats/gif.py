"""Film → GIF: one palette for all frames, and of each frame after the first only what changed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tirage.engine.format import AnimatedFormat
from tirage.engine.options import OutputOptions

if TYPE_CHECKING:
    from tirage.engine.film import Film

MOST_COLORS = 255
"""One place of 256 is for what is transparent, or stays as it was."""
_HALF = 128
_KEEP, _CLEAR = 1, 2
"""What becomes of a frame when the next one comes (GIF89a, 23): it stays, or its area is cleared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gif(AnimatedFormat):
    """GIF89a: 255 colours, pixels transparent or opaque; what is less than half opaque is transparent."""

    def assemble(self, film: Film, options: OutputOptions, quality: int) -> bytes:
        """The frames; delays in hundredths of a second. Half-transparent edges are laid over white."""
        import numpy as np

        from tirage.engine.lzw import compressed
        from tirage.engine.quantise import palette_of

        areas = list(_areas(film))
        palette = palette_of([area.colors[area.shown] for area in areas], MOST_COLORS)
        bits = max(2, len(palette.colors).bit_length())
        table = np.zeros((1 << bits, 3), np.uint8)
        table[: len(palette.colors)] = palette.colors
        hole = len(palette.colors)
        header = struct.pack("<6sHHBBB", b"GIF89a", film.width, film.height, 0xF0 | (bits - 1), 0, 0)
        parts = [header, table.tobytes()]
        if len(film.frames) > 1 and options.loops != 1:
            # How often it is repeated, 0 for ever (Netscape's application extension).
            repeats = max(0, options.loops - 1)
            parts.append(struct.pack("<BBB11sBBHB", 0x21, 0xFF, 11, b"NETSCAPE2.0", 3, 1, repeats, 0))
        after = _KEEP if film.opaque else _CLEAR
        for area, delay in zip(areas, film.ticks(100), strict=True):
            places = np.where(area.shown, palette.places(area.colors, area.x, area.y), hole).astype(np.uint8)
            height, width = places.shape
            parts.append(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, after << 2 | 1, delay, hole, 0))
            parts.append(struct.pack("<BHHHHB", 0x2C, area.x, area.y, width, height, 0))
            parts.append(compressed(places.tobytes(), bits))
        return b"".join((*parts, b"\x3b"))


@dataclass(frozen=True, slots=True)
class _Area:
    """What of a frame is drawn: where its top left lies, its colours, and which of its pixels show anything new."""

    x: int
    y: int
    colors: Any
    shown: Any


def _areas(film: Film) -> Iterator[_Area]:
    whole = (0, 0, film.width, film.height)
    # Where pixels may become transparent again, frames cannot build on each other: each is cleared for the next.
    changes = film.changes() if film.opaque else (whole,) * (len(film.frames) - 1)
    for index, (x, y, width, height) in enumerate((whole, *changes)):
        part = film.frames[index][y : y + height, x : x + width]
        shown = part[..., 3] >= _HALF
        if film.opaque and index:
            before = film.frames[index - 1][y : y + height, x : x + width]
            shown = (part != before).any(axis=2)
        yield _Area(x, y, _over_white(part), shown)


def _over_white(pixels: Any) -> Any:
    """The colours of pixels as they look on white, where half-transparent edges mostly end up in letters."""
    import numpy as np

    colors = pixels[..., :3]
    if (pixels[..., 3] == 255).all():
        return colors
    alpha = pixels[..., 3:].astype(np.int32)
    return ((colors * alpha + (255 - alpha) * 255 + 127) // 255).astype(np.uint8)


FORMAT = Gif(name="gif", extension="gif", media_type="image/gif")
