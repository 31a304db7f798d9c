"""A text's colour and pixels beneath it → how well it is told from them (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tirage.engine.values.color import Color

LEAST = 4.5
"""The contrast that text needs at least (WCAG 2.2, 1.4.3, level AA)."""
SHARE = 0.25
"""Of the ground that may be told worse: a letter across a dark stripe is read all the same, one within is not."""

Samples = npt.NDArray[np.uint8]
"""Opaque pixels beneath a text: (n, 3) of RGB."""

_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def uniform(color: Color) -> Samples:
    """Samples of one opaque colour."""
    return np.array([[round(part * 255) for part in (color.red, color.green, color.blue)]], np.uint8)


def over(color: Color, alpha: float, samples: Samples) -> Samples:
    """A colour laid over samples with an alpha of its own."""
    if alpha >= 1:
        return uniform(color)
    mixed = uniform(color) * alpha + samples * (1 - alpha)
    return np.rint(mixed).astype(np.uint8)


def contrast(color: Color, alpha: float, samples: Samples) -> float:
    """The contrast, 1…21, that all but `SHARE` of the ground reaches."""
    ground = _LINEAR[samples] @ _WEIGHTS
    text = _LINEAR[over(color, alpha, samples)] @ _WEIGHTS
    light, dark = np.maximum(text, ground), np.minimum(text, ground)
    return float(np.quantile((light + 0.05) / (dark + 0.05), SHARE))
