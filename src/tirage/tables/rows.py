"""What reading a table gives: good rows, bad rows, the limits that hold and the error for a whole file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import TracebackType
from typing import TypeAlias

from tirage.engine.errors import Problem, TirageError

#: What a cell may hold. CSV, TSV and XLSX give text only; JSON keeps its types.
Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"


class TableProblem(TirageError):
    """The table as a whole cannot be read (or not further): its encoding, its header, its container, its size."""


@dataclass(frozen=True, slots=True)
class TableLimits:
    """The bounds every reader keeps; each is exact, and the error that names it says its number.

    `rows` counts data rows, good and bad; `columns` and `header_chars` bound the header; `cell_chars` and `row_chars`
    count characters; `json_depth` counts nested arrays and objects, the row itself included; the `archive_` limits
    hold for the ZIP container of a workbook: bytes unpacked, unpacked to packed bytes, entries, and the bytes of any
    one part that is held whole in memory (styles, relations).
    """

    rows: int = 1_000_000
    columns: int = 1_000
    header_chars: int = 255
    cell_chars: int = 1_000_000
    row_chars: int = 4_000_000
    json_depth: int = 64
    archive_bytes: int = 200_000_000
    archive_ratio: int = 200
    archive_entries: int = 1_000
    archive_part_bytes: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A data row: `number` counts from 1 without the header and without blank lines.

    `line` is the one of the file, or of the sheet, in which it begins; 0 where the kind of table has no lines.
    """

    number: int
    values: Mapping[str, Value]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A data row that cannot be used, counted like every other; the problem's message names row and place."""

    number: int
    problem: Problem
    line: int = field(default=0, compare=False)


class Table:
    """An opened table: `columns` are known, the rows stream once, and closing it closes what it opened.

    For JSON the columns are the keys of the first good row; later rows may have others. Iterating raises
    `TableProblem` where reading cannot go on.
    """

    def __init__(
        self, columns: tuple[str, ...], rows: Iterator[Row | BadRow], format: str, close: Callable[[], None]
    ) -> None:
        self.columns = columns
        self.format = format
        self._rows = rows
        self._close = close

    def __iter__(self) -> Iterator[Row | BadRow]:
        return self._rows

    def close(self) -> None:
        """Close the file, if `open_table` opened it."""
        self._close()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def closest(name: str, known: Iterator[str] | tuple[str, ...] | list[str]) -> str | None:
    """The known name that `name` was most likely meant to be, or None."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def shown(text: str, limit: int = 40) -> str:
    """A piece of the user's text as an error message may carry it: quoted, printable, short."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def placed(problem: Problem, where: str) -> Problem:
    """The problem with its place in the table, known only to the reader, for `{where}` in its message."""
    return replace(problem, message=problem.message.replace("{where}", where, 1))


def too_many_rows(limits: TableLimits) -> TableProblem:
    """The error for the first row beyond the limit."""
    return TableProblem(
        Problem(
            "table_too_many_rows",
            f"The table has more than {limits.rows:,} rows.",
            hint="Split it into several files.",
        )
    )


def header_problems(columns: tuple[str, ...], limits: TableLimits) -> list[Problem]:
    """Everything that is wrong with these column names: empty, doubled, overlong, reserved, too many."""
    if len(columns) > limits.columns:
        message = f"The header has {len(columns):,} columns; at most {limits.columns:,} are read."
        return [Problem("header_too_many_columns", message)]
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for at, name in enumerate(columns, 1):
        if not name:
            problems.append(
                Problem("header_empty", f"Column {at} has no name.", hint="Name it in the header line, or remove it.")
            )
        elif len(name) > limits.header_chars:
            message = f"The name of column {at}, {shown(name)}, has {len(name)} characters; "
            problems.append(Problem("header_too_long", message + f"at most {limits.header_chars} are read."))
        elif name.startswith("__"):
            message = f"Column {at} is named {shown(name)}; names that begin with two underscores are reserved."
            problems.append(Problem("header_reserved", message, hint="Rename the column."))
        elif not name.isprintable() and any(ord(character) < 32 and character not in "\t\r\n" for character in name):
            message = f"The name of column {at}, {shown(name)}, holds a control character."
            problems.append(Problem("header_control_character", message))
        elif not name.isprintable() and any("\ud800" <= character <= "\udfff" for character in name):
            message = f"The name of column {at}, {shown(name)}, holds half of a surrogate pair."
            problems.append(Problem("header_surrogate", message))
        elif name in first:
            message = f"Columns {first[name]} and {at} are both named {shown(name)}."
            problems.append(Problem("header_duplicate", message, hint="Give every column a name of its own."))
        first.setdefault(name, at)
    return problems
