"""What rows write (lists, JSON, numbers with commas between) → series and labels of a chart, within limits."""

from __future__ import annotations

import math
from typing import Annotated, Any

import orjson
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_SERIES = 20
MAX_POINTS = 1_000
MAX_VALUE = 1e15
MAX_LABEL = 200

Series = tuple[float | None, ...]
"""Values in the order of the labels; None where there is none."""


def _read(value: object, what: str) -> list[Any]:
    """A list, the JSON of one, or a text with commas or semicolons between the items."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise PydanticCustomError("chart_data_invalid", f"{what} begin like JSON, but are not") from None
        else:
            value = [part.strip() for part in text.split(";" if ";" in text else ",")] if text else []
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("chart_data_invalid", f"{what} are a list, such as [12, 30, 18]")
    return list(value)


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value[:40]
        try:
            value = float(value)
        except ValueError:
            raise PydanticCustomError("chart_data_invalid", "{shown} is no number", {"shown": repr(text)}) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("chart_data_invalid", "values of a chart are numbers, or nothing")
    if not math.isfinite(value) or abs(value) > MAX_VALUE:
        raise PydanticCustomError("chart_data_invalid", "values of a chart lie between -1e15 and 1e15")
    return float(value)


def _values(value: object) -> tuple[Series, ...]:
    listed = _read(value, "the values of a chart")
    rows = listed if any(isinstance(each, list | tuple) for each in listed) else [listed]
    if len(rows) > MAX_SERIES:
        raise PydanticCustomError("chart_data_invalid", f"a chart has at most {MAX_SERIES} series")
    if not all(isinstance(row, list | tuple) for row in rows):
        raise PydanticCustomError("chart_data_invalid", "values are numbers, or lists of numbers, not both")
    if any(len(row) > MAX_POINTS for row in rows):
        raise PydanticCustomError("chart_data_invalid", f"a series has at most {MAX_POINTS} values")
    return tuple(tuple(_number(each) for each in row) for row in rows)


def _labels(value: object) -> tuple[str, ...]:
    listed = _read(value, "the labels of a chart")
    if len(listed) > MAX_POINTS:
        raise PydanticCustomError("chart_data_invalid", f"a chart has at most {MAX_POINTS} labels")
    if any(isinstance(each, list | tuple | dict) for each in listed):
        raise PydanticCustomError("chart_data_invalid", "labels of a chart are texts")
    return tuple("" if each is None else str(each)[:MAX_LABEL] for each in listed)


ChartValues = Annotated[
    tuple[Series, ...],
    PlainValidator(_values),
    PlainSerializer(lambda rows: [list(row) for row in rows] if len(rows) != 1 else list(rows[0])),
    WithJsonSchema({
        "type": "array",
        "items": {"anyOf": [{"type": ["number", "null"]}, {"type": "array", "items": {"type": ["number", "null"]}}]},
        "examples": [[12, 30, 18], [[1, 2], [3, 4]]],
    }),
]  # fmt: skip
ChartLabels = Annotated[
    tuple[str, ...],
    PlainValidator(_labels),
    PlainSerializer(list),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "examples": [["Mon", "Tue", "Wed"]]}),
]
