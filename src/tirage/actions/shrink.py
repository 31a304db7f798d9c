"""The children's side of small pictures: encoded bytes → a smaller picture."""

from __future__ import annotations

from typing import Any

from tirage.engine.errors import Problem, RenderProblem

_QUALITY = {"jpeg": 82, "webp": 80, "avif": 55}


def warm() -> None:
    """Load the libraries."""
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


def _reduced(data: bytes, width: int, max_pixels: int) -> Any:
    """Decoded no larger than needed; never larger than it is."""
    import pyvips

    try:
        header = pyvips.Image.new_from_buffer(data, "", access="sequential")
        if header.width * header.height > max_pixels:
            raise RenderProblem(Problem("picture_unreadable", "The stored picture is too large to be made smaller."))
        if header.width <= width:
            return pyvips.Image.new_from_buffer(data, "", fail_on="error")
        return pyvips.Image.thumbnail_buffer(data, width, height=100_000, size="down", fail_on="error", no_rotate=True)
    except pyvips.Error:
        raise RenderProblem(Problem("picture_unreadable", "The stored picture cannot be decoded.")) from None
