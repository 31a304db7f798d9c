"""Several statements in one exchange with the server: sent together, awaited once, in effect together or not at all.

This is libpq's pipeline mode used directly. The driver's own pipeline costs several times the processor time, and what
every request asks is asked here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
        self._known: set[bytes] = set()
        self._adapter = Transformer(_Adaptation(self))

    async def exchange(self, statements: Sequence[Statement]) -> list[PGresult]:
        """The results of all statements, which are one transaction that is committed when this returns.

        Raises psycopg.Error for the first that failed, and then none of them had an effect. Whatever else ends this
        closes the connection: nobody could say what comes next on it.
        """
        tries = 2 * len(statements) + 1
        while True:
            try:
                return await self._exchange(statements)
            except (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement):
                # The driver lets go of all prepared statements after a rollback; a pooler may change the server.
                tries -= 1
                if not tries:
                    raise

    async def _exchange(self, statements: Sequence[Statement]) -> list[PGresult]:
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
        done = []
        for name, result in zip(made, results, strict=False):
            if result.status in _FAILED:
                raise self._failure(name, result)
            if name:
                self._known.add(name)
            else:
                done.append(result)
        return done

    def _failure(self, name: bytes, result: PGresult) -> psycopg.Error:
        error = psycopg.errors.error_from_result(result, encoding=self.info.encoding)
        if isinstance(error, psycopg.errors.InvalidSqlStatementName):
            self._known.clear()
        elif isinstance(error, psycopg.errors.DuplicatePreparedStatement):
            self._known.add(name)
        return error

    def records(self, kind: Callable[..., T], result: PGresult) -> list[T]:
        """The rows of a result as records."""
        self._adapter.set_pgresult(result)
        return self._adapter.load_rows(0, result.ntuples, builder(kind, result))

    def _adapted(self, statement: Statement) -> tuple[bytes, tuple[int, ...], Sequence[Any]]:
        """The numbered statement, the types of its values, and these as they travel."""
        text, names = _numbered(statement.text)
        values = self._adapter.dump_sequence([statement.values[name] for name in names], [PyFormat.AUTO] * len(names))
        return text, tuple(self._adapter.types or ()), values

    def _send(self, statement: Statement) -> list[bytes]:
        """Send one; for each result to come the name that is prepared, or nothing where it is that of the statement."""
        text, types, values = self._adapted(statement)
        formats = self._adapter.formats
        name = _name(text, types)
        unknown = name not in self._known
        if unknown:
            self.pgconn.send_prepare(name, text, types)
        self.pgconn.send_query_prepared(name, values, formats, result_format=Format.TEXT)
        return [name, b""] if unknown else [b""]

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


@lru_cache(maxsize=512)
def _name(text: bytes, types: tuple[int, ...]) -> bytes:
    """The name under which a statement is prepared: the same on every connection, as a pooler may exchange them."""
    return b"tirage_" + hashlib.blake2b(text + repr(types).encode(), digest_size=12).hexdigest().encode()


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
