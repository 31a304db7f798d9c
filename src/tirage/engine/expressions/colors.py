"""Colours in expressions: CSS texts in, canonical texts out."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.values.color import Color, parse_color


def contrast(ground: str, dark: str, light: str) -> str:
    """Of two colours the one with the higher contrast on a ground (WCAG 2.2)."""
    below = _color(ground)
    return max((dark, light), key=lambda name: below.contrast(_color(name)))


def mixed(first: str, second: str, share: float) -> str:
    """A colour with `share` (0…1) of another one in it, in sRGB."""
    if not 0 <= share <= 1:
        raise ExpressionError("the share of a colour is a number from 0 to 1")
    a, b = _color(first), _color(second)
    parts = [
        one + (two - one) * share
        for one, two in ((a.red, b.red), (a.green, b.green), (a.blue, b.blue), (a.alpha, b.alpha))
    ]
    return Color(*parts).css


def translucent(name: str, opacity: float) -> str:
    """A colour with another opacity, 0…1."""
    if not 0 <= opacity <= 1:
        raise ExpressionError("an opacity is a number from 0 to 1")
    color = _color(name)
    return Color(color.red, color.green, color.blue, opacity).css


def _color(name: str) -> Color:
    try:
        return parse_color(name.strip())
    except PydanticCustomError:
        raise ExpressionError(f"{name[:40]!r} is no colour") from None
