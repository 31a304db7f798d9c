"""The sRGB colour space as an ICC profile small enough to travel in every picture."""

from __future__ import annotations

import struct
from functools import cache

# IEC 61966-2-1 primaries and white, adapted to the D50 of the profile connection space (ICC.1:2022, Annex E).
_COLUMNS = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_WHITE_D50 = (0.9642, 1.0, 0.8249)
_ADAPTATION = (1.04790, 0.02292, -0.05020, 0.02959, 0.99046, -0.01707, -0.00923, 0.01508, 0.75168)
# The transfer function as a parametric curve of type 3: (a·x + b)^g above d, c·x below.
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


@cache
def profile() -> bytes:
    """An ICC v4 display profile of sRGB, about half a kilobyte, always the same bytes."""
    tags: dict[bytes, bytes] = {
        b"desc": _text("sRGB"),
        b"cprt": _text("CC0"),
        b"wtpt": _numbers(b"XYZ ", _WHITE_D50),
        b"chad": _numbers(b"sf32", _ADAPTATION),
        **{name: _numbers(b"XYZ ", column) for name, column in _COLUMNS.items()},
    }
    curve = b"para" + struct.pack(">4xHxx", 3) + b"".join(map(_fixed, _CURVE))
    names = [*tags, b"rTRC", b"gTRC", b"bTRC"]
    start = 128 + 4 + 12 * len(names)
    table, body = struct.pack(">I", len(names)), b""
    for name, data in [*tags.items(), (b"rTRC", curve)]:
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    # The three channels share one curve.
    shared = table[-8:]
    table += b"gTRC" + shared + b"bTRC" + shared
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4s4sQI3I4s16s28x",
        start + len(body), b"\0\0\0\0", 0x04400000, b"mntr", b"RGB ", b"XYZ ",
        2000, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0, b"\0\0\0\0", b"\0\0\0\0", 0, 0,
        *(int.from_bytes(_fixed(part), "big") for part in _WHITE_D50), b"\0\0\0\0", bytes(16),
    )  # fmt: skip
    return header + table + body


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _numbers(kind: bytes, numbers: tuple[float, ...]) -> bytes:
    return kind + bytes(4) + b"".join(map(_fixed, numbers))


def _text(text: str) -> bytes:
    written = text.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(written), 28) + written
