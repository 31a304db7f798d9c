"""The columns of a grid as templates write them: a number of equal ones, or a list as CSS Grid Layout has it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.arrange import Track
from tirage.engine.values.length import Length, parse_length

MAX_COLUMNS = 100
_SHARE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)fr\Z")
Column = Track | Length


def parse_columns(value: object) -> int | tuple[Column, ...]:
    """Read a number of columns, or a list such as `[120, "25%", "1fr", "auto"]`. Raises PydanticCustomError."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COLUMNS:
        return value
    if isinstance(value, str) and len(value) <= 2000:
        # A row may write both as text; "1fr 2fr" is how CSS writes the list.
        return parse_columns(int(value) if value.strip().isdecimal() else tuple(value.split()))
    if isinstance(value, list | tuple) and 1 <= len(value) <= MAX_COLUMNS:
        return tuple(_column(each) for each in value)
    raise PydanticCustomError("columns_invalid", "columns are a number from 1 to 100, or a list of up to 100 widths")


def _column(value: object) -> Column:
    if isinstance(value, Track | Length):
        return value
    if value == "auto":
        return Track("auto")
    if isinstance(value, str) and (share := _SHARE.match(value.strip())) and float(share[1]) > 0:
        return Track("fr", float(share[1]))
    try:
        length = parse_length(value)
    except PydanticCustomError:
        length = Length(-1)
    if length.value < 0:
        raise PydanticCustomError("columns_invalid", 'a column is a width such as 120, "25%", "1fr" or "auto"')
    return length


def tracks(columns: int | tuple[Column, ...], width: float) -> tuple[Track, ...]:
    """The columns of a grid of `width` px."""
    if isinstance(columns, int):
        return (Track("fr", 1),) * columns
    return tuple(each if isinstance(each, Track) else Track("px", each.resolve(width)) for each in columns)


def _write(columns: int | tuple[Column, ...]) -> object:
    if isinstance(columns, int):
        return columns
    return [_written(each) for each in columns]


def _written(column: Column) -> object:
    if isinstance(column, Length):
        return column.canonical
    return "auto" if column.kind == "auto" else f"{column.value:g}fr"


Columns = Annotated[
    int | tuple[Column, ...],
    PlainValidator(parse_columns),
    PlainSerializer(_write),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MAX_COLUMNS},
                {"type": "array", "minItems": 1, "maxItems": MAX_COLUMNS, "items": {"type": ["number", "string"]}},
                {"type": "string", "examples": ["1fr 2fr", "120 auto 1fr"]},
            ]
        }
    ),
]
