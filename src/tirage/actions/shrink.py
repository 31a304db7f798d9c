"""The children's side of small pictures: encoded bytes → a smaller picture, or its colours."""

from __future__ import annotations

from typing import Any

from tirage.engine.errors import Problem, RenderProblem

SIDE = 64
"""Colours are counted in a reduction to this many pixels a side (design: dominant colour and palette)."""
COLOURS = 6
_APART = 48.0
"""How far apart two colours of a palette lie at least, in 8-bit RGB."""
_QUALITY = {"jpeg": 82, "webp": 80, "avif": 55}


def warm() -> None:
    """Load the libraries."""
    import numpy  # noqa: F401  (loaded for later)
    import pyvips  # noqa: F401


def shrink(data: bytes, width: int, format_: str, *, max_pixels: int) -> bytes:
    """The picture at most `width` pixels wide, in the same proportions. Raises RenderProblem `picture_unreadable`."""
    image = _reduced(data, width, max_pixels)
    if format_ == "png":
        return bytes(image.pngsave_buffer(compression=6, keep="none"))
    if format_ == "jpeg":
        return bytes(image.jpegsave_buffer(Q=_QUALITY["jpeg"], optimize_coding=True, keep="none"))
    if format_ == "webp":
        return bytes(image.webpsave_buffer(Q=_QUALITY["webp"], keep="none"))
    if format_ == "avif":
        return bytes(image.heifsave_buffer(Q=_QUALITY["avif"], compression="av1", effort=2, keep="none"))
    raise RenderProblem(Problem("format_unknown", f"Small pictures are not made as {format_[:20]!r}."))


def palette(data: bytes) -> list[str]:
    """Up to six colours of a picture as `#rrggbb`, the one of most pixels first; transparent pixels do not count."""
    import numpy as np

    image = _reduced(data, SIDE, 50_000_000, height=SIDE).colourspace("srgb")
    pixels = np.frombuffer(image.write_to_memory(), np.uint8).reshape(-1, image.bands)
    if image.bands in (2, 4):
        pixels = pixels[pixels[:, -1] >= 128][:, :-1]
    if pixels.shape[1] == 1:
        pixels = np.repeat(pixels, 3, axis=1)
    if not len(pixels):
        return []
    return _clusters(pixels[:, :3].astype(np.int32))


def _clusters(pixels: Any) -> list[str]:
    """The commonest boxes of 16 levels a channel, each told by its mean, those too near to an earlier one left out."""
    import numpy as np

    boxes = (pixels[:, 0] >> 4) * 256 + (pixels[:, 1] >> 4) * 16 + (pixels[:, 2] >> 4)
    counts = np.bincount(boxes, minlength=4096)
    sums = np.stack([np.bincount(boxes, weights=pixels[:, each], minlength=4096) for each in range(3)], axis=1)
    found: list[Any] = []
    for box in np.argsort(-counts, kind="stable")[:64]:
        if not counts[box] or len(found) == COLOURS:
            break
        mean = sums[box] / counts[box]
        if all(float(np.linalg.norm(mean - other)) >= _APART for other in found):
            found.append(mean)
    return ["#" + "".join(f"{round(float(level)):02x}" for level in colour) for colour in found]


def _reduced(data: bytes, width: int, max_pixels: int, height: int | None = None) -> Any:
    """Decoded no larger than needed; never larger than it is."""
    import pyvips

    try:
        header = pyvips.Image.new_from_buffer(data, "", access="sequential")
        if header.width * header.height > max_pixels:
            raise RenderProblem(Problem("picture_unreadable", "The stored picture is too large to be made smaller."))
        if header.width <= width and (height is None or header.height <= height):
            return pyvips.Image.new_from_buffer(data, "", fail_on="error")
        return pyvips.Image.thumbnail_buffer(
            data, width, height=height or 100_000, size="down", fail_on="error", no_rotate=True
        )
    except pyvips.Error:
        raise RenderProblem(Problem("picture_unreadable", "The stored picture cannot be decoded.")) from None
