"""Pictures made on the spot: small seeds of every format, and headers that promise too much."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

import numpy as np
import pyvips

from tirage.engine.resources import Blob

FORMATS = {"png": ".png", "jpeg": ".jpg", "gif": ".gif", "webp": ".webp", "tiff": ".tif", "avif": ".avif"}


def blob(data: bytes) -> Blob:
    """Bytes with their hash."""
    return Blob(data, hashlib.sha256(data).hexdigest())


def corners(width: int = 40, height: int = 24) -> Any:
    """A picture whose quarters are red, green (right), blue (below) and yellow."""
    samples = np.zeros((height, width, 3), np.uint8)
    samples[: height // 2, : width // 2] = (220, 30, 30)
    samples[: height // 2, width // 2 :] = (30, 200, 30)
    samples[height // 2 :, : width // 2] = (30, 30, 220)
    samples[height // 2 :, width // 2 :] = (220, 220, 30)
    return pyvips.Image.new_from_array(samples).copy(interpretation="srgb")


def seed(name: str, width: int = 40, height: int = 24) -> bytes:
    """A small picture of a format."""
    if name == "bmp":
        return bitmap(width, height)
    options = {"Q": 92, "subsample_mode": "off"} if name == "jpeg" else {}
    return bytes(corners(width, height).write_to_buffer(FORMATS[name], **options))


def bitmap(width: int, height: int) -> bytes:
    """The quarters as BMP of 24 bits, bottom row first."""
    rows = corners(width, height).numpy()[::-1, :, ::-1]
    stride = (width * 3 + 3) // 4 * 4
    body = b"".join(row.tobytes().ljust(stride, b"\0") for row in rows)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + head + body


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, depth: int = 1, kind: int = 0, extra: bytes = b"", body: bytes = b"") -> bytes:
    """A PNG file with any header; `body` is compressed as its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def jpeg_sized(width: int, height: int, *, marker: int = 0xC0, scans: int = 1) -> bytes:
    """A JPEG header of some size and no picture behind it."""
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 17, 8, height, width, 3) + b"\1\x22\0\2\x11\0\3\x11\0"
    scan = b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + b"\x12\x34"
    return b"\xff\xd8" + frame + scan * scans + b"\xff\xd9"


def gif(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF with a 1×1 picture per frame."""
    frame = b"\x21\xf9\4\0\0\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return (
        b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * frames + b"\x3b"
    )


def webp_sized(width: int, height: int) -> bytes:
    """A lossless WebP header of some size."""
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8L" + struct.pack("<IBI", 13, 0x2F, bits) + bytes(9)


def webp_frames(width: int, height: int, frames: int) -> bytes:
    """An animated WebP with empty frames."""
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + sizes + (b"ANMF" + struct.pack("<I", 0)) * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_sized(width: int, height: int, *, next_at: int = 0) -> bytes:
    """A TIFF directory of some size without pixels; `next_at` is where the next directory is said to be."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", next_at)
