"""Reads the first directory of TIFF files, and the orientation that EXIF blocks keep in one."""

from __future__ import annotations

import struct

from tirage.engine.images.record import Header, Malformed, Truncated

_MAX_ENTRIES = 1000
_MAX_STRIPS = 200_000
_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
# TIFF 6.0, section 2: bytes per value of BYTE, ASCII, SHORT, LONG, RATIONAL …
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_CODES = {1: "B", 3: "H", 4: "I"}
_WIDTH, _HEIGHT, _BITS, _ORIENTATION, _EXTRA, _PROFILE = 256, 257, 258, 274, 338, 34675
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325
_WANTED = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _ORIENTATION, _EXTRA, _PROFILE, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES}
)


def orientation(block: bytes) -> int:
    """The orientation, 1–8, of an EXIF block; 1 where the block is broken or says nothing."""
    try:
        values = _directory(block, {_ORIENTATION}).get(_ORIENTATION, (1,))
    except (Malformed, Truncated, struct.error, IndexError):
        return 1
    return values[0] if values and 1 <= values[0] <= 8 else 1


def read(data: bytes) -> Header:
    """The first page of a TIFF file; every strip or tile of it has to lie within the file."""
    tags = _directory(data, _WANTED)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise Malformed("its first directory has no size")
    turn = tags.get(_ORIENTATION, (1,))[0]
    header = Header(
        "tiff",
        tags[_WIDTH][0],
        tags[_HEIGHT][0],
        bool(tags.get(_EXTRA)),
        turn if 1 <= turn <= 8 else 1,
        1,
        tags.get(_BITS, (1,))[0],
        False,
        4,
        _PROFILE in tags,
    )
    offsets = tags.get(_STRIPS) or tags.get(_TILES)
    sizes = tags.get(_STRIP_SIZES) or tags.get(_TILE_SIZES)
    # A declared size beyond the limits is the caller's to refuse, whether or not pixels follow.
    if header.width * header.height <= 1 << 26:
        if not offsets or not sizes:
            raise Truncated
        if any(at + size > len(data) for at, size in zip(offsets, sizes, strict=False)):
            raise Truncated
    return header


def _directory(data: bytes, wanted: frozenset[int] | set[int]) -> dict[int, tuple[int, ...]]:
    order = _ORDERS.get(data[:4])
    if order is None:
        raise Malformed("it has no TIFF byte order")
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    if not 0 < count <= _MAX_ENTRIES:
        raise Malformed(f"its first directory has {count} entries")
    tags: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        entry = at + 2 + index * 12
        tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
        if tag not in wanted:
            continue
        if tag == _PROFILE:
            tags[tag] = (number,)
            continue
        if kind not in _CODES or not 0 < number <= _MAX_STRIPS:
            raise Malformed(f"tag {tag} has {number} values of type {kind}")
        inline = _SIZES[kind] * number <= 4
        place = entry + 8 if inline else struct.unpack_from(order + "I", data, entry + 8)[0]
        tags[tag] = struct.unpack_from(f"{order}{number}{_CODES[kind]}", data, place)
    if at >= 8 and at + 2 + count * 12 + 4 > len(data):
        raise Truncated
    return tags
