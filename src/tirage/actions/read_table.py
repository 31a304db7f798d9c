"""A table in the store → its rows in groups, read by a process of its own that is bounded in memory and time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

import orjson

from tirage.actions.table_child import LENGTH, ChildConfig
from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.pool.job import MEBIBYTE
from tirage.store.batch_orders import TableOrder
from tirage.tables.open import FORMATS
from tirage.tables.rows import TableLimits, TableProblem

CPU_SECONDS = 900
MOST_ROWS = TableLimits().rows
MOST_FRAME = 256_000_000
"""Bytes of one frame: the longest row that is read, written as JSON, is shorter."""

StoredRow = tuple[int, str, str, str]
"""Number, values as JSON, problem as JSON, file name without an extension: as `batches.put_rows` takes them."""


class RowGroups:
    """The rows of a table, group after group. `columns` are the table's own."""

    def __init__(self, columns: tuple[str, ...], stream: asyncio.StreamReader) -> None:
        self.columns = columns
        self._stream = stream

    async def groups(self) -> AsyncIterator[list[StoredRow]]:
        """Up to a thousand rows at once. Raises TableProblem where reading cannot go on."""
        while True:
            told = await _frame(self._stream)
            if isinstance(told, dict):
                _require_rows(told)
                return
            yield [(number, values, problem, name) for number, values, problem, name in told]


@asynccontextmanager
async def reading_table(
    service: Service, key: str, order: TableOrder, *, rows: int = MOST_ROWS, first: int = 0
) -> AsyncIterator[RowGroups]:
    """The rows of the table at a key, whose ending tells its format; of `first` only so many, where it is not 0.

    Raises TableProblem, StorageProblem.
    """
    with tempfile.TemporaryFile() as file:
        async for part in (await service.blobs.get(key)).stream:
            await asyncio.to_thread(file.write, part)
        file.seek(0)
        ending = key.rpartition(".")[2]
        async with reading_file(
            service, file, ending if ending in FORMATS else "", order, rows=rows, first=first
        ) as found:
            yield found


@asynccontextmanager
async def reading_file(
    service: Service, file: IO[bytes], format_: str, order: TableOrder, *, rows: int = MOST_ROWS, first: int = 0
) -> AsyncIterator[RowGroups]:
    """The rows of an open file; an empty format is told by its first bytes. Raises TableProblem."""
    settings = service.settings
    config = ChildConfig(
        format=format_,
        encoding=order.encoding,
        delimiter=order.delimiter,
        sheet=order.sheet,
        naming=order.naming,
        mapping=order.mapping,
        parent=os.getpid(),
        sandbox=settings.sandbox,
        memory_bytes=settings.worker_memory * MEBIBYTE,
        cpu_seconds=CPU_SECONDS,
        rows=rows,
        first=first,
    )
    # Nothing of the environment goes along: a parser has no use for the secrets in it.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tirage.actions.table_child", config.text(),
        stdin=file, stdout=asyncio.subprocess.PIPE, stderr=None if settings.debug else asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": "", "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told = await _frame(process.stdout)
        _require_rows(told)
        yield RowGroups(tuple(told["columns"]), process.stdout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _frame(stream: asyncio.StreamReader) -> Any:
    try:
        (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
        if length > MOST_FRAME:
            raise _ended()
        return orjson.loads(await stream.readexactly(length))
    except (asyncio.IncompleteReadError, orjson.JSONDecodeError):
        raise _ended() from None


def _require_rows(told: Any) -> None:
    if "problems" in told:
        raise TableProblem([Problem(**each) for each in told["problems"]])


def _ended() -> TableProblem:
    message = "Reading the table took more memory or time than a table may take, or ended the process that read it."
    return TableProblem(Problem("table_unreadable", message, hint="Save it as CSV, or split it into several files."))
