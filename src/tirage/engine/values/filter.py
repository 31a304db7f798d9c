"""CSS filter lists (Filter Effects 1), lowered to colour matrices, blurs and drop shadows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.values.color import Color
from tirage.engine.values.css import amount, degrees, parse_values, pixels, text_of, without_space
from tirage.engine.values.shadow import MAX_BLUR, parse_shadows

MAX_FILTERS = 32

Matrix = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ColorMatrix:
    """Four rows of five factors on unpremultiplied (r, g, b, a, 1), components 0…1, as in feColorMatrix."""

    values: Matrix


@dataclass(frozen=True, slots=True)
class Blur:
    """A Gaussian blur; `sigma` is its standard deviation in px."""

    sigma: float


@dataclass(frozen=True, slots=True)
class DropShadow:
    """A shadow of the alpha, under the picture; px, `sigma` the standard deviation of its blur."""

    x: float
    y: float
    sigma: float
    color: Color


Filter = ColorMatrix | Blur | DropShadow


@dataclass(frozen=True, slots=True)
class FilterList:
    """A CSS filter list: its canonical text, and what it means, first applied first."""

    css: str = ""
    filters: tuple[Filter, ...] = ()


NO_FILTERS = FilterList()


def parse_filters(value: object) -> FilterList:
    """Read a CSS filter list such as `grayscale(100%) blur(5px)`. Raises PydanticCustomError `filter_invalid`."""
    if isinstance(value, FilterList):
        return value
    if value is None:
        return NO_FILTERS
    if not isinstance(value, str):
        raise _invalid("a filter list is a text such as grayscale(100%) blur(5px)")
    text = value.strip()
    if text in ("", "none"):
        return NO_FILTERS
    nodes = parse_values(text, "filter_invalid")
    if len(nodes) > MAX_FILTERS:
        raise _invalid(f"at most {MAX_FILTERS} filters")
    return FilterList(" ".join(text_of([node]) for node in nodes), tuple(_filter(node) for node in nodes))


def _filter(node: Any) -> Filter:
    if node.type != "function":
        raise _invalid(f"{text_of([node])[:40]!r} is not a filter function")
    name, arguments = node.lower_name, without_space(node.arguments)
    if name == "drop-shadow":
        shadow = parse_shadows(text_of(node.arguments))
        if len(shadow) != 1 or shadow[0].spread or shadow[0].inset:
            raise _invalid("drop-shadow takes x, y, blur and a colour")
        # Unlike in box-shadow, the third length is the standard deviation itself (Filter Effects 1, drop-shadow()).
        return DropShadow(shadow[0].x, shadow[0].y, shadow[0].blur, shadow[0].color)
    if len(arguments) > 1:
        raise _invalid(f"{name}() takes one value")
    if name == "blur":
        sigma = pixels(arguments[0]) if arguments else 0.0
        if sigma is None or not 0 <= sigma <= MAX_BLUR:
            raise _invalid(f"blur() takes a length of 0 to {MAX_BLUR:g}px")
        return Blur(sigma)
    if name == "hue-rotate":
        angle = degrees(arguments[0]) if arguments else 0.0
        if angle is None or not math.isfinite(angle):
            raise _invalid("hue-rotate() takes an angle such as 90deg")
        return ColorMatrix(_hue_rotate(angle))
    if name not in _AMOUNTS:
        known = ", ".join(sorted([*_AMOUNTS, "blur", "hue-rotate", "drop-shadow"]))
        raise _invalid(f"{name[:40]!r} is not a filter; there are {known}")
    number = amount(arguments[0]) if arguments else 1.0
    if number is None or not 0 <= number <= 1000:
        raise _invalid(f"{name}() takes a number or percentage that is not negative")
    return ColorMatrix(_AMOUNTS[name](number))


def _rows(red: list[float], green: list[float], blue: list[float], alpha: float = 1.0) -> Matrix:
    return (*red, 0, 0, *green, 0, 0, *blue, 0, 0, 0, 0, 0, alpha, 0)


def _scale(factor: float, offset: float = 0.0) -> Matrix:
    return (factor, 0, 0, 0, offset, 0, factor, 0, 0, offset, 0, 0, factor, 0, offset, 0, 0, 0, 1, 0)


def _saturate(s: float) -> Matrix:
    return _rows(
        [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s],
        [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s],
        [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s],
    )


def _grayscale(value: float) -> Matrix:
    s = 1 - min(1.0, value)
    return _rows(
        [0.2126 + 0.7874 * s, 0.7152 - 0.7152 * s, 0.0722 - 0.0722 * s],
        [0.2126 - 0.2126 * s, 0.7152 + 0.2848 * s, 0.0722 - 0.0722 * s],
        [0.2126 - 0.2126 * s, 0.7152 - 0.7152 * s, 0.0722 + 0.9278 * s],
    )


def _sepia(value: float) -> Matrix:
    s = 1 - min(1.0, value)
    return _rows(
        [0.393 + 0.607 * s, 0.769 - 0.769 * s, 0.189 - 0.189 * s],
        [0.349 - 0.349 * s, 0.686 + 0.314 * s, 0.168 - 0.168 * s],
        [0.272 - 0.272 * s, 0.534 - 0.534 * s, 0.131 + 0.869 * s],
    )


def _hue_rotate(angle: float) -> Matrix:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return _rows(
        [0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
        [0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.140, 0.072 - c * 0.072 - s * 0.283],
        [0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
    )


_AMOUNTS: dict[str, Callable[[float], Matrix]] = {
    "grayscale": _grayscale,
    "sepia": _sepia,
    "saturate": _saturate,
    "brightness": _scale,
    "contrast": lambda value: _scale(value, 0.5 - 0.5 * value),
    "invert": lambda value: _scale(1 - 2 * min(1.0, value), min(1.0, value)),
    "opacity": lambda value: _rows([1, 0, 0], [0, 1, 0], [0, 0, 1], min(1.0, value)),
}


def _invalid(message: str) -> PydanticCustomError:
    return PydanticCustomError("filter_invalid", "{message}", {"message": message})


FilterValue = Annotated[
    FilterList,
    PlainValidator(parse_filters),
    PlainSerializer(lambda filters: filters.css, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["grayscale(100%) blur(5px)"]}),
]
