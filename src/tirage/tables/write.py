"""Rows → CSV (RFC 4180, with formulas made harmless) and NDJSON."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from tirage.tables.rows import Value

# What makes a spreadsheet program take a cell for a formula, the full-width forms included.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def escape_formula(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class CsvWriter:
    """Writes a header and rows as CSV: CRLF, quotes where needed; open the stream with `newline=""` as UTF-8.

    Texts that a spreadsheet would run as a formula get an apostrophe before them, unless `escape_formulas` is off
    (for data that is to be read back as it is). Numbers, and texts that are numbers in the `numeric` columns, stay.
    """

    def __init__(
        self, stream: TextIO, columns: Sequence[str], *, numeric: Collection[str] = (), escape_formulas: bool = True
    ) -> None:
        self.columns = tuple(columns)
        self._numeric = frozenset(numeric)
        self._escape = escape_formulas
        self._writer = csv.writer(stream, lineterminator="\r\n")
        self._writer.writerow([self._cell("", name) for name in self.columns])

    def write(self, values: Mapping[str, Value]) -> None:
        """Write one row; a column without a value is empty, a value without a column is an error (`ValueError`)."""
        unknown = values.keys() - set(self.columns)
        if unknown:
            raise ValueError(f"no such column: {', '.join(sorted(unknown))}")
        self._writer.writerow([self._cell(name, values.get(name)) for name in self.columns])

    def _cell(self, column: str, value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return str(value)
        if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        if not self._escape or (column in self._numeric and _NUMBER.fullmatch(value)):
            return value
        return escape_formula(value)


class NdjsonWriter:
    """Writes one JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, values: Mapping[str, Value]) -> None:
        """Write one row; infinities and NaN are an error (`ValueError`)."""
        self._stream.write(json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
