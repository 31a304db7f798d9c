"""A file or a stream → a `Table`: the format by name or by the first bytes, then the reader of that format."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from tirage.engine.errors import Problem
from tirage.tables.rows import BadRow, Row, Table, TableLimits, TableProblem, closest, shown
from tirage.tables.text import Bytes

#: The formats by the extension that names them.
FORMATS: Final = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "json": "json",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "parquet": "parquet",
}
MAX_PARQUET = 2_000_000_000
"""Bytes of a Parquet file: unlike a workbook it is read in pieces."""
_ROWS_MEMBER = re.compile(rb'\{\s*"rows"\s*:')


def open_table(
    source: Path | BinaryIO,
    *,
    format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    limits: TableLimits | None = None,
) -> Table:
    """Open a table of CSV, TSV, JSON, NDJSON, XLSX or Parquet and read its header; rows are read while one iterates.

    `source` is a path (`-` is standard input) or a binary stream, which need not seek. The format is `format`, else
    the extension's, else told from the first bytes: `PK` a workbook, `PAR1` Parquet, `[` JSON, `{` NDJSON, anything
    else CSV. Text is UTF-8, or what its byte-order mark or `encoding` says. Raises `TableProblem`; `OSError` from the
    file.
    """
    limits = limits or TableLimits()
    close: list[Callable[[], None]] = []
    known = _named(format, source)
    if isinstance(source, Path) and str(source) != "-":
        stream: BinaryIO = source.open("rb")
        close.append(stream.close)
    else:
        stream = sys.stdin.buffer if isinstance(source, Path) else source

    def close_all() -> None:
        for each in close:
            each()

    try:
        data = Bytes(stream)
        kind = known or _sniffed(data.peek(512))
        if kind in ("csv", "tsv", "json", "ndjson") and data.peek(4) == b"PK\x03\x04":
            message = f"The file is named or declared as {kind.upper()} but is a workbook or another ZIP container."
            raise TableProblem(Problem("format_mismatch", message, hint="Say its format: xlsx."))
        return _table(kind, stream, data, close, close_all, encoding, delimiter, sheet, limits)
    except BaseException:
        close_all()
        raise


def _table(
    kind: str,
    source: BinaryIO,
    data: Bytes,
    close: list[Callable[[], None]],
    close_all: Callable[[], None],
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    limits: TableLimits,
) -> Table:
    if kind == "xlsx":
        from tirage.tables.workbook import read_workbook, seekable

        file = seekable(source, data, limits)
        if file is not source:
            close.append(file.close)
        columns, rows = read_workbook(file, sheet, limits)
    elif kind == "parquet":
        from tirage.tables.parquet import read_parquet
        from tirage.tables.workbook import seekable

        file = seekable(source, data, limits, most=MAX_PARQUET)
        if file is not source:
            close.append(file.close)
        columns, rows = read_parquet(file, limits)
    elif kind in ("json", "ndjson"):
        from tirage.tables.jsonrows import read_json, read_ndjson

        columns, rows = _with_columns((read_json if kind == "json" else read_ndjson)(data, encoding, limits))
    else:
        from tirage.tables.delimited import read_delimited

        columns, rows = read_delimited(data, kind, encoding, delimiter, limits)
    return Table(columns, rows, kind, close_all)


def _with_columns(rows: Iterator[Row | BadRow]) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    # A file of nothing but bad rows must not be read into memory in search of a good one.
    ahead: list[Row | BadRow] = []
    for row in itertools.islice(rows, 100):
        ahead.append(row)
        if isinstance(row, Row):
            return tuple(row.values), itertools.chain(ahead, rows)
    return (), itertools.chain(ahead, rows)


def _named(format: str | None, source: Path | BinaryIO) -> str | None:
    if format is not None:
        name = format.lower().removeprefix(".")
        if name not in FORMATS:
            message = f"The table format {shown(format)} is not known."
            hint = "Known are csv, tsv, json, ndjson, xlsx and parquet."
            raise TableProblem(Problem("format_unknown", message, hint=hint, closest=closest(name, tuple(FORMATS))))
        return FORMATS[name]
    if not isinstance(source, Path):
        return None
    extension = source.suffix.lower().removeprefix(".")
    if extension in ("xls", "xlsb", "ods", "numbers"):
        message = f"Tables in the format .{extension} are not read."
        raise TableProblem(Problem("format_unknown", message, hint="Save the table as .xlsx or .csv."))
    return FORMATS.get(extension)


def _sniffed(head: bytes) -> str:
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if head.startswith(b"PK") or head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if bare.startswith(b"["):
        return "json"
    if bare.startswith(b"{"):
        return "json" if _ROWS_MEMBER.match(bare) else "ndjson"
    return "csv"
