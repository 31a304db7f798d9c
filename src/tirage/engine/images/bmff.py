"""Reads the headers of AVIF pictures: ISO base media boxes that hold an image item (ISO/IEC 23008-12, AVIF 1.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tirage.engine.images.record import Header, Malformed, TooComplex, Truncated, Unsupported

_MAX_BOXES = 5_000
_MAX_ITEMS = 1_000
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}

_Box = tuple[bytes, int, int]
"""A box's type and the range of its content."""


def read(data: bytes) -> Header:
    """The primary item of an AVIF file, its size after `clap`, `irot` and `imir`, which decoders apply themselves."""
    (size,) = struct.unpack_from(">I", data, 0)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(size, len(data), 256), 4))}
    if not brands & _AVIF:
        raise Unsupported("a HEIC picture" if brands & _HEIC else "a film or another media file")
    top = list(_boxes(data, 0, len(data)))
    meta = next(((start, end) for name, start, end in top if name == b"meta"), None)
    if meta is None:
        raise Truncated
    parts = {name: (start, end) for name, start, end in _boxes(data, meta[0] + 4, meta[1])}
    if not {b"pitm", b"iprp", b"iloc"} <= parts.keys():
        raise Malformed("its primary picture is not described")
    properties, used = _properties(data, *parts[b"iprp"], _primary(data, parts[b"pitm"][0]))
    _check_extents(data, *parts[b"iloc"])
    return _header(data, properties, used)


def _boxes(data: bytes, position: int, end: int) -> Iterator[_Box]:
    for _ in range(_MAX_BOXES):
        if position >= end:
            return
        size, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        stop = end if size == 0 else position + size
        if stop < start:
            raise Malformed(f"box {name.decode('latin-1')!r} is shorter than its header")
        if stop > end:
            raise Truncated
        yield name, start, stop
        position = stop
    raise TooComplex(f"it has more than {_MAX_BOXES} boxes")


def _primary(data: bytes, at: int) -> int:
    value: int = struct.unpack_from(">H" if data[at] == 0 else ">I", data, at + 4)[0]
    return value


def _properties(data: bytes, start: int, end: int, item: int) -> tuple[list[_Box], list[_Box]]:
    """All item properties, and those of `item` in their order."""
    parts = list(_boxes(data, start, end))
    everything = [box for name, a, b in parts if name == b"ipco" for box in _boxes(data, a, b)]
    used: list[_Box] = []
    for name, at, _ in parts:
        if name != b"ipma":
            continue
        version, wide = data[at], data[at + 3] & 1
        (count,) = struct.unpack_from(">I", data, at + 4)
        if count > _MAX_ITEMS:
            raise TooComplex(f"it has more than {_MAX_ITEMS} items")
        at += 8
        for _ in range(count):
            (number,) = struct.unpack_from(">H" if version == 0 else ">I", data, at)
            at += 2 if version == 0 else 4
            links = data[at]
            at += 1
            for _ in range(links):
                index = struct.unpack_from(">H", data, at)[0] & 0x7FFF if wide else data[at] & 0x7F
                at += 2 if wide else 1
                if number == item and 0 < index <= len(everything):
                    used.append(everything[index - 1])
    return everything, used


def _check_extents(data: bytes, start: int, end: int) -> None:
    """Every extent of every item has to lie within the file (`iloc`, construction method 0)."""
    version, sizes = data[start], struct.unpack_from(">H", data, start + 4)[0]
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    at = start + 6
    (count,) = struct.unpack_from(">H" if version < 2 else ">I", data, at)
    at += 2 if version < 2 else 4
    if count > _MAX_ITEMS:
        raise TooComplex(f"it has more than {_MAX_ITEMS} items")

    def number(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise Truncated
        at += size
        return int.from_bytes(data[at - size : at], "big")

    for _ in range(count):
        number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        for _ in range(number(2)):
            if version and index_size:
                number(index_size)
            offset = base + number(offset_size)
            if offset + number(length_size) > len(data) and method == 0:
                raise Truncated


def _header(data: bytes, everything: list[_Box], used: list[_Box]) -> Header:
    width = height = 0
    bits, profile = 8, False
    for name, at, end in used:
        if name == b"ispe":
            width, height = struct.unpack_from(">II", data, at + 4)
        elif name == b"pixi":
            bits = data[at + 5] if data[at + 4] else 8
        elif name == b"colr":
            profile = data[at : at + 4] in (b"prof", b"rICC")
        elif name == b"clap":
            wide, across, high, down = struct.unpack_from(">IIII", data, at)
            if across and down:
                width, height = wide // across, high // down
        elif name == b"irot" and end > at and data[at] & 1:
            width, height = height, width
    alpha = any(name == b"auxC" and b":alpha" in data[at:end] for name, at, end in everything)
    return Header("avif", width, height, alpha, 1, 1, bits, False, 4, profile)
