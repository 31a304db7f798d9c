"""Painted frames → a film: their pixels, how long each is shown, and where one differs from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tirage.engine.surface import Raster

Frame = npt.NDArray[np.uint8]
"""(height, width, 4), RGBA, alpha not multiplied in."""


@dataclass(frozen=True, slots=True)
class Film:
    """Frames of one size, each shown for so many seconds; `opaque` where no pixel of any is transparent."""

    frames: tuple[Frame, ...]
    seconds: tuple[float, ...]
    opaque: bool

    @classmethod
    def of(cls, rasters: Sequence[Raster], seconds: Sequence[float]) -> Film:
        """The film of painted pages."""
        return cls(tuple(each.straight() for each in rasters), tuple(seconds), all(each.opaque for each in rasters))

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.frames[0].shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.frames[0].shape[0])

    def ticks(self, rate: int) -> tuple[int, ...]:
        """How long each frame is shown in units of 1/rate second: rounded so that nothing is lost over all of them."""
        ends = np.rint(np.cumsum((0.0, *self.seconds)) * rate).astype(int).tolist()
        return tuple(max(1, end - start) if end or start else 0 for start, end in pairwise(ends))

    def changes(self) -> tuple[tuple[int, int, int, int], ...]:
        """For each frame but the first the smallest area (x, y, width, height) in which it differs from the last."""
        return tuple(_changed(first, second) for first, second in pairwise(self.frames))


def _changed(first: Frame, second: Frame) -> tuple[int, int, int, int]:
    # Pixels as one number each: a quarter of the comparisons.
    differs = first.view(np.uint32)[..., 0] != second.view(np.uint32)[..., 0]
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
