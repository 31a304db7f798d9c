"""A handler that uses every native library of a render, to see that they work after the fork and behind the walls."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import icu
import numpy
import pyvips
import uharfbuzz

from tirage.engine.skia_loader import skia

_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="15" fill="red"/></svg>'
)


def handle(header: dict[str, Any], parts: list[bytes]) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """Decodes, resizes and encodes a picture, draws a text of `parts[1]`'s font over it, and tells digests."""
    picture = pyvips.Image.thumbnail_buffer(parts[0], 160, height=100, crop="attention").colourspace("srgb")
    picture = picture.composite(pyvips.Image.svgload_buffer(_SVG), "over")
    files = {suffix: picture.flatten().write_to_buffer(suffix) for suffix in (".png", ".jpg", ".webp", ".avif", ".tif")}
    canvas = numpy.zeros((100, 400, 4), dtype=numpy.uint8)
    typeface = skia.Typeface.MakeFromData(skia.Data.MakeWithoutCopy(parts[1]))
    with skia.Surface(canvas) as drawing:
        drawing.drawString(header["text"], 10, 60, skia.Font(typeface, 40), skia.Paint(AntiAlias=True))
    shaping = uharfbuzz.Buffer()
    shaping.add_str(header["text"])
    shaping.guess_segment_properties()
    uharfbuzz.shape(uharfbuzz.Font(uharfbuzz.Face(parts[1])), shaping)
    breaks = icu.BreakIterator.createLineInstance(icu.Locale("th"))
    breaks.setText("สวัสดีชาวโลก ครับ")
    return {
        "pid": os.getpid(),
        "files": {suffix: hashlib.sha256(data).hexdigest() for suffix, data in files.items()},
        "text": hashlib.sha256(canvas.tobytes()).hexdigest(),
        "inked": int(canvas.any(axis=2).sum()),
        "advances": [position.x_advance for position in shaping.glyph_positions],
        "breaks": list(breaks),
    }, [files[".png"]]
