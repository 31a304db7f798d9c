"""Several statements in one exchange with the server: sent together, awaited once, in effect together or not at all.

This is libpq's pipeline mode used directly. The driver's own pipeline costs several times the processor time, and what
every request asks is asked here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8Dumper

from tirage.db.rows import builder

T = TypeVar("T")

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%)")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.PIPELINE_ABORTED)

# Always the widest type: otherwise each mix of small and large numbers would be another statement to prepare.
_ADAPTERS = AdaptersMap(psycopg.adapters)
_ADAPTERS.register_dumper(int, Int8Dumper)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with named placeholders, `%(name)s`, and their values."""

    text: LiteralString
    values: Mapping[str, Any] = field(default_factory=dict)


class _Adaptation:
    """How values are adapted for exchanges."""

    adapters = _ADAPTERS

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.connection = connection


class Line(AsyncConnection[TupleRow]):
    """A connection that can send several statements at once."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._numbers = count(1)
        self._adapter = Transformer(_Adaptation(self))

    async def exchange(self, statements: Sequence[Statement]) -> list[PGresult]:
        """The results of all statements, which are one transaction that is committed when this returns.

        Raises psycopg.Error for the first that failed, and then none of them had an effect. Whatever else ends this
        closes the connection: nobody could say what comes next on it.
        """
        line = self.pgconn
        try:
            line.enter_pipeline_mode()
            made = [name for each in statements for name in self._send(each)]
            line.pipeline_sync()
            results = await self._receive()
            line.exit_pipeline_mode()
        except BaseException:
            line.finish()
            raise
        self._names |= {
            key: name for (key, name), result in zip(made, results, strict=False) if name and not _failed(result)
        }
        for result in results:
            if _failed(result):
                raise psycopg.errors.error_from_result(result, encoding=self.info.encoding)
        return [result for (_, name), result in zip(made, results, strict=True) if not name]

    def records(self, kind: Callable[..., T], result: PGresult) -> list[T]:
        """The rows of a result as records."""
        self._adapter.set_pgresult(result)
        return self._adapter.load_rows(0, result.ntuples, builder(kind, result))

    def _send(self, statement: Statement) -> list[tuple[tuple[bytes, tuple[int, ...]], bytes]]:
        """Send one; a key and name for each result to come, the name empty but for one that prepares."""
        text, names = _numbered(statement.text)
        values = self._adapter.dump_sequence([statement.values[name] for name in names], [PyFormat.AUTO] * len(names))
        types = tuple(self._adapter.types or ())
        key = (text, types)
        name = self._names.get(key)
        sent = [(key, b"")]
        if name is None:
            # Never a name twice: one that failed half way may be taken.
            name = b"tirage_%d" % next(self._numbers)
            self.pgconn.send_prepare(name, text, types)
            sent.insert(0, (key, name))
        self.pgconn.send_query_prepared(name, values, self._adapter.formats, result_format=Format.TEXT)
        return sent

    async def _receive(self) -> list[PGresult]:
        line = self.pgconn
        results: list[PGresult] = []
        unsent = line.flush()
        while True:
            while not line.is_busy():
                result = line.get_result()
                if result is None:
                    continue  # the end of one statement's results
                if result.status == ExecStatus.PIPELINE_SYNC:
                    return results
                results.append(result)
            await self._ready(writing=bool(unsent))
            line.consume_input()
            unsent = line.flush()

    async def _ready(self, *, writing: bool) -> None:
        """Wait until the server has said something, or takes more."""
        loop, file = asyncio.get_running_loop(), self.pgconn.socket
        ready = loop.create_future()
        loop.add_reader(file, _settle, ready)
        if writing:
            loop.add_writer(file, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(file)
            if writing:
                loop.remove_writer(file)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _failed(result: PGresult) -> bool:
    return result.status in _FAILED


@lru_cache(maxsize=256)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with `$1`, `$2` … and the names of their values."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACEHOLDER.sub(number, text).encode(), tuple(names)
