"""The columns of a table: what they show, how numbers are written in them, and how broad they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.expressions import localised
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.layer import Model
from tirage.engine.sheet.data import Cell, CellAlign, Row, Value
from tirage.engine.values.color import ColorValue
from tirage.engine.values.font import FontWeight

_TRACK = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(px|%|fr)\Z")


@dataclass(frozen=True, slots=True)
class Track:
    """How broad a column is: by its content, in px, in percent of the table, or a fraction of the room left."""

    kind: Literal["auto", "px", "%", "fr"] = "auto"
    amount: float = 0.0

    @property
    def canonical(self) -> str | float:
        """As it is written."""
        if self.kind == "px":
            return self.amount
        return "auto" if self.kind == "auto" else f"{self.amount:g}{self.kind}"


def _track(value: object) -> Track:
    if isinstance(value, Track):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 100_000:
        return Track("px", float(value))
    if isinstance(value, str):
        if value.strip() == "auto":
            return Track()
        match = _TRACK.match(value.strip())
        if match is not None and float(match[1]) > 0:
            return Track(match[2], float(match[1]))  # type: ignore[arg-type]
    raise PydanticCustomError("track_invalid", "a column is auto, a number of px, or a text such as 30% or 2fr")


TrackValue = Annotated[
    Track,
    PlainValidator(_track),
    PlainSerializer(lambda track: track.canonical),
    WithJsonSchema({"type": ["number", "string"], "examples": ["auto", 120, "30%", "2fr"]}),
]
NumberFormat = Literal["auto", "plain", "number", "percent", "currency", "compact"]


class Column(Model):
    """One column."""

    key: Annotated[str, Field(max_length=100)] = Field("", description="The member that it shows, of rows as objects.")
    title: Annotated[str, Field(max_length=200)] | None = Field(None, description="In the header; unset means the key.")
    width: TrackValue = Field(Track(), description="auto, px, percent of the table, or a share such as 2fr.")
    align: CellAlign = Field("auto", description="auto puts numbers at the end, and texts at the start.")
    format: NumberFormat = Field("auto", description="How numbers are written; auto follows the locale.")
    decimals: int | None = Field(None, ge=0, le=10, description="Unset means as many as a number needs.")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field("EUR", description="For money (ISO 4217).")
    color: ColorValue | None = Field(None, description="Of its texts.")
    background_color: ColorValue | None = Field(None, description="Of its cells.")
    font_weight: FontWeight | None = Field(None, description="Of its texts.")

    def written(self, value: Value, locale: str) -> str:
        """A value as the cell shows it. Texts stay as they are, but for money and percentages that are numbers."""
        if value is None:
            return ""
        if isinstance(value, str) and self.format in ("currency", "percent", "number", "compact"):
            value = _number(value)
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or self.format == "plain":
            return str(value)
        try:
            return self._number_text(value, locale)
        except (ExpressionError, OverflowError):
            return str(value)

    def _number_text(self, value: float, locale: str) -> str:
        if self.format == "currency":
            return localised.money(value, self.currency, self.decimals, locale)
        if self.format == "percent":
            return localised.percentage(value, self.decimals or 0, locale)
        if self.format == "compact":
            return localised.compact(value, locale)
        return localised.number_text(value, self.decimals, locale)


def _number(text: str) -> str | float:
    try:
        return float(text) if len(text) <= 40 and re.fullmatch(r"\s*[+-]?[0-9]+(\.[0-9]+)?\s*", text) else text
    except ValueError:
        return text


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows in their order: as many cells in each row as there are columns, but for those that span."""

    columns: tuple[Column, ...]
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: tuple[bool, ...]
    """Whether a column has nothing but numbers."""


def grid_of(columns: Sequence[Column], rows: Sequence[Row], *, header: str, keep_empty: bool) -> Grid:
    """Columns that are named or that the rows have, and the rows by them. `header` is auto, none or firstRow."""
    kept = [row for row in rows if keep_empty or not row.empty]
    titles: tuple[Cell, ...] = ()
    if header == "firstRow" and kept:
        titles = kept.pop(0).cells
    keys = list(dict.fromkeys(key for row in kept for key in row.keys))
    if not columns:
        count = max([len(titles), *(sum(cell.span for cell in row.cells) for row in kept if not row.keys)], default=0)
        columns = tuple(Column(key=key) for key in keys) or tuple(Column() for _ in range(count))
    if header == "auto" and any(column.title or column.key for column in columns):
        titles = tuple(Cell(text=column.key if column.title is None else column.title) for column in columns)
    ordered = tuple(_ordered(row, columns) for row in kept)
    numeric = tuple(_numeric(place, ordered) for place in range(len(columns)))
    return Grid(tuple(columns), titles, ordered, numeric)


def _ordered(row: Row, columns: Sequence[Column]) -> tuple[Cell, ...]:
    if not row.keys:
        return row.cells[: len(columns)]
    found = dict(zip(row.keys, row.cells, strict=True))
    cells: list[Cell] = []
    covered = 0
    for place, column in enumerate(columns):
        if place >= covered:
            cells.append(found.get(column.key, Cell()))
            covered = place + cells[-1].span
    return tuple(cells)


def _numeric(place: int, rows: Sequence[tuple[Cell, ...]]) -> bool:
    plain = (row for row in rows if all(cell.span == 1 for cell in row))
    values = [row[place].text for row in plain if place < len(row) and row[place].text not in (None, "")]
    return bool(values) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
