"""Pictures: headers read before anything is decoded (`probe`), and decoding to pixels (`ImageEngine`).

The header reader is pure Python; the decoders are loaded when `ImageEngine` is first named, so that a process which
only probes never loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tirage.engine.images.header import probe, read_header
from tirage.engine.images.record import Header

if TYPE_CHECKING:
    from tirage.engine.images.engine import ImageEngine
    from tirage.engine.images.focus import FaceDetector

__all__ = ["FaceDetector", "Header", "ImageEngine", "probe", "read_header"]


def __getattr__(name: str) -> object:
    if name == "ImageEngine":
        from tirage.engine.images.engine import ImageEngine

        return ImageEngine
    if name == "FaceDetector":
        from tirage.engine.images.focus import FaceDetector

        return FaceDetector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
