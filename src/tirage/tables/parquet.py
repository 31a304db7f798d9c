"""Parquet → rows, read in groups by pyarrow (the extra `parquet`), with the limits of every other table.

Values become what JSON has: numbers, truth values and texts stay; moments and days are ISO 8601, decimals and long
integers keep their digits as text, lists and structures stay nested. Binary values make their row a bad one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

from tirage.engine.errors import Problem
from tirage.tables.rows import (
    BadRow,
    Row,
    TableLimits,
    TableProblem,
    Value,
    header_problems,
    shown,
    too_many_rows,
)

GROUP = 500
MOST_GROUP_BYTES = 200_000_000
"""Of one column chunk, unpacked: pyarrow reads a page of it at a time, but a page may be all of it."""
_WHOLE = 2**53
_EXTRA = "Install the extra: pip install 'tirage[parquet]'. Or save the table as CSV."


class _ValueError(Exception):
    """A value that no row can have; (code, what is said of it)."""


def read_parquet(stream: BinaryIO, limits: TableLimits) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    """The columns and rows of a Parquet file that can be read in any order.

    Raises TableProblem `parquet_unavailable` without the extra, `parquet_invalid`, `parquet_too_large`,
    `table_too_many_rows`, `header_…`.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise TableProblem(Problem("parquet_unavailable", "Parquet is not read here.", hint=_EXTRA)) from None
    try:
        # No memory map, no threads: the process that reads is bounded in both.
        file = parquet.ParquetFile(
            stream, memory_map=False, pre_buffer=False, thrift_string_size_limit=10_000_000,
            thrift_container_size_limit=1_000_000,
        )  # fmt: skip
        columns = tuple(file.schema_arrow.names)
        about = file.metadata
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise _invalid(error) from None
    if problems := header_problems(columns, limits):
        raise TableProblem(problems)
    if about.num_rows > limits.rows:
        raise too_many_rows(limits)
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        largest = max((group.column(at).total_uncompressed_size for at in range(group.num_columns)), default=0)
        if largest > MOST_GROUP_BYTES:
            message = f"A column of row group {number + 1:,} unpacks to {largest:,} bytes; "
            hint = "Write it with smaller row groups, or save it as CSV."
            raise TableProblem(
                Problem("parquet_too_large", message + f"at most {MOST_GROUP_BYTES:,} are read.", hint=hint)
            )
    return columns, _rows(file, limits, pyarrow.ArrowException)


def _rows(file: Any, limits: TableLimits, failure: type[Exception]) -> Iterator[Row | BadRow]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=GROUP, use_threads=False):
            for values in batch.to_pylist():
                number += 1
                if number > limits.rows:
                    raise too_many_rows(limits)
                yield _row(number, values, limits)
    except (failure, OSError, ValueError, OverflowError) as error:
        raise _invalid(error) from None


def _row(number: int, values: Mapping[str, Any], limits: TableLimits) -> Row | BadRow:
    told: dict[str, Value] = {}
    size = 0
    try:
        for column, value in values.items():
            try:
                told[column], length = _plain(value, limits, limits.json_depth)
            except _ValueError as error:
                code, message = error.args
                return BadRow(number, Problem(code, f"Row {number:,}: the value of {shown(column)} {message}."))
            size += length
        if size > limits.row_chars:
            message = f"Row {number:,} has more than {limits.row_chars:,} characters."
            return BadRow(number, Problem("row_too_long", message))
    except RecursionError:
        return BadRow(number, Problem("cell_invalid", f"Row {number:,} is nested too deeply."))
    return Row(number, told)


def _plain(value: Any, limits: TableLimits, depth: int) -> tuple[Value, int]:
    """A value as JSON has it, and how many characters it takes."""
    if value is None or isinstance(value, bool):
        return value, 4
    if isinstance(value, int):
        return (value if abs(value) < _WHOLE else str(value)), 20
    if isinstance(value, float):
        return (value if value == value and abs(value) != float("inf") else None), 20
    if isinstance(value, str):
        if len(value) > limits.cell_chars:
            raise _ValueError("cell_too_long", f"has more than {limits.cell_chars:,} characters")
        return value, len(value)
    if isinstance(value, Decimal):
        return str(value), 40
    if isinstance(value, datetime | date | time):
        return value.isoformat(), 40
    if isinstance(value, timedelta | UUID):
        return str(value), 40
    if depth == 0:
        raise _ValueError("cell_invalid", f"is nested more than {limits.json_depth} levels deep")
    if isinstance(value, list):
        parts = [_plain(each, limits, depth - 1) for each in value]
        return [part for part, _ in parts], sum(length for _, length in parts)
    if isinstance(value, dict):
        members = {str(name): _plain(each, limits, depth - 1) for name, each in value.items()}
        return {name: part for name, (part, _) in members.items()}, sum(length for _, length in members.values())
    raise _ValueError("cell_invalid", f"is of a kind that no row can have ({type(value).__name__})")


def _invalid(error: Exception) -> TableProblem:
    message = f"The Parquet file cannot be read ({type(error).__name__}); is it whole?"
    return TableProblem(Problem("parquet_invalid", message))
