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
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, BinaryIO
from xml.parsers.expat import ExpatError

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
from tirage.tables.sheetxml import (
    Cell,
    DocumentTypeError,
    RowEnd,
    Strings,
    read_cells,
    read_strings,
    refuse_document_type,
    unescaped,
)
from tirage.tables.text import Bytes

_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_STREAMED = re.compile(r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml|media/.*|.*\.bin)", re.IGNORECASE)
_LAST_COLUMN = 16_384  # XFD
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
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refuse("xlsx_invalid", f"The workbook's part {shown(entry.filename)} is packed in an unknown way.")
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


def seekable(source: BinaryIO, data: Bytes, limits: TableLimits, most: int = 0) -> BinaryIO:
    """The stream itself where it can be read in any order, else what is left of it as a temporary file."""
    most = most or limits.archive_bytes
    if not source.seekable():
        return spool(data, most)
    if source.seek(0, 2) > most:
        raise _refuse("xlsx_too_large", f"The file has more than {most:,} bytes.")
    source.seek(0)
    return source


def spool(source: Bytes, most: int) -> BinaryIO:
    """The rest of a stream as a temporary file, because a workbook's directory stands at its end."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the table
    size = 0
    while data := source.read():
        size += len(data)
        if size > most:
            file.close()
            raise _refuse("xlsx_too_large", f"The file has more than {most:,} bytes.")
        file.write(data)
    file.seek(0)
    return file


def read_workbook(
    stream: BinaryIO, sheet: str | None, limits: TableLimits
) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    """The columns and rows of one worksheet: the one named `sheet`, or the first that is not hidden."""
    check_archive(stream, limits)
    stream.seek(0)
    chosen, cells = _open(stream, sheet, limits)
    filled = _filled_rows(chosen, cells, limits)
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


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    is_visible: bool
    archive: zipfile.ZipFile
    path: str


def _open(stream: BinaryIO, sheet: str | None, limits: TableLimits) -> tuple[_Sheet, _Cells]:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet
    from openpyxl.xml.constants import SHARED_STRINGS

    strings = Strings()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # About styles and extensions that a table has no use for.
            # Only what a table needs is read: no properties, themes, names, links, charts; and no worksheet in
            # search of its extent, which the library would hold as a tree.
            reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
            reader.archive.read = _bounded(reader.archive, limits)
            reader.read_manifest()
            shared = reader.package.find(SHARED_STRINGS)
            if shared is not None:
                with reader.archive.open(shared.PartName[1:]) as part:
                    strings = read_strings(part, limits.cell_chars)
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            sheets = [
                _Sheet(each.name, each.state == "visible", reader.archive, relation.target)
                for each, relation in reader.parser.find_sheets()
                if relation.Type.endswith("/worksheet") and relation.target in reader.valid_files
            ]
    except (MemoryError, TableProblem):
        raise
    except Exception as error:  # The library raises whatever it stumbles over in a damaged or hostile file.
        message = f"The workbook cannot be read ({type(error).__name__})."
        raise _refuse("xlsx_invalid", message, "Open it in a spreadsheet program and save it again.") from error
    book = reader.wb
    names = [each.name for each in sheets]
    if sheet is not None and sheet not in names:
        near = closest(sheet, names)
        listed = ", ".join(shown(name) for name in names[:10])
        message = f"The workbook has no sheet {shown(sheet)}; it has {listed or 'none'}."
        raise TableProblem(Problem("xlsx_no_sheet", message, closest=near))
    chosen = [each for each in sheets if each.name == sheet or (sheet is None and each.is_visible)]
    if not chosen:
        raise _refuse("xlsx_no_sheet", "The workbook has no visible worksheet.")
    return chosen[0], _Cells(strings, book._date_formats, book._timedelta_formats, book.epoch)


def _bounded(archive: zipfile.ZipFile, limits: TableLimits) -> Callable[[str], bytes]:
    """`archive.read` for parts that are held whole: whatever a relation names, it is not the big ones."""

    def read(name: str) -> bytes:
        with archive.open(name) as part:
            data = part.read(limits.archive_part_bytes + 1)
        if len(data) > limits.archive_part_bytes:
            message = f"The workbook's part {shown(name)} has more than {limits.archive_part_bytes:,} bytes."
            raise _refuse("xlsx_too_large", message)
        refuse_document_type(data)
        return data

    return read


class _CellError(Exception):
    """A cell cannot be used: code and the end of a sentence."""


class _Cells:
    """`c` elements → text."""

    def __init__(self, strings: Strings, dates: set[int], durations: set[int], epoch: datetime) -> None:
        self._strings = strings
        self._dates = dates
        self._durations = durations
        self._epoch = epoch

    def text(self, cell: Cell) -> str:
        """The cell's text, empty for a cell without a value; raises `_CellError`."""
        if cell.kind == "inlineStr":
            return unescaped(cell.inline)
        raw = cell.value or ""
        if not raw:
            # A text formula whose result is the empty text stores just that.
            if cell.has_formula and not (cell.kind == "str" and cell.value is not None):
                raise _CellError("formula_without_value", "holds a formula without a stored value")
            return ""
        try:
            match cell.kind:
                case "s":
                    return self._strings[int(raw)]
                case "b":
                    return "true" if int(raw) else "false"
                case "e":
                    raise _CellError("cell_error", f"holds the error {shown(raw)}")
                case "n":
                    return self._number(raw, int(cell.style))
                case _:
                    return unescaped(raw)  # The text a formula gave (str), a date written in ISO 8601 already (d).
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
    sheet: _Sheet, cells: _Cells, limits: TableLimits
) -> Iterator[tuple[int, dict[int, str], Problem | None]]:
    """The sheet's number, the cells by column and the first problem of every row that has any."""
    line, column, size = 1, 0, 0
    found: dict[int, str] = {}
    problem: Problem | None = None
    try:
        with sheet.archive.open(sheet.path) as source:
            for part in read_cells(source, limits.cell_chars):
                if isinstance(part, RowEnd):
                    line = int(part.number or line)
                    if found or problem:
                        yield line, found, problem
                    line, column, size, found, problem = line + 1, 0, 0, {}, None
                    continue
                place = _PLACE.fullmatch(part.place)
                column = _column(place[1]) if place else column + 1
                if problem:
                    continue
                try:
                    text = _bounded_text(cells, part, column, limits)
                    size += len(text)
                    if size > limits.row_chars:
                        raise _CellError("row_too_long", f"takes the row beyond {limits.row_chars:,} characters")
                    if text:
                        found[column] = text
                except _CellError as error:
                    name = f"cell {place[0]}" if place else f"the cell in column {column:,}"
                    problem = Problem(error.args[0], f"{{where}}: {name} {error.args[1]}.")
    except DocumentTypeError as error:
        raise _damaged(sheet, line, "a document type, which may define entities") from error
    except (ExpatError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, RuntimeError) as error:
        raise _damaged(sheet, line, "damaged XML or data") from error


def _bounded_text(cells: _Cells, cell: Cell, column: int, limits: TableLimits) -> str:
    if column > _LAST_COLUMN:
        raise _CellError("cell_invalid", "stands beyond column XFD, the last there is")
    text = cells.text(cell)
    length = max(len(text), cell.length)
    if length > limits.cell_chars:
        raise _CellError("cell_too_long", f"has more than {limits.cell_chars:,} characters, the most that are read")
    return text


def _damaged(sheet: _Sheet, line: int, what: str) -> TableProblem:
    message = f"The sheet {shown(sheet.name)} cannot be read from line {line:,} on: it holds {what}."
    return _refuse("xlsx_invalid", message, "Open it in a spreadsheet program and save it again.")


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
            yield BadRow(number, placed(problem, where), at)
        elif min(cells) < first or max(cells) > last:
            yield BadRow(number, Problem("ragged_row", f"{where} has a value in a column without a name."), at)
        else:
            yield Row(number, {name: cells.get(first + place, "") for place, name in enumerate(columns)}, at)
