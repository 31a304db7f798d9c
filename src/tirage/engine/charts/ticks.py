"""A range of values → the round numbers that an axis shows."""

from __future__ import annotations

import math

_LEAST = 1e-200
"""A range below it is none: its steps would be no numbers any more."""


def nice_ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    """About `count` multiples of 1, 2, 2.5 or 5 times a power of ten that cover the range, ends included."""
    if high - low < _LEAST:
        high = low + max(abs(low), _LEAST) if low else 1.0
    step = _nice((high - low) / max(1, count))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(_clean(index * step, step) for index in range(first, last + 1))


def _nice(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(each for each in (1, 2, 2.5, 5, 10) if each * power >= rough * (1 - 1e-9))


def _clean(value: float, step: float) -> float:
    """Without the dust of binary fractions."""
    return round(value, max(0, 2 - math.floor(math.log10(step)))) + 0.0
