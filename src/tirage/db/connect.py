"""Connections: a pool of the application's role; transactions that belong to a workspace, an account or the system."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tirage.db.address import DatabaseAddress
from tirage.db.durability import DURABILITY, Durability
from tirage.db.errors import DatabaseFull, DatabaseRefused, DatabaseUnavailable, Taken, TextRefused
from tirage.db.exchange import Line, Statement
from tirage.db.roles import APPLICATION, REMEDY, SCHEMA, SYSTEM, check
from tirage.db.rows import record
from tirage.engine.errors import Problem

T = TypeVar("T")
log = logging.getLogger(__name__)

DEADLINE_SECONDS = 8.0
"""How long a transaction may take in all; below the ten seconds after which a caller must have its answer."""
WAIT_SECONDS = 4.0
"""How long a transaction waits for a free connection."""
RECONNECT_SECONDS = 5.0
"""How long a lost connection is sought before the pool waits for the next request to ask for one."""

# One statement puts a transaction into its place; all of it ends with the transaction, so a connection pooler that
# hands a server's connection from one transaction to the next can stand between.
_ENTER: LiteralString = """
SELECT set_config('role', %(role)s, true),
       set_config('search_path', %(schema)s, true),
       set_config('tirage.workspace', %(workspace)s, true),
       set_config('tirage.account', %(account)s, true),
       set_config('statement_timeout', %(timeout)s, true)
"""


class Transaction:
    """One open transaction. `workspace` and `account` are what it may see; both are empty for the system's.

    Every statement is given the parameters `workspace` and `account` beside its own, so that each query names its
    tenant: row-level security is the second wall, not the first.
    """

    __slots__ = ("account", "connection", "workspace")

    def __init__(self, connection: AsyncConnection[TupleRow], *, workspace: str = "", account: str = "") -> None:
        self.connection = connection
        self.workspace = workspace
        self.account = account

    async def one(self, kind: Callable[..., T], statement: LiteralString, **parameters: Any) -> T | None:
        """The first row as a record, or None."""
        async with self.connection.cursor(row_factory=record(kind)) as cursor:
            await cursor.execute(statement, self._with_tenant(parameters))
            return await cursor.fetchone()

    async def all(self, kind: Callable[..., T], statement: LiteralString, **parameters: Any) -> list[T]:
        """All rows as records."""
        async with self.connection.cursor(row_factory=record(kind)) as cursor:
            await cursor.execute(statement, self._with_tenant(parameters))
            return await cursor.fetchall()

    async def value(self, statement: LiteralString, **parameters: Any) -> Any:
        """The first column of the first row, or None where there is no row."""
        row = await (await self.connection.execute(statement, self._with_tenant(parameters))).fetchone()
        return None if row is None else row[0]

    async def values(self, statement: LiteralString, **parameters: Any) -> list[Any]:
        """The first column of every row."""
        cursor = await self.connection.execute(statement, self._with_tenant(parameters))
        return [row[0] for row in await cursor.fetchall()]

    async def execute(self, statement: LiteralString, **parameters: Any) -> int:
        """How many rows the statement touched."""
        return (await self.connection.execute(statement, self._with_tenant(parameters))).rowcount

    def _with_tenant(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"workspace": self.workspace, "account": self.account, **parameters}


class Database:
    """The application's way to the database. Open it once per process, after any fork.

    Each of `workspace`, `account` and `system` gives a transaction that commits at the end of its block and rolls back
    when the block raises. They raise DatabaseUnavailable (`database_unavailable`) where the server is away, slow beyond
    the deadline or gives the work up for another's, and DatabaseFull (`storage_full`) where its volume is full.
    """

    def __init__(
        self,
        address: DatabaseAddress,
        *,
        connections: int = 10,
        deadline: float = DEADLINE_SECONDS,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self._deadline = deadline
        self._wait = wait
        self._connections = connections
        self._pool: AsyncConnectionPool[Line] = AsyncConnectionPool(
            address.application,
            connection_class=Line,
            kwargs={"application_name": "tirage"},
            min_size=1,
            max_size=connections,
            open=False,
            reconnect_timeout=RECONNECT_SECONDS,
            name="tirage",
        )

    async def open(self) -> Durability:
        """Connect, and refuse a role for which row-level security would not hold; tell how durable the server is.

        Raises DatabaseRefused `database_role_unsafe`, DatabaseUnavailable.
        """
        await self._pool.open()
        try:
            # A role that may not put on the application's or the system's cannot serve.
            async with self.system() as transaction:
                # The system's role is taken off again: the application's own is the one to be judged.
                await transaction.execute("SELECT set_config('role', %(role)s, true)", role=APPLICATION)
                await check(transaction.connection)
                durability = await transaction.one(Durability, DURABILITY)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
            await self.close()
            message = f"The application's connection is not set up: {error.diag.message_primary}."
            raise DatabaseRefused(Problem("database_role_unsafe", message, hint=REMEDY)) from error
        except BaseException:
            await self.close()
            raise
        assert durability is not None
        for problem in durability.problems:
            log.warning("%s %s", problem.message, problem.hint)
        return durability

    async def close(self) -> None:
        """Give all connections back."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def workspace(
        self, workspace: str, *, deadline: float | None = None
    ) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """A transaction that sees the rows of one workspace and no other. `deadline` in seconds, for the long ones."""
        if not workspace:
            raise ValueError("A transaction of a workspace needs its id.")
        return self._transaction(APPLICATION, workspace, "", deadline)

    def account(
        self, account: str, *, deadline: float | None = None
    ) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """A transaction that sees one account, its workspaces' names and its keys, nothing inside a workspace."""
        if not account:
            raise ValueError("A transaction of an account needs its id.")
        return self._transaction(APPLICATION, "", account, deadline)

    def system(self, *, deadline: float | None = None) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """A transaction that sees all tenants: to find a key by its hash, a picture by its address, the due deliveries.

        Only functions of `store` that say so in their docstring belong in one.
        """
        return self._transaction(SYSTEM, "", "", deadline)

    async def look(
        self, workspace: str, kind: Callable[..., T], statement: LiteralString, **parameters: Any
    ) -> T | None:
        """The first row of one statement in a transaction of a workspace, or None, in a single exchange.

        For what every request asks: place, statement and commit travel together.
        """
        found = await self._exchange(APPLICATION, workspace, kind, Statement(statement, parameters))
        return found[0] if found else None

    async def look_system(self, kind: Callable[..., T], statement: LiteralString, **parameters: Any) -> T | None:
        """As `look`, in a transaction of the system."""
        found = await self._exchange(SYSTEM, "", kind, Statement(statement, parameters))
        return found[0] if found else None

    async def write(self, workspace: str, statements: Sequence[Statement]) -> None:
        """Carry out statements as one transaction of a workspace, in a single exchange: all of them or none.

        Raises Taken where something of it has to be unique and is there already, else as the transactions do.
        """
        try:
            await self._exchange(APPLICATION, workspace, None, *statements)
        except psycopg.errors.UniqueViolation as error:
            raise Taken(error.diag.constraint_name) from None

    async def _exchange(
        self, role: str, workspace: str, kind: Callable[..., T] | None, *statements: Statement
    ) -> list[T]:
        """The rows of the last statement as records."""
        tenant = {"workspace": workspace, "account": ""}
        given = [Statement(each.text, {**tenant, **each.values}) for each in statements]

        async def run(line: Line, place: dict[str, str]) -> list[T]:
            results = await line.exchange([Statement(_ENTER, place), *given])
            return line.records(kind, results[-1]) if kind else []

        with _translated():
            connection, watch, found = await self._enter(_place(role, workspace, "", self._deadline), run)
            watch.cancel()
            await self._pool.putconn(connection)
            return found

    async def durability(self) -> Durability:
        """How durable the server is at this moment; also the readiness probe. Raises DatabaseUnavailable."""
        async with self.system() as transaction:
            durability = await transaction.one(Durability, DURABILITY)
        assert durability is not None
        return durability

    @contextlib.asynccontextmanager
    async def _transaction(
        self, role: str, workspace: str, account: str, deadline: float | None
    ) -> AsyncIterator[Transaction]:
        seconds = self._deadline if deadline is None else deadline
        with _translated():
            connection, watch, _ = await self._enter(_place(role, workspace, account, seconds), _begin)
            try:
                yield Transaction(connection, workspace=workspace, account=account)
                await connection.commit()
            except BaseException:
                with contextlib.suppress(psycopg.Error):
                    await connection.rollback()
                raise
            finally:
                watch.cancel()
                await self._pool.putconn(connection)

    async def _enter(
        self, place: dict[str, str], first: Callable[[Line, dict[str, str]], Awaitable[T]]
    ) -> tuple[Line, asyncio.TimerHandle, T]:
        """A connection after its `first` exchange, the deadline's watch, and what that exchange gave.

        Connections that died in the pool (the server restarted) are passed over.
        """
        loop = asyncio.get_running_loop()
        seconds = int(place["timeout"]) / 1000
        for left in range(self._connections, -1, -1):
            connection = await self._pool.getconn(timeout=self._wait)
            watch = loop.call_later(seconds, _cut, connection)
            try:
                return connection, watch, await first(connection, place)
            except BaseException as error:
                watch.cancel()
                cut = connection.closed
                await self._pool.putconn(connection)
                if not (cut and left and isinstance(error, psycopg.OperationalError)) or watch.when() <= loop.time():
                    raise
        raise AssertionError("the loop returns or raises")


def _place(role: str, workspace: str, account: str, seconds: float) -> dict[str, str]:
    """The parameters that put a transaction into its place."""
    return {
        "role": role,
        "schema": SCHEMA,
        "workspace": workspace,
        "account": account,
        "timeout": str(int(seconds * 1000)),
    }


async def _begin(connection: AsyncConnection[TupleRow], place: dict[str, str]) -> None:
    await connection.execute(_ENTER, place)


def _cut(connection: AsyncConnection[TupleRow]) -> None:
    """End a connection whose server neither answers nor dies: its socket reports the end, whoever waits gets an error.

    A statement's timeout cannot help there (the server would have to act on it), nor can cancelling the task: the
    driver then waits for the server's word about the cancellation.
    """
    if not connection.closed:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.DiskFull, psycopg.errors.ReadOnlySqlTransaction) as error:
        message = f"The database cannot write: {error.diag.message_primary or 'its volume is full'}."
        raise DatabaseFull(Problem("storage_full", message, hint="Free space on the database's volume.")) from error
    except psycopg.DataError as error:
        if "NUL" not in str(error):
            raise
        raise TextRefused(Problem("text_invalid", "A text holds a NUL character, which cannot be stored.")) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        message = "The database does not answer at the moment."
        raise DatabaseUnavailable(
            Problem("database_unavailable", message, hint="Try again in a few seconds.")
        ) from error
