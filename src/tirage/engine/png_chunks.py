"""PNG files as chunks: reading them off, and writing them with their checksums (PNG 3, 5.3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_METRES_PER_INCH = 0.0254


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The name and the whole of each chunk of a file."""
    at = len(SIGNATURE)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at:end]
        at = end


def colour_and_density(dpi: float) -> bytes:
    """The sRGB and pHYs chunks of a file of sRGB pixels (11.3.2.5 and 11.3.4.3)."""
    per_metre = round(dpi / _METRES_PER_INCH)
    return chunk(b"sRGB", b"\0") + chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
