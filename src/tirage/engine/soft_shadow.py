"""What casts a wide shadow → its shadow, blurred at a fraction of the resolution.

A Gaussian of many pixels leaves nothing that a coarser grid could not hold: the coverage is averaged over cells,
blurred there in whole numbers (the same on every machine), and the painter interpolates between the cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tirage.engine import brush
from tirage.engine.skia_loader import skia
from tirage.engine.surface import Surface, info
from tirage.engine.values.color import Color
from tirage.engine.values.filter import DropShadow, Filter
from tirage.engine.values.transform import Rect

LEAST_SIGMA = 5.4
"""Device pixels from which a coarse grid is fine enough: two pixels a cell."""
_CELLS = 2.7
"""How many cells a standard deviation has at least: interpolating between them then errs by less than a level."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A surface for what casts a shadow: its canvas draws in the units of the canvas that it belongs to.

    (`left`, `top`) is its place there in device pixels, `moved` the offset of the shadow, `sigma` its deviation.
    """

    surface: Surface
    left: int
    top: int
    moved: tuple[float, float]
    sigma: float
    color: Color

    def draw_shadow(self, canvas: Any) -> None:
        """Draw the shadow of what the surface shows onto a canvas in device pixels."""
        made = shadow_of(self.surface.data, self.sigma, self.color)
        rows, columns = made.data.shape[:2]
        image = skia.Image.MakeFromRaster(skia.Pixmap(info(columns, rows), made.data, columns * 4))
        place = skia.Rect.MakeXYWH(
            self.left + self.moved[0] - made.before, self.top + self.moved[1] - made.before,
            columns * made.cell, rows * made.cell,
        )  # fmt: skip
        # Dithered, so that its slow slopes show no bands.
        whole, paint = skia.Rect.MakeWH(columns, rows), skia.Paint(Dither=True)
        canvas.drawImageRect(image, whole, place, brush.LINEAR, paint, skia.Canvas.kFast_SrcRectConstraint)


def last_filter(filters: tuple[Filter, ...], matrix: Any) -> DropShadow | None:
    """The last filter, where it is a shadow whose blur is many device pixels wide and as wide in all directions."""
    last = filters[-1] if filters else None
    if not isinstance(last, DropShadow) or not matrix.isSimilarity():
        return None
    return last if last.sigma * matrix.mapRadius(1) >= LEAST_SIGMA else None


def begin(canvas: Any, extent: Rect | None, shadow: DropShadow) -> Cast | None:
    """The surface for what covers `extent`, in the canvas's units; None where neither it nor its shadow is seen."""
    if extent is None:
        return None
    matrix = canvas.getTotalMatrix()
    sigma, moved = shadow.sigma * matrix.mapRadius(1), matrix.mapVector(shadow.x, shadow.y)
    # What is not seen itself may cast a shadow that is.
    reach = brush.BLUR_REACH * sigma + max(abs(moved.x()), abs(moved.y())) + 1
    area = matrix.mapRect(brush.rectangle(extent)).makeOutset(1, 1)
    if not area.intersect(skia.Rect.Make(canvas.getDeviceClipBounds()).makeOutset(reach, reach)):
        return None
    area = area.roundOut()
    surface = Surface(area.width(), area.height())
    surface.canvas.translate(-area.left(), -area.top())
    surface.canvas.concat(matrix)
    return Cast(surface, area.left(), area.top(), (moved.x(), moved.y()), sigma, shadow.color)


@dataclass(frozen=True, slots=True)
class Shade:
    """A shadow: `data` is (rows, columns, 4) of premultiplied RGBA; a sample covers `cell` × `cell` device pixels.

    It begins `before` device pixels to the left of and above the first pixel of what casts it.
    """

    data: npt.NDArray[np.uint8]
    cell: int
    before: int


def shadow_of(pixels: npt.NDArray[np.uint8], sigma: float, color: Color) -> Shade:
    """The shadow, not moved, that `pixels` (rows, columns, RGBA) cast with a Gaussian blur of `sigma` ≥ LEAST_SIGMA."""
    cell = int(sigma / _CELLS)
    # Averaging over cells and interpolating between them blur a little themselves; variances add up.
    variance = sigma * sigma - (cell * cell - 1) / 12 - (cell * cell - 1) / 6
    weights = _gaussian(math.sqrt(variance) / cell)
    coverage = _blurred(_blurred(_averaged(pixels[..., 3], cell), weights, 0), weights, 1)
    tint = (color.red * color.alpha, color.green * color.alpha, color.blue * color.alpha, color.alpha)
    factors = np.array([round(part * 65536) for part in tint], np.uint32)
    # At most 65280 · 65536 and a half: just within 32 bits.
    data = ((coverage[..., None] * factors + np.uint32(1 << 23)) >> np.uint32(24)).astype(np.uint8)
    return Shade(data, cell, (len(weights) - 1) * cell)


def _averaged(alpha: npt.NDArray[np.uint8], cell: int) -> npt.NDArray[np.uint32]:
    """Means over cells, as levels of 8.8 bits; cells beyond the edge are filled with nothing."""
    rows, columns = -(-alpha.shape[0] // cell), -(-alpha.shape[1] // cell)
    whole = np.zeros((rows * cell, columns * cell), np.uint8)
    whole[: alpha.shape[0], : alpha.shape[1]] = alpha
    lines = whole.reshape(rows, cell, columns * cell).sum(axis=1, dtype=np.uint32)
    sums = lines.reshape(rows, columns, cell).sum(axis=2, dtype=np.uint32)
    means: npt.NDArray[np.uint32] = (sums * np.uint32(256) + np.uint32(cell * cell // 2)) // np.uint32(cell * cell)
    return means


def _blurred(levels: npt.NDArray[np.uint32], weights: tuple[int, ...], axis: int) -> npt.NDArray[np.uint32]:
    """A convolution along one axis with a symmetric kernel, longer by its reach at both ends."""
    reach = len(weights) - 1
    padding = [(0, 0), (0, 0)]
    padding[axis] = (2 * reach, 2 * reach)
    padded = np.pad(levels, padding)
    size = levels.shape[axis] + 2 * reach

    def moved(by: int) -> npt.NDArray[np.uint32]:
        part = slice(reach + by, reach + by + size)
        return padded[part] if axis == 0 else padded[:, part]

    total = moved(0) * np.uint32(weights[0])
    for distance in range(1, reach + 1):
        total += (moved(distance) + moved(-distance)) * np.uint32(weights[distance])
    return (total + np.uint32(32768)) >> np.uint32(16)


@lru_cache(maxsize=64)
def _gaussian(sigma: float) -> tuple[int, ...]:
    """Half a kernel, from its centre outward, in whole numbers; the whole kernel sums up to 65536."""
    reach = math.ceil(3 * sigma)
    exact = [math.exp(-0.5 * (distance / sigma) ** 2) for distance in range(reach + 1)]
    unit = 65536 / (exact[0] + 2 * sum(exact[1:]))
    tail = [round(each * unit) for each in exact[1:]]
    return (65536 - 2 * sum(tail), *tail)
