"""XLSX → rows of text, read as a stream and only after the ZIP container has been looked through.

How a cell becomes text: text as it is; a number with at most 15 significant digits and no needless zeros (12.0 → `12`,
whatever its number format shows); a truth value as `true` or `false`; a date as `2026-11-22`, with a time of day other
than midnight as `2026-11-22T14:30:00`, a time alone as `14:30:00`, a duration as `26:30:00`. A formula gives the value
stored with it; one without a stored value, and an error such as #REF!, makes the row a bad one. Of merged cells the
first carries the value, the others are empty. Rows without any value are passed over.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any, BinaryIO
from xml.etree.ElementTree import ParseError

from tirage.engine.errors import Problem
from tirage.tables.rows import (
    BadRow,
    Row,
    TableLimits,
    TableProblem,
    closest,
    header_problems,
    placed,
    shown,
    too_many_rows,
)
from tirage.tables.text import Bytes

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_STREAMED = re.compile(r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml|media/.*|.*\.bin)", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _refuse(code: str, message: str, hint: str | None = None) -> TableProblem:
    return TableProblem(Problem(code, message, hint=hint))


def check_archive(stream: IO[bytes], limits: TableLimits) -> None:
    """Refuse a ZIP container that is no good by its directory: damaged, encrypted, too large or too dense.

    What an entry really unpacks to is bounded too: `zipfile` stops at the size that the directory names and then
    compares the checksum, so that a directory which lies gives an error and not the bytes.
    """
    if stream.read(8) == _OLE:
        hint = "Save it as an .xlsx workbook without a password."
        raise _refuse("xlsx_encrypted_or_xls", "The workbook is encrypted, or in the old .xls format.", hint)
    stream.seek(0)
    try:
        entries = zipfile.ZipFile(stream).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        message = "The workbook's ZIP container cannot be read; is the file whole?"
        raise _refuse("xlsx_invalid", message) from None
    if len(entries) > limits.archive_entries:
        message = f"The workbook's container has {len(entries):,} entries; at most {limits.archive_entries:,} are read."
        raise _refuse("xlsx_too_many_entries", message)
    names: set[str] = set()
    for entry in entries:
        folded = entry.filename.lower()
        if folded in names:
            raise _refuse("xlsx_duplicate_entry", f"The workbook's container holds {shown(entry.filename)} twice.")
        names.add(folded)
        if entry.flag_bits & 1:
            raise _refuse("xlsx_encrypted_or_xls", "The workbook is encrypted.", "Save it without a password.")
        if entry.file_size > limits.archive_part_bytes and not _STREAMED.fullmatch(entry.filename):
            message = f"The workbook's part {shown(entry.filename)} unpacks to {entry.file_size:,} bytes; "
            raise _refuse("xlsx_too_large", message + f"at most {limits.archive_part_bytes:,} are read.")
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.archive_bytes:
        message = f"The workbook unpacks to {unpacked:,} bytes; at most {limits.archive_bytes:,} are read."
        raise _refuse("xlsx_too_large", message, "Save the sheet as CSV.")
    if unpacked > limits.archive_ratio * max(1, packed):
        message = f"The workbook unpacks to more than {limits.archive_ratio} times its size."
        raise _refuse("xlsx_too_dense", message, "Save the sheet as CSV.")


def spool(source: Bytes, limits: TableLimits) -> BinaryIO:
    """The rest of a stream as a temporary file, because a workbook's directory stands at its end."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the table
    size = 0
    while data := source.read():
        size += len(data)
        if size > limits.archive_bytes:
            file.close()
            raise _refuse("xlsx_too_large", f"The workbook has more than {limits.archive_bytes:,} bytes.")
        file.write(data)
    file.seek(0)
    return file


def read_workbook(
    stream: BinaryIO, sheet: str | None, limits: TableLimits
) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    """The columns and rows of one worksheet: the one named `sheet`, or the first that is not hidden."""
    check_archive(stream, limits)
    stream.seek(0)
    worksheet, dates, durations, epoch, strings = _open(stream, sheet)
    cells = _Cells(strings, dates, durations, epoch)
    filled = _filled_rows(worksheet, cells, limits)
    line, header, problem = next(filled, (0, {}, None))
    if not header and problem is None:
        raise _refuse("table_empty", "The sheet is empty: it has no header row.")
    if problem:
        where = f"The header (line {line:,})"
        raise TableProblem(placed(problem, where))
    first, last = min(header), max(header)
    if last - first + 1 > limits.columns:
        raise TableProblem(header_problems(("x",) * (last - first + 1), limits))
    columns = tuple(header.get(at, "").strip() for at in range(first, last + 1))
    problems = header_problems(columns, limits)
    if problems:
        raise TableProblem(problems)
    return columns, _rows(filled, columns, first, limits)


def _open(stream: BinaryIO, sheet: str | None) -> tuple[Any, set[int], set[int], datetime, list[str]]:
    import openpyxl
    from openpyxl.reader.excel import ExcelReader

    if not openpyxl.DEFUSEDXML:  # Without it, openpyxl expands XML entities.
        raise _refuse("xlsx_unsafe", "Workbooks are read only where defusedxml is installed.", "Install defusedxml.")
    try:
        reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
        # Parts that a table does not need are not parsed.
        reader.read_chartsheet = lambda sheet, rel: None
        reader.read_properties = reader.read_custom = reader.read_theme = lambda: None
        reader.read()
    except MemoryError:
        raise
    except Exception as error:  # The library raises whatever it stumbles over in a damaged or hostile file.
        message = f"The workbook cannot be read ({type(error).__name__})."
        raise _refuse("xlsx_invalid", message, "Open it in a spreadsheet program and save it again.") from error
    book = reader.wb
    names = [worksheet.title for worksheet in book._sheets]
    if sheet is not None and sheet not in names:
        near = closest(sheet, names)
        listed = ", ".join(shown(name) for name in names[:10])
        message = f"The workbook has no sheet {shown(sheet)}; it has {listed}."
        raise TableProblem(Problem("xlsx_no_sheet", message, closest=near))
    chosen = [each for each in book._sheets if each.title == sheet or (sheet is None and each.sheet_state == "visible")]
    if not chosen:
        raise _refuse("xlsx_no_sheet", "The workbook has no visible worksheet.")
    return chosen[0], book._date_formats, book._timedelta_formats, book.epoch, reader.shared_strings


class _CellError(Exception):
    """A cell cannot be used: code and the end of a sentence."""


class _Cells:
    """`<c>` elements → text."""

    def __init__(self, strings: list[str], dates: set[int], durations: set[int], epoch: datetime) -> None:
        self._strings = strings
        self._dates = dates
        self._durations = durations
        self._epoch = epoch

    def text(self, cell: Any) -> str:
        """The cell's text, empty for a cell without a value; raises `_CellError`."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_inline(cell.find(f"{_MAIN}is")))
        value = cell.find(f"{_MAIN}v")
        raw = (value.text or "") if value is not None else ""
        if not raw:
            if cell.find(f"{_MAIN}f") is not None and not (kind == "str" and value is not None):
                raise _CellError("formula_without_value", "holds a formula without a stored value")
            return ""
        try:
            if kind == "s":
                return self._strings[int(raw)]
            if kind == "b":
                return "true" if int(raw) else "false"
            if kind == "e":
                raise _CellError("cell_error", f"holds the error {shown(raw)}")
            if kind == "n":
                return self._number(raw, int(cell.get("s", 0)))
            return raw  # The text a formula gave (str), a date that is written in ISO 8601 already (d).
        except (ValueError, IndexError, OverflowError, ArithmeticError):
            raise _CellError("cell_invalid", f"holds {shown(raw)}, which is no valid value") from None

    def _number(self, raw: str, style: int) -> str:
        if style in self._dates:
            from openpyxl.utils.datetime import from_excel

            return _moment(from_excel(float(raw), self._epoch, timedelta=style in self._durations))
        if raw.isdecimal():
            return str(int(raw)) if len(raw) < 300 else _endless(raw)
        number = float(raw)
        if number - number != 0:  # An infinity.
            raise ValueError(raw)
        # Fifteen digits are what a spreadsheet shows: 0.1 + 0.2 is stored as 0.30000000000000004.
        return format(Decimal(f"{number:.15g}"), "f") if number else "0"


def _endless(raw: str) -> str:
    raise ValueError(raw)


def _inline(element: Any) -> Iterator[str]:
    for part in element if element is not None else ():
        if part.tag == f"{_MAIN}t":
            yield part.text or ""
        elif part.tag == f"{_MAIN}r":  # A run of rich text; phonetic runs (rPh) are not part of the text.
            yield from _inline(part)


def _moment(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date().isoformat()
    if isinstance(value, (datetime, time)):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return value.isoformat()


def _column(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at


def _filled_rows(
    worksheet: Any, cells: _Cells, limits: TableLimits
) -> Iterator[tuple[int, dict[int, str], Problem | None]]:
    """The sheet's number, the cells by column and the first problem of every row that has any."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    row_at = column = 0
    found: dict[int, str] = {}
    problem: Problem | None = None
    size = 0
    parents: list[Any] = []
    try:
        with worksheet._get_source() as source:
            for event, element in iterparse(source, events=("start", "end")):
                tag = element.tag
                if event == "start":
                    if tag == f"{_MAIN}sheetData" or tag == f"{_MAIN}row":
                        parents.append(element)
                    if tag == f"{_MAIN}row":
                        row_at = int(element.get("r") or row_at + 1)
                        column, size, found, problem = 0, 0, {}, None
                elif tag == f"{_MAIN}c":
                    place = _PLACE.fullmatch(element.get("r") or "")
                    column = _column(place[1]) if place else column + 1
                    name = f"cell {place[0]}" if place else f"column {column} of line {row_at}"
                    try:
                        text = cells.text(element)
                        size += len(text)
                        if len(text) > limits.cell_chars:
                            reason = f"has {len(text):,} characters; at most {limits.cell_chars:,} are read"
                            raise _CellError("cell_too_long", reason)
                        if size > limits.row_chars:
                            raise _CellError("row_too_long", f"takes the row beyond {limits.row_chars:,} characters")
                        if text and problem is None:
                            found[column] = text
                    except _CellError as error:
                        problem = problem or Problem(error.args[0], f"{{where}}: {name} {error.args[1]}.")
                    parents[-1].clear()  # One cell in memory at a time.
                elif tag == f"{_MAIN}row":
                    parents.pop()
                    parents[-1].clear()
                    if found or problem:
                        yield row_at, found, problem
                elif tag == f"{_MAIN}sheetData":
                    return
    except (DefusedXmlException, ParseError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, IndexError) as error:
        what = "entities or a document type" if isinstance(error, DefusedXmlException) else "damaged XML or data"
        message = f"The sheet {shown(worksheet.title)} cannot be read beyond line {row_at:,}: it holds {what}."
        raise _refuse("xlsx_invalid", message) from error


def _rows(
    filled: Iterator[tuple[int, dict[int, str], Problem | None]],
    columns: tuple[str, ...],
    first: int,
    limits: TableLimits,
) -> Iterator[Row | BadRow]:
    last = first + len(columns) - 1
    for number, (at, cells, problem) in enumerate(filled, 1):
        if number > limits.rows:
            raise too_many_rows(limits)
        where = f"Row {number:,} (line {at:,})"
        if problem:
            yield BadRow(number, placed(problem, where))
        elif min(cells) < first or max(cells) > last:
            yield BadRow(number, Problem("ragged_row", f"{where} has a value in a column without a name."))
        else:
            yield Row(number, {name: cells.get(first + at, "") for at, name in enumerate(columns)})
