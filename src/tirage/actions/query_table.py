"""A query of the operator's database → NDJSON in a file, read-only and within limits of time, rows and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import AsyncConnection
from psycopg.sql import SQL

from tirage.engine.errors import Problem
from tirage.settings import Settings
from tirage.tables.rows import TableLimits, TableProblem, header_problems, too_many_rows

MOST_BYTES = 1_000_000_000
CONNECT_SECONDS = 10
_SETTINGS = "-c default_transaction_read_only=on -c statement_timeout={seconds}s -c lock_timeout=5s"


async def query_table(settings: Settings, query: str, into: IO[bytes], *, first: int = 0) -> None:
    """Write the rows of one statement, a JSON object a line; only the `first` so many, where it is not 0.

    Raises TableProblem `query_unavailable` where no database is configured or reached, `query_failed` with what the
    database says, `table_too_many_rows`, `table_too_large`, `header_…` for column names that no table may have.
    """
    if not settings.source_database_url:
        hint = "The operator sets TIRAGE_SOURCE_DATABASE_URL to a database that may be read."
        raise TableProblem(Problem("query_unavailable", "This installation has no database for queries.", hint=hint))
    try:
        connection = await AsyncConnection.connect(
            settings.source_database_url,
            connect_timeout=CONNECT_SECONDS,
            application_name="tirage source",
            options=_SETTINGS.format(seconds=settings.source_query_seconds),
        )
    except psycopg.Error:
        # What it says may hold the host's name and the role.
        message = "The database for queries cannot be reached."
        raise TableProblem(Problem("query_unavailable", message), retryable=True) from None
    async with connection:
        await connection.set_read_only(True)
        try:
            await _write(connection, query, into, first)
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error)
            place = f" (at character {error.diag.statement_position})" if error.diag.statement_position else ""
            message = f"The query fails: {said}{place}."
            raise TableProblem(Problem("query_failed", message[:500], "/query")) from None
        finally:
            await connection.rollback()


async def _write(connection: AsyncConnection[Any], query: str, into: IO[bytes], first: int) -> None:
    limits = TableLimits()
    columns: tuple[str, ...] = ()
    size = number = 0
    async with connection.cursor() as cursor:
        # Streaming takes the extended protocol: exactly one statement, and no row waits in memory.
        async for row in cursor.stream(SQL(cast("Any", query)), size=500):
            if not columns:
                columns = tuple(each.name for each in cursor.description or ())
                if problems := header_problems(columns, limits):
                    raise TableProblem(problems)
            number += 1
            if number > limits.rows:
                raise too_many_rows(limits)
            line = orjson.dumps(dict(zip(columns, map(_plain, row), strict=True))) + b"\n"
            size += len(line)
            if size > MOST_BYTES:
                message = f"The query gives more than {MOST_BYTES:,} bytes."
                raise TableProblem(Problem("table_too_large", message, "/query"))
            into.write(line)
            if number == first:
                break
    if not number:
        message = "The query gives no row."
        raise TableProblem(Problem("table_empty", message, "/query"))


def _plain(value: Any) -> Any:
    """A value as JSON tells it: numbers keep their digits, moments are ISO 8601, what is binary is left out."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta | UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(each) for each in value]
    return None if isinstance(value, bytes | bytearray | memoryview) else str(value)
