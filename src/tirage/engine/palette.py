"""A painted page → the few colours that it is made of, the commonest first."""

from __future__ import annotations

from typing import Any

import numpy as np

from tirage.engine.surface import Raster

SIDE = 128
"""So many points of the page's longer side are looked at; the encoded file need not be decoded for it."""
COLOURS = 6
_APART = 48.0
"""How far apart two colours of a palette lie at least, in 8-bit RGB."""


def palette(raster: Raster) -> tuple[str, ...]:
    """Up to six colours as `#rrggbb`, the one of most pixels first; what is more than half transparent does not count.

    Points, not means of areas: a mean of two colours at an edge is a third one that nobody has drawn.
    """
    step = max(1, -(-max(raster.width, raster.height) // SIDE))
    pixels = raster.data[step // 2 :: step, step // 2 :: step].reshape(-1, 4).astype(np.int32)
    if not raster.opaque:
        pixels = pixels[pixels[:, 3] >= 128]
        pixels[:, :3] = np.minimum(255, (pixels[:, :3] * 255 + pixels[:, 3:] // 2) // pixels[:, 3:])
    return _commonest(pixels[:, :3])


def _commonest(pixels: Any) -> tuple[str, ...]:
    """The fullest boxes of 16 levels a channel, each told by its mean, those too near to an earlier one left out."""
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
    return tuple("#" + "".join(f"{round(float(level)):02x}" for level in colour) for colour in found)
