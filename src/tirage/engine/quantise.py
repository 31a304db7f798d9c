"""Colours of many pixels → a palette of few, and pixels → places in it; dithered so that what stands still is still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colors = npt.NDArray[np.uint8]
"""(…, 3), sRGB."""
Places = npt.NDArray[np.uint8]

_SAMPLED = 600_000
"""How many pixels a palette is made from at most."""
_FLAT_SHARE = 0.004
"""A colour of so many of all pixels is an area, and is kept exactly."""
_MAX_FLAT = 32
_EXACT, _STRONGEST = 3, 24
"""Up to which error of a channel nothing is dithered, and the largest amplitude, of 255."""
_CELL_BITS = 6
# The threshold of each pixel of a tile of 8 by 8 (Bayer 1973), -0.5 to 0.5.
_TILE = np.zeros((1, 1))
for _ in range(3):
    _TILE = np.block([[4 * _TILE, 4 * _TILE + 2], [4 * _TILE + 3, 4 * _TILE + 1]])
_TILE = (_TILE + 0.5) / _TILE.size - 0.5


@dataclass(frozen=True, slots=True)
class Palette:
    """Up to so many colours, (n, 3); `exact` where they are all that there are."""

    colors: Colors
    exact: bool

    def places(self, pixels: Colors, x: int = 0, y: int = 0) -> Places:
        """The places of pixels (height, width, 3) whose top left lies at (x, y) of the whole picture.

        Where colours had to go, thresholds by position decide between near ones: a pixel that does not change gets the
        same place in every frame, as it would not by spreading errors to its neighbours.
        """
        nearest = self._nearest(pixels)
        if self.exact:
            return nearest
        error = np.abs(self.colors[nearest].astype(np.int16) - pixels).max(axis=2)
        rough = error > _EXACT
        if not rough.any():
            return nearest
        rows, columns = np.nonzero(rough)
        threshold = _TILE[(rows + y) % 8, (columns + x) % 8] * np.minimum(2 * error[rough], _STRONGEST)
        moved = np.clip(pixels[rough] + threshold[:, None], 0, 255).astype(np.uint8)
        nearest[rough] = self._nearest(moved)
        return nearest

    def _nearest(self, pixels: Colors) -> Places:
        """Looked up by cells of colours, each told by the mean of the pixels that fall into it."""
        if self.exact:  # and in the order of their numbers
            return np.searchsorted(packed_of(self.colors), packed_of(pixels)).astype(np.uint8)
        parts = (pixels >> (8 - _CELL_BITS)).astype(np.int32)
        cells = (parts[..., 0] << 2 * _CELL_BITS | parts[..., 1] << _CELL_BITS | parts[..., 2]).ravel()
        size = 1 << 3 * _CELL_BITS
        counts = np.bincount(cells, minlength=size)
        used = np.flatnonzero(counts)
        flat = pixels.reshape(-1, 3)
        means = np.stack(
            [np.bincount(cells, weights=flat[:, each], minlength=size)[used] / counts[used] for each in range(3)],
            axis=1,
        ).astype(np.float32)
        table = np.zeros(size, np.uint8)
        known = self.colors.astype(np.float32)
        squares = (known**2).sum(axis=1)
        for start in range(0, len(used), 16_384):
            part = means[start : start + 16_384]
            table[used[start : start + 16_384]] = np.argmin(squares - 2 * part @ known.T, axis=1)
        return np.asarray(table[cells].reshape(pixels.shape[:-1]), np.uint8)


def packed_of(pixels: Colors) -> npt.NDArray[np.int32]:
    """Each colour as one number of 24 bits."""
    parts = pixels.astype(np.int32)
    return np.asarray(parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2], np.int32)


def palette_of(areas: Sequence[Colors], most: int) -> Palette:
    """The palette, of `most` colours at most, for areas of pixels (…, 3)."""
    pixels = np.concatenate([area.reshape(-1, 3) for area in areas])
    if not len(pixels):
        return Palette(np.zeros((1, 3), np.uint8), True)
    packed = packed_of(pixels)
    there = np.zeros(1 << 24, bool)
    there[packed] = True
    if np.count_nonzero(there) <= most:
        return Palette(_unpacked(np.flatnonzero(there)), True)
    step = -(-len(pixels) // _SAMPLED)
    sample, counts = np.unique(packed[::step], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MAX_FLAT]
    flat = sample[order[counts[order] >= _FLAT_SHARE * len(packed[::step])]]
    found = _quantised(pixels[::step], most)
    kept = list(dict.fromkeys([*flat.tolist(), *packed_of(found).tolist()]))[:most]
    return Palette(_unpacked(np.array(kept)), False)


def _unpacked(packed: npt.NDArray[np.int64]) -> Colors:
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)


def _quantised(pixels: Colors, most: int) -> Colors:
    """The palette that libvips finds; the rarest come last."""
    import pyvips

    width = 1024
    rows = -(-len(pixels) // width)
    filled = np.concatenate([pixels, np.repeat(pixels[-1:], rows * width - len(pixels), axis=0)])
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(filled), width, rows, 3, "uchar")
    data = image.copy(interpretation="srgb").pngsave_buffer(palette=True, Q=100, dither=0, compression=0, keep="none")
    at = data.index(b"PLTE")
    return np.frombuffer(data, np.uint8, int.from_bytes(data[at - 4 : at], "big"), at + 4).reshape(-1, 3)
