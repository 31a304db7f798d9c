"""One to four lengths around a box, as CSS writes padding (top right bottom left) and corner radii."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.values.length import ZERO, Length, parse_length
from tirage.engine.values.transform import Rect

Four = tuple[Length, Length, Length, Length]
NONE: Four = (ZERO, ZERO, ZERO, ZERO)


def parse_four(value: object) -> Four:
    """Read a length, a CSS text of one to four of them, or a list. Raises PydanticCustomError `length_invalid`."""
    if isinstance(value, str) and len(value) <= 128:
        parts: list[object] = list(value.split())
    elif isinstance(value, list | tuple):
        parts = list(value)
    else:
        parts = [value]
    if not 1 <= len(parts) <= 4:
        raise PydanticCustomError("length_invalid", "one to four lengths are expected, such as 8 or '8px 16px'")
    lengths = [parse_length(part) for part in parts]
    if any(length.value < 0 for length in lengths):
        raise PydanticCustomError("length_invalid", "this length must not be negative")
    # CSS: what is left out is taken from the opposite side, and the second from the first.
    top = lengths[0]
    right = lengths[1] if len(lengths) > 1 else top
    bottom = lengths[2] if len(lengths) > 2 else top
    left = lengths[3] if len(lengths) > 3 else right
    return top, right, bottom, left


def _write(four: Four) -> object:
    written = [length.canonical for length in four]
    return written[0] if len(set(written)) == 1 else written


FourLengths = Annotated[
    Four,
    PlainValidator(parse_four),
    PlainSerializer(_write),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "examples": ["8px", "50%", "8px 16px"]},
                {"type": "array", "minItems": 1, "maxItems": 4, "items": {"type": ["number", "string"]}},
            ]
        }
    ),
]


def corner_radii(four: Four, rect: Rect) -> tuple[tuple[float, float], ...]:
    """The corners' (rx, ry) in px, clockwise from the top left, made to fit (CSS Backgrounds 3, 4.5), or none."""
    if not any(length.value for length in four):
        return ()
    radii = [(length.resolve(rect.width), length.resolve(rect.height)) for length in four]
    sums = (
        (rect.width, radii[0][0] + radii[1][0]),
        (rect.height, radii[1][1] + radii[2][1]),
        (rect.width, radii[2][0] + radii[3][0]),
        (rect.height, radii[3][1] + radii[0][1]),
    )
    factor = min([1.0, *(side / total for side, total in sums if total > 0)])
    return tuple((x * factor, y * factor) for x, y in radii)
