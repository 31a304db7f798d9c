"""What the engine asks of the outside world: pictures and fonts, by reference, as bytes."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ROW_SCHEME = "row:"
"""Marks a relative path that a row brought, so that it resolves against the data file and not the template."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture named by its source: a path, an http(s) or a data URL; `row:` before a path that a row brought."""

    source: str


@dataclass(frozen=True, slots=True)
class FontRef:
    """A face asked for by family, weight 1–1000 and posture."""

    family: str
    weight: int = 400
    italic: bool = False


ResourceRef = ImageRef | FontRef


@dataclass(frozen=True, slots=True)
class Blob:
    """Verified bytes and their SHA-256 in lower-case hex."""

    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class FaceInfo:
    """What is known of a font face without opening it. `key` is the SHA-256 of its file; `coverage` are inclusive
    ranges of code points in ascending order; `variable` lists axes as (tag, minimum, default, maximum)."""

    key: str
    family: str
    weight: int
    italic: bool
    coverage: tuple[tuple[int, int], ...]
    color: bool = False
    axes: tuple[tuple[str, float, float, float], ...] = ()
    postscript: str = ""


class FontSource(Protocol):
    """The faces that may be used: those somebody names, and the families to fall back on, in order."""

    def faces(self) -> Sequence[FaceInfo]:
        """Every face there is."""

    def fallback(self) -> Sequence[str]:
        """Families to search for characters that the named fonts lack, best first."""

    def load(self, key: str) -> bytes | mmap.mmap:
        """The font file, as bytes or as a map of them. Raises ResourceProblem `font_missing`."""


class Resources(Protocol):
    """Everything a render may use; handed in whole before layout begins."""

    @property
    def fonts(self) -> FontSource:
        """The font faces."""

    def image(self, source: str) -> Blob:
        """The bytes of a picture. Raises ResourceProblem with the reason it could not be had."""
