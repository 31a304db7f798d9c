"""A table on standard input → frames of rows on standard output, by a process behind walls that knows nothing else.

Run by `read_table` as `python -m tirage.actions.table_child CONFIG`. A frame is four bytes of length (big endian) and
JSON: first an object with the columns, then arrays of rows `[number, values, problem, name]`, values and problem as
JSON text, last an object with `rows`, or one with `problems` from where reading could not go on.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, BinaryIO

import orjson

from tirage.engine.errors import Problem, RowProblem, TirageError
from tirage.pool import sandbox
from tirage.tables.filenames import FileNamer
from tirage.tables.mapping import Names, Renaming
from tirage.tables.open import open_table
from tirage.tables.rows import BadRow, Row, TableLimits

LENGTH = struct.Struct(">I")
GROUP_ROWS = 1_000
GROUP_CHARS = 1_000_000
_OPEN_FILES = 64
PLAIN_NAME = "{row:05d}"


@dataclass(frozen=True, slots=True)
class ChildConfig:
    """What the child is told; `parent` is the process that it ends with, `first` how many rows are read (0: all)."""

    format: str
    encoding: str
    delimiter: str
    sheet: str
    naming: str
    mapping: str
    parent: int
    sandbox: sandbox.Mode
    memory_bytes: int
    cpu_seconds: int
    rows: int
    first: int

    def text(self) -> str:
        """As the command line carries it."""
        return orjson.dumps(asdict(self)).decode()


def main(text: str) -> None:
    """Read the table to its end, or to where it cannot be read."""
    config = ChildConfig(**orjson.loads(text))
    sandbox.die_with(config.parent)
    _load(config.format)
    sandbox.enter(
        mode=config.sandbox,
        memory_bytes=config.memory_bytes,
        open_files=_OPEN_FILES,
        file_bytes=0,
        readable=(),
    )
    sandbox.allow_cpu(config.cpu_seconds)
    with os.fdopen(0, "rb", closefd=False) as source, os.fdopen(1, "wb", closefd=False) as out:
        try:
            _read(config, source, out)
        except TirageError as error:
            _send(out, {"problems": [each.as_dict() for each in error.problems]})
        except MemoryError:
            told = Problem("table_too_large", "Reading the table takes more memory than a table may take.")
            _send(out, {"problems": [told.as_dict()]})


def _load(format_: str) -> None:
    """Load the format's library before the walls are up: it reads files of the system's while it is imported."""
    if format_ in ("xlsx", ""):
        import openpyxl.reader.excel
        import openpyxl.styles.stylesheet  # noqa: F401
    if format_ in ("parquet", ""):
        with contextlib.suppress(ImportError):
            import pyarrow.parquet

            pyarrow.set_cpu_count(1)
            pyarrow.set_io_thread_count(1)


def _read(config: ChildConfig, source: BinaryIO, out: BinaryIO) -> None:
    mapping: Names = orjson.loads(config.mapping)
    table = open_table(
        source,
        format=config.format or None,
        encoding=config.encoding or None,
        delimiter=config.delimiter or None,
        sheet=config.sheet or None,
        limits=TableLimits(rows=config.rows),
    )
    complete = table.format not in ("json", "ndjson")
    renaming = Renaming(mapping, table.columns, complete=complete)
    namer = FileNamer(config.naming or PLAIN_NAME, "", fields=table.columns if complete else None)
    _send(out, {"columns": table.columns})
    group: list[list[Any]] = []
    size = count = 0
    for row in islice(table, config.first or None):
        stored = _stored(row, renaming, namer)
        count += 1
        group.append(stored)
        size += len(stored[1])
        if len(group) == GROUP_ROWS or size > GROUP_CHARS:
            _send(out, group)
            group, size = [], 0
    if group:
        _send(out, group)
    _send(out, {"rows": count})


def _stored(row: Row | BadRow, renaming: Renaming, namer: FileNamer) -> list[Any]:
    plain = PLAIN_NAME.format(row=row.number)
    if isinstance(row, BadRow):
        return [row.number, "", problem_text(row.problem), plain]
    try:
        name = namer.name(row.number, row.values)
    except RowProblem as error:
        return [row.number, "", problem_text(error.problems[0]), plain]
    # A NUL can be in no text of PostgreSQL, and in JSON it is written out.
    return [row.number, orjson.dumps(renaming.apply(row.values)).decode(), "", name]


def problem_text(problem: Problem) -> str:
    """A problem as rows and batches keep it."""
    return orjson.dumps({name: value for name, value in asdict(problem).items() if value}).decode()


def _send(out: BinaryIO, value: Any) -> None:
    data = orjson.dumps(value)
    out.write(LENGTH.pack(len(data)) + data)
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
