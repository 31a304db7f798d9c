"""Palette indices → the compressed data of a GIF picture (GIF89a, appendix F)."""

from __future__ import annotations

MAX_CODES = 4096


def compressed(indices: bytes, bits: int) -> bytes:
    """The indices, each below 2**bits, as LZW codes of rising width, cut into blocks; `bits` is 2 to 8.

    In Python, since no library that is here writes single GIF pictures over a palette of ours: 0.1 µs a pixel, and
    pictures after the first are only as large as what changed.
    """
    clear, end = 1 << bits, (1 << bits) + 1
    out = bytearray()
    held, filled, width = clear, bits + 1, bits + 1
    fresh = end + 1
    table: dict[int, int] = {}
    get = table.get
    pixels = iter(indices)
    prefix = next(pixels, -1)
    for pixel in pixels:
        key = prefix << 8 | pixel
        known = get(key)
        if known is not None:
            prefix = known
            continue
        held |= prefix << filled
        filled += width
        if fresh < MAX_CODES:
            table[key] = fresh
            # The decoder learns each entry one code later: it needs the wider codes from here on.
            width += fresh >> width
            fresh += 1
        else:
            held |= clear << filled
            filled += width
            table.clear()
            fresh, width = end + 1, bits + 1
        prefix = pixel
        if filled >= 4096:
            whole = filled >> 3
            out += (held & ((1 << (whole << 3)) - 1)).to_bytes(whole, "little")
            held >>= whole << 3
            filled &= 7
    if prefix >= 0:
        held |= prefix << filled
        filled += width
        # What the decoder has learnt by now may have widened its codes.
        width += fresh >> width if fresh < MAX_CODES else 0
    held |= end << filled
    filled += width
    out += held.to_bytes((filled + 7) >> 3, "little")
    blocks = bytearray((bits,))
    for start in range(0, len(out), 255):
        block = out[start : start + 255]
        blocks.append(len(block))
        blocks += block
    blocks.append(0)
    return bytes(blocks)
