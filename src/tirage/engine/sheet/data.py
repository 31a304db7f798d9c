"""What rows bring (lists, objects, JSON, lines with bars) → rows of cells, within limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, PlainSerializer, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.layer import Model
from tirage.engine.values.color import ColorValue
from tirage.engine.values.font import FontWeight

MAX_ROWS = 2_000
MAX_COLUMNS = 50
MAX_CELLS = 20_000
MAX_TEXT = 2_000
"""Characters of a cell; what is beyond is left out."""

CellAlign = Literal["auto", "start", "end", "left", "center", "right"]
Value = None | bool | int | float | str


class Cell(Model):
    """A value, and what is different for this cell."""

    text: Value = Field(None, description="A number is written in the format of its column.")
    span: int = Field(1, ge=1, le=MAX_COLUMNS, description="How many columns it takes.")
    align: CellAlign | None = Field(None, description="In the place of the column's.")
    color: ColorValue | None = Field(None, description="Of the text.")
    background_color: ColorValue | None = Field(None, description="Of the cell.")
    font_weight: FontWeight | None = Field(None, description="1 to 1000, or normal and bold.")


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells; `keys` names them where the row was an object."""

    cells: tuple[Cell, ...]
    keys: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing in any of its cells."""
        return all(cell.text in (None, "") for cell in self.cells)


def _rows(value: object) -> tuple[Row, ...]:
    if isinstance(value, str):
        value = _of_text(value)
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        raise _invalid("the rows of a table are a list of lists or of objects, or lines with | between cells")
    if len(value) > MAX_ROWS:
        raise _invalid(f"a table has at most {MAX_ROWS} rows")
    rows = tuple(_row(each) for each in value)
    if sum(len(row.cells) for row in rows) > MAX_CELLS:
        raise _invalid(f"a table has at most {MAX_CELLS} cells")
    return rows


def _of_text(text: str) -> Any:
    """JSON, or lines whose cells stand between bars or tabs."""
    text = text.strip()
    if text.startswith(("[", "{")):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _invalid("the rows of the table begin like JSON, but are not") from None
    lines = [line for line in text.splitlines() if line.strip()]
    return [[part.strip() for part in line.split("|" if "|" in line else "\t")] for line in lines]


def _row(value: object) -> Row:
    if isinstance(value, Row):
        return value
    if isinstance(value, Mapping):
        if len(value) > MAX_COLUMNS:
            raise _invalid(f"a row has at most {MAX_COLUMNS} cells")
        return Row(tuple(_cell(each) for each in value.values()), tuple(str(key)[:100] for key in value))
    if not isinstance(value, list | tuple):
        value = [value]
    if len(value) > MAX_COLUMNS:
        raise _invalid(f"a row has at most {MAX_COLUMNS} cells")
    return Row(tuple(_cell(each) for each in value))


def _cell(value: object) -> Cell:
    if isinstance(value, Cell):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise _invalid("numbers of a table are finite")
    if isinstance(value, Mapping):
        try:
            cell = Cell.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise _invalid(f"a cell is a value or an object with text; {where}: {first['msg']}") from None
    elif value is None or isinstance(value, bool | int | float | str):
        cell = Cell(text=value)
    else:
        raise _invalid("a cell is a text, a number, or an object with text and what is different for it")
    if isinstance(cell.text, str) and len(cell.text) > MAX_TEXT:
        cell = cell.model_copy(update={"text": cell.text[:MAX_TEXT]})
    return cell


def _invalid(reason: str) -> PydanticCustomError:
    return PydanticCustomError("rows_invalid", "{reason}", {"reason": reason})


def _written(rows: tuple[Row, ...]) -> list[Any]:
    def cell(each: Cell) -> Any:
        plain = each.model_fields_set <= {"text"}
        return each.text if plain else each.model_dump(mode="json", exclude_unset=True)

    return [
        dict(zip(row.keys, map(cell, row.cells), strict=True)) if row.keys else [cell(each) for each in row.cells]
        for row in rows
    ]


TableRows = Annotated[
    tuple[Row, ...],
    PlainValidator(_rows),
    PlainSerializer(_written),
    WithJsonSchema({
        "type": ["array", "string"],
        "items": {"type": ["array", "object"]},
        "examples": [[["Coffee", 3.2], ["Tea", 2.8]], [{"item": "Coffee", "price": 3.2}], "Coffee | 3.2\nTea | 2.8"],
    }),
]  # fmt: skip
