"""What the readers of picture headers give, and how they say that they cannot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """A picture's header. `width` and `height` are as stored, before `orientation` (the EXIF values 1–8) is applied.

    `channels` is the number of components of a JPEG, `profile` whether a colour profile other than sRGB applies.
    """

    format: str
    width: int
    height: int
    alpha: bool
    orientation: int = 1
    frames: int = 1
    bits: int = 8
    progressive: bool = False
    channels: int = 4
    profile: bool = False

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height after orientation."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


class Malformed(Exception):
    """The bytes contradict their format; the text completes "The picture is damaged: …"."""


class Unsupported(Exception):
    """A format that is not read; the text completes "The picture is …"."""


class TooComplex(Exception):
    """More parts than any honest picture has."""


class TooManyFrames(Exception):
    """An animation beyond the limit."""


class Truncated(Exception):
    """The bytes end too early."""
