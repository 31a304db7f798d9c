"""Bytes → rows as the table tests read and compare them."""

from __future__ import annotations

import io

import pytest

from tirage.tables import BadRow, Row, TableLimits, TableProblem, open_table


def read(
    data: bytes,
    format: str = "csv",
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    limits: TableLimits | None = None,
) -> list[Row | BadRow]:
    """All rows of a table given as bytes."""
    stream = io.BytesIO(data)
    with open_table(stream, format=format, encoding=encoding, delimiter=delimiter, sheet=sheet, limits=limits) as table:
        return list(table)


def cells(rows: list[Row | BadRow]) -> list[list[object] | str]:
    """The values of good rows, the codes of bad ones."""
    return [list(row.values.values()) if isinstance(row, Row) else row.problem.code for row in rows]


def refused(
    data: bytes,
    format: str = "csv",
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    limits: TableLimits | None = None,
) -> TableProblem:
    """The error that reading gives."""
    with pytest.raises(TableProblem) as caught:
        read(data, format, encoding=encoding, delimiter=delimiter, sheet=sheet, limits=limits)
    return caught.value


def message(row: Row | BadRow) -> str:
    """What a bad row says."""
    assert isinstance(row, BadRow)
    return row.problem.message
