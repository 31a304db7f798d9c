"""CSS colours, read into sRGB with alpha and written back in one canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import tinycss2.color4
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_COLOR_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Color:
    """An unpremultiplied sRGB colour, each component 0…1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def css(self) -> str:
        """The canonical text: `#rrggbb`, or `#rrggbbaa` where it is not opaque."""
        parts = [self.red, self.green, self.blue]
        if self.alpha < 1:
            parts.append(self.alpha)
        return "#" + "".join(f"{round(part * 255):02x}" for part in parts)

    @property
    def luminance(self) -> float:
        """The relative luminance, 0…1, of the colour without its alpha (WCAG 2.2)."""

        def linear(part: float) -> float:
            return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

        return 0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)

    def contrast(self, other: Color) -> float:
        """The contrast of two opaque colours, 1…21 (WCAG 2.2)."""
        one, two = self.luminance, other.luminance
        return (max(one, two) + 0.05) / (min(one, two) + 0.05)

    def with_alpha(self, alpha: float) -> Color:
        """The same colour with its alpha multiplied by `alpha`, 0…1."""
        return Color(self.red, self.green, self.blue, self.alpha * alpha)


BLACK = Color(0, 0, 0)
WHITE = Color(1, 1, 1)
TRANSPARENT = Color(0, 0, 0, 0)


@lru_cache(maxsize=4096)
def parse_color(text: str) -> Color:
    """Read a CSS Color 4 colour: hex, names, `rgb()`, `rgba()`, `hsl()`, `hsla()`, `hwb()`.

    Components outside their range are refused, not clamped: they are mistakes.
    Raises PydanticCustomError `color_invalid`.
    """
    parsed = tinycss2.color4.parse_color(text) if len(text) <= MAX_COLOR_CHARACTERS else None
    if parsed is None or parsed == "currentcolor":
        raise _invalid(text)
    try:
        converted = parsed.to("srgb")
    except NotImplementedError:
        raise _invalid(text) from None
    channels = [0.0 if part is None else float(part) for part in (*converted.coordinates, converted.alpha)]
    if any(not -1e-6 <= part <= 1 + 1e-6 for part in channels):
        raise _invalid(text)
    return Color(*(min(1.0, max(0.0, part)) for part in channels))


def _invalid(text: str) -> PydanticCustomError:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return PydanticCustomError(
        "color_invalid", "{shown} is not a colour; write #rrggbb, rgb(), hsl() or a CSS name", {"shown": repr(shown)}
    )


def _validate(value: object) -> Color:
    if isinstance(value, Color):
        return value
    if isinstance(value, str):
        return parse_color(value.strip())
    raise PydanticCustomError("color_invalid", "a colour is a string such as #1a73e8")


ColorValue = Annotated[
    Color,
    PlainValidator(_validate),
    PlainSerializer(lambda color: color.css, return_type=str),
    WithJsonSchema({"type": "string", "format": "color", "examples": ["#1a73e8", "rgba(0, 0, 0, 0.5)"]}),
]
