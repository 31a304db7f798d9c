"""Lengths: numbers are CSS pixels, strings are `"12px"` or `"50%"`, kept canonical."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_LENGTH = 100_000.0
# Bounded repetition only: linear on any input (the length is capped before it is tried).
_PATTERN = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(px|%)?\Z")


@dataclass(frozen=True, slots=True)
class Length:
    """A number of CSS pixels, or a percentage of a reference length that the property names."""

    value: float
    percent: bool = False

    def resolve(self, reference: float) -> float:
        """The length in px, where 100 % is `reference` px."""
        return self.value * reference / 100 if self.percent else self.value

    @property
    def canonical(self) -> float | str:
        """A number for px, a string such as `"50%"` for a percentage."""
        return f"{self.value:g}%" if self.percent else self.value


ZERO = Length(0.0)


def parse_length(value: object) -> Length:
    """Read a number or a CSS string. Raises PydanticCustomError `length_invalid`."""
    if isinstance(value, Length):
        return value
    if isinstance(value, bool):
        raise _invalid()
    if isinstance(value, int | float):
        return Length(_bounded(float(value)))
    if isinstance(value, str) and len(value) <= 32 and (match := _PATTERN.match(value.strip())):
        return Length(_bounded(float(match[1])), match[2] == "%")
    raise _invalid()


def _bounded(number: float) -> float:
    if not math.isfinite(number) or abs(number) > MAX_LENGTH:
        raise PydanticCustomError("length_invalid", "a length is a finite number within ±100000")
    return number


def _invalid() -> PydanticCustomError:
    return PydanticCustomError("length_invalid", 'a length is a number of px, or a string such as "12px" or "50%"')


LengthValue = Annotated[
    Length,
    PlainValidator(parse_length),
    PlainSerializer(lambda length: length.canonical),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?[0-9.]+(px|%)?$"}]}),
]


def _not_negative(value: object) -> Length:
    length = parse_length(value)
    if length.value < 0:
        raise PydanticCustomError("length_invalid", "this length must not be negative")
    return length


PositiveLengthValue = Annotated[
    Length,
    PlainValidator(_not_negative),
    PlainSerializer(lambda length: length.canonical),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\+?[0-9.]+(px|%)?$"}]}
    ),
]
