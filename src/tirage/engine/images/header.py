"""Reads the headers of pictures: bytes → size, orientation, depth, frames; no decoder is touched.

Every limit on a picture's size is applied here, on what the header declares, because a few dozen bytes can declare
gigapixels. Supported are PNG, JPEG, GIF, WebP, TIFF, BMP and AVIF; other formats are named in the refusal.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.images import bmff, tiff
from tirage.engine.images.record import Header, Malformed, TooComplex, TooManyFrames, Truncated, Unsupported
from tirage.engine.lowering import ImageInfo

MAX_PIXELS = 50_000_000
MAX_SIDE = 65_535
MAX_FRAMES = 500
MAX_FRAME_PIXELS = 200_000_000
MAX_CHUNKS = 10_000
MAX_SCANS = 100
MAX_GIF_BLOCKS = 500_000

_PNG = b"\x89PNG\r\n\x1a\n"
# What people try to use although it is not a picture this engine reads; for the error message only.
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "an icon (ICO)"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"II+\x00", "a BigTIFF file"),
    (b"MM\x00+", "a BigTIFF file"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
)


def probe(data: bytes, sha256: str) -> ImageInfo:
    """What the header tells of a picture, its size after orientation.

    Raises ResourceProblem `unsupported_format`, `image_invalid`, `image_truncated`, `image_too_large`,
    `too_many_frames` or `image_too_complex`.
    """
    header = read_header(data)
    width, height = header.upright
    return ImageInfo(width, height, header.format, header.alpha, sha256)


def read_header(data: bytes) -> Header:
    """The header of a picture, within the limits. Raises ResourceProblem as `probe` does."""
    try:
        header = _reader(data)(data)
        if not (header.width > 0 and header.height > 0):
            raise Malformed(f"its header declares a size of {header.width}×{header.height} px")
    except Unsupported as error:
        raise _problem(
            "unsupported_format",
            f"The picture is {error}, which is not supported.",
            "Use PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP.",
        ) from None
    except Malformed as error:
        raise _problem("image_invalid", f"The picture is damaged: {error}.", "Export the picture again.") from None
    except TooComplex as error:
        raise _problem("image_too_complex", f"The picture is too complex: {error}.", "Export it again.") from None
    except TooManyFrames:
        raise _too_many_frames() from None
    except (Truncated, struct.error, LookupError, ValueError):
        raise _problem(
            "image_truncated", "The picture ends before its data are complete.", "Upload or export it again."
        ) from None
    _check_limits(header)
    return header


def _check_limits(header: Header) -> None:
    pixels = header.width * header.height
    if pixels > MAX_PIXELS or max(header.width, header.height) > MAX_SIDE:
        raise _problem(
            "image_too_large",
            f"The picture has {header.width}×{header.height} px; the limit is {MAX_PIXELS // 10**6} megapixels "
            f"and {MAX_SIDE} px a side.",
            "Scale it down.",
        )
    if header.frames > MAX_FRAMES:
        raise _too_many_frames()
    if pixels * header.frames > MAX_FRAME_PIXELS:
        raise _problem(
            "image_too_large",
            f"The animation's {header.frames} frames of {header.width}×{header.height} px have more than "
            f"{MAX_FRAME_PIXELS // 10**6} megapixels together.",
            "Use fewer or smaller frames.",
        )


def _too_many_frames() -> ResourceProblem:
    return _problem("too_many_frames", f"The animation has more than {MAX_FRAMES} frames.", "Use its first picture.")


def _problem(code: str, message: str, hint: str) -> ResourceProblem:
    return ResourceProblem(Problem(code, message, hint=hint))


def _reader(data: bytes) -> Callable[[bytes], Header]:
    if data.startswith(_PNG):
        return _png
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _gif
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return tiff.read
    if data[4:8] == b"ftyp":
        return bmff.read
    if data.startswith(b"BM"):
        return _bmp
    if any(len(data) < len(magic) and magic.startswith(data) for magic in (_PNG, b"\xff\xd8\xff", b"GIF89a", b"RIFF")):
        raise Truncated
    for magic, name in _FOREIGN:
        if data.startswith(magic):
            raise Unsupported(name)
    head = data[:512].lstrip().lower()
    if b"<svg" in head or head.startswith(b"<?xml"):
        raise Unsupported("an SVG drawing; an svg layer draws those")
    raise Unsupported("an HTML page" if head.startswith((b"<!doctype html", b"<html")) else "of an unknown format")


def _png(data: bytes) -> Header:
    """PNG, third edition: chunks up to the first IDAT."""
    if data[12:16] != b"IHDR":
        raise Malformed("its first chunk is not IHDR")
    width, height, depth, kind = struct.unpack_from(">IIBB", data, 16)
    alpha, frames, orientation, profile, complete = kind in (4, 6), 1, 1, False, False
    position = 33
    for _ in range(MAX_CHUNKS):
        length, name = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if name == b"IDAT":
            complete = True
            break
        if name == b"IHDR":
            raise Malformed("it has two headers")
        if body + length + 4 > len(data) or name == b"IEND":
            break
        if name == b"tRNS":
            alpha = True
        elif name == b"acTL":
            frames = max(1, struct.unpack_from(">I", data, body)[0])
        elif name == b"eXIf":
            orientation = tiff.orientation(data[body : body + length])
        elif name == b"iCCP":
            profile = True
        position = body + length + 4
    else:
        raise TooComplex(f"it has more than {MAX_CHUNKS} chunks before its pixels")
    # Size limits come first: a header that declares too much is refused even where nothing follows it.
    header = Header("png", width, height, alpha, orientation, frames, depth, data[28:29] == b"\x01", 4, profile)
    end = data.rfind(b"IEND")
    _check_limits(header)
    if not complete or end < position or end + 8 > len(data):
        raise Truncated
    return header


def _jpeg(data: bytes) -> Header:
    """JPEG (ITU-T T.81, annex B): segments up to the first scan."""
    position, orientation, size = 2, 1, None
    profile = b""
    for _ in range(MAX_CHUNKS):
        if data[position] != 0xFF:
            # Stray bytes between segments are stepped over, as decoders do.
            position = data.index(b"\xff", position)
        marker = data[position + 1]
        if marker == 0xFF:  # Fill bytes.
            position += 1
            continue
        if marker in (0x01, *range(0xD0, 0xD8)):
            position += 2
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == 0xDA:
            break
        body = data[position + 4 : position + 2 + length]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if size:
                raise Malformed("it has two frame headers")
            if marker not in (0xC0, 0xC1, 0xC2, 0xC9, 0xCA):
                raise Unsupported("a lossless or hierarchical JPEG")
            depth, height, width, channels = struct.unpack_from(">BHHB", body)
            size = (width, height, depth, channels, marker in (0xC2, 0xCA))
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
            orientation = tiff.orientation(body[6:])
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00"):
            profile += body[14:]
        position += 2 + max(2, length)
    else:
        raise TooComplex(f"it has more than {MAX_CHUNKS} segments")
    if size is None:
        raise Malformed("its pixels come before its frame header")
    width, height, depth, channels, progressive = size
    if depth != 8:
        raise Unsupported(f"a JPEG of {depth} bits")
    if channels not in (1, 3, 4):
        raise Malformed(f"it has {channels} components")
    header = Header(
        "jpeg", width, height, False, orientation, 1, depth, progressive, channels, bool(profile) and not _srgb(profile)
    )
    _check_limits(header)
    # A decoder stops after one scan that holds all components of a sequential picture; else it reads scan after scan.
    # 0xFF in entropy-coded data is followed by 0 or a restart marker, so both markers sought here are real ones.
    several = progressive or data[position + 4] < channels
    if several and data.count(b"\xff\xda", position) > MAX_SCANS:
        raise TooComplex(f"it has more than {MAX_SCANS} scans")
    if data.rfind(b"\xff\xd9") <= position:
        raise Truncated
    return header


def _srgb(profile: bytes) -> bool:
    """Whether an ICC profile says that it is sRGB itself, so that nothing has to be converted."""
    return len(profile) < 8192 and (b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile)


def _gif(data: bytes) -> Header:
    """GIF89a: frames are counted block by block, since no header tells their number."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    _check_limits(Header("gif", width, height, True))
    frames, alpha, blocks, transparent = 0, False, 0, False
    while True:
        kind = data[position]
        if kind == 0x3B:
            break
        if kind == 0x21:
            if data[position + 1] == 0xF9:
                transparent = bool(data[position + 3] & 1)
            position += 2
        elif kind == 0x2C:
            left, top, wide, high, local = struct.unpack_from("<HHHHB", data, position + 1)
            if frames == 0:
                alpha = transparent or (left, top, wide, high) != (0, 0, width, height)
            frames += 1
            if frames > MAX_FRAMES:
                raise TooManyFrames
            position += 11 + (3 << ((local & 7) + 1) if local & 0x80 else 0)
        else:
            raise Malformed(f"byte {position} starts no block")
        while size := data[position]:
            position += size + 1
            blocks += 1
            if blocks > MAX_GIF_BLOCKS:
                raise TooComplex(f"it has more than {MAX_GIF_BLOCKS} data blocks")
        position += 1
    if not frames:
        raise Malformed("it contains no picture")
    return Header("gif", width, height, alpha, 1, frames)


def _webp(data: bytes) -> Header:
    """WebP (RFC 9649)."""
    (size,) = struct.unpack_from("<I", data, 4)
    kind = data[12:16]
    if kind == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            raise Malformed("its VP8 frame has no start code")
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        header = Header("webp", width, height, False)
    elif kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", data, 20)
        if signature != 0x2F:
            raise Malformed("its lossless frame has no signature")
        header = Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1))
    elif kind == b"VP8X":
        header = _webp_extended(data)
    else:
        raise Malformed("it starts with an unknown chunk")
    _check_limits(header)
    if len(data) < size + 8:
        raise Truncated
    return header


def _webp_extended(data: bytes) -> Header:
    flags = data[20]
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    _check_limits(Header("webp", width, height, True))
    frames, orientation, profile = 0, 1, bool(flags & 0x20)
    position = 30
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, position)
        if name == b"ANMF":
            frames += 1
            if frames > MAX_FRAMES:
                raise TooManyFrames
        elif name == b"EXIF":
            body = data[position + 8 : position + 8 + length]
            orientation = tiff.orientation(body.removeprefix(b"Exif\x00\x00"))
        position += 8 + length + (length & 1)
    else:
        raise TooComplex(f"it has more than {MAX_CHUNKS} chunks")
    return Header("webp", width, height, bool(flags & 0x10), orientation, max(1, frames), 8, False, 4, profile)


def _bmp(data: bytes) -> Header:
    """BMP with the headers of Windows 2 to 5; rows are bottom-up unless the height is negative."""
    offset, size = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    compression = 0
    if size == 12:
        width, height, planes, bits = struct.unpack_from("<HHHH", data, 18)
    elif size in (40, 52, 56, 108, 124):
        width, height, planes, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    else:
        raise Unsupported("a BMP file of an unknown kind")
    height = abs(height)
    if planes != 1 or bits not in (1, 4, 8, 16, 24, 32) or compression not in (0, 1, 2, 3, 6):
        raise Unsupported(f"a BMP file of {bits} bits and compression {compression}")
    header = Header("bmp", width, height, bits == 32 and compression in (3, 6) and size >= 56)
    if width > 0 and height:
        _check_limits(header)
    stride = (width * bits + 31) // 32 * 4
    if compression in (0, 3, 6) and offset + stride * height > len(data):
        raise Truncated
    return header
