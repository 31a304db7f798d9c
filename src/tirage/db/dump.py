"""The database ↔ streams of text: every table as of one moment, and the way back into an empty schema.

Neither direction asks the server's own tools: their version would have to fit the server's, and they take row-level
security, which is forced on the owner here, for an error. COPY's text form is the same in all versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import LiteralString

import psycopg
from psycopg import Connection, Cursor, sql
from psycopg.rows import TupleRow

from tirage.db.address import DatabaseAddress
from tirage.db.errors import DatabaseRefused, DatabaseUnavailable
from tirage.db.roles import SCHEMA, SYSTEM
from tirage.engine.errors import Problem

PART_BYTES = 1024 * 1024
"""About how much of a table is held in memory; a part ends with a row."""

# A part of a table may wait for pictures to be read or written.
_PATIENT: LiteralString = """
SELECT set_config('search_path', %(schema)s, true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)
"""
_AS_SYSTEM: LiteralString = "SELECT set_config('role', %s, true)"
_HAS_RECORD: LiteralString = "SELECT to_regclass('tirage.schema_migrations') IS NOT NULL"
_MIGRATIONS: LiteralString = "SELECT version, name, checksum FROM schema_migrations ORDER BY version"

_TABLES: LiteralString = """
SELECT c.relname::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum),
       ARRAY(SELECT f.confrelid::regclass::oid FROM pg_constraint f
             WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid),
       c.oid
FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r' AND c.relname <> 'schema_migrations'
ORDER BY c.relname
"""
# A table that the system's role does not see whole would be copied without a word as if it had fewer rows.
_HIDDEN: LiteralString = """
SELECT c.relname::text
FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r' AND c.relrowsecurity
  AND NOT EXISTS (
      SELECT 1 FROM pg_policy p
      WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND to_regrole(%(system)s)::oid = ANY (p.polroles)
        AND pg_get_expr(p.polqual, p.polrelid) = 'true')
ORDER BY c.relname
"""
_SEQUENCES: LiteralString = """
SELECT sequencename::text, last_value FROM pg_sequences
WHERE schemaname = %(schema)s AND last_value IS NOT NULL ORDER BY sequencename
"""
_FORCED: LiteralString = """
SELECT relname::text FROM pg_class
WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r' AND relforcerowsecurity ORDER BY relname
"""
_PLACES = {"schema": SCHEMA, "system": SYSTEM}


@dataclass(frozen=True, slots=True)
class Table:
    """A table and those of its columns that hold given values, in their order."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration that the database has seen."""

    version: int
    name: str
    checksum: str


class Snapshot:
    """The database as of one moment. Tables that others refer to come before those."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection
        self.migrations = tuple(Applied(*row) for row in connection.execute(_MIGRATIONS))
        self.tables = _tables(connection)

    def parts(self, table: Table) -> Iterator[bytes]:
        """The table's rows in COPY's text form, in parts that end with a row."""
        gathered, size = [], 0
        statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table.name), _names(table.columns))
        with self._connection.cursor().copy(statement) as copy:
            for row in copy:
                gathered.append(bytes(row))
                size += len(row)
                if size >= PART_BYTES:
                    yield b"".join(gathered)
                    gathered, size = [], 0
        if gathered:
            yield b"".join(gathered)

    def objects(self) -> Iterator[str]:
        """The keys of all objects that rows name, in the order of their bytes, each once."""
        if (query := _object_keys(self.tables)) is None:
            return
        with self._connection.cursor("objects") as cursor:
            cursor.execute(sql.SQL('SELECT DISTINCT key COLLATE "C" AS key FROM ({}) named ORDER BY 1').format(query))
            for (key,) in cursor:
                yield key


@contextmanager
def snapshot(address: DatabaseAddress) -> Iterator[Snapshot]:
    """One read-only transaction that sees the rows of all tenants; others go on writing meanwhile.

    Raises DatabaseRefused `database_empty`, `database_role_unsafe`; DatabaseUnavailable.
    """
    with _connected(address.application) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute(_HAS_RECORD).fetchone()
        if row is None or not row[0]:
            raise DatabaseRefused(
                Problem("database_empty", "The database holds no installation.", hint="Is it the right data folder?")
            )
        connection.execute(_AS_SYSTEM, (SYSTEM,))
        connection.execute(_PATIENT, _PLACES)
        hidden = [name for (name,) in connection.execute(_HIDDEN, _PLACES)]
        if hidden:
            message = f"The role {SYSTEM} does not see all rows of {', '.join(hidden)}."
            raise DatabaseRefused(Problem("database_role_unsafe", message, hint="Run tirage db migrate."))
        yield Snapshot(connection)


def sequences(address: DatabaseAddress) -> dict[str, int]:
    """How far each sequence has counted; read after the rows, so that no number of theirs is given out again."""
    with _connected(address.owner) as connection:
        return dict(connection.execute(_SEQUENCES, _PLACES).fetchall())


def still_named(address: DatabaseAddress, keys: Sequence[str]) -> tuple[str, ...]:
    """Those of the objects' keys that rows name at this moment."""
    with _connected(address.application) as connection:
        connection.execute(_AS_SYSTEM, (SYSTEM,))
        connection.execute(_PATIENT, _PLACES)
        if (query := _object_keys(_tables(connection))) is None:
            return ()
        statement = sql.SQL('SELECT DISTINCT key COLLATE "C" FROM ({}) named WHERE key = ANY(%s) ORDER BY 1')
        return tuple(key for (key,) in connection.execute(statement.format(query), (list(keys),)))


def require_empty(address: DatabaseAddress) -> None:
    """Refuse a database that holds rows of an installation. Raises DatabaseRefused `database_not_empty`."""
    with _connected(address.owner) as connection:
        row = connection.execute(_HAS_RECORD).fetchone()
        if row is None or not row[0]:
            return
    with _connected(address.application) as connection:
        connection.execute(_AS_SYSTEM, (SYSTEM,))
        connection.execute(_PATIENT, _PLACES)
        for table in _tables(connection):
            _refuse_rows(connection, table)


class Loader:
    """An empty schema being filled in one transaction."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def fill(self, table: Table, parts: Iterator[bytes]) -> int:
        """Give a table its rows, in COPY's text form; how many there were."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), _names(table.columns))
        cursor: Cursor[TupleRow] = self._connection.cursor()
        with cursor.copy(statement) as copy:
            for part in parts:
                copy.write(part)
        return cursor.rowcount

    def count_from(self, counted: Mapping[str, int]) -> None:
        """Let the sequences go on after these numbers."""
        for name, last in counted.items():
            place = sql.Identifier(SCHEMA, name).as_string()
            self._connection.execute("SELECT setval(%s::regclass, %s)", (place, last))


@contextmanager
def loading(address: DatabaseAddress, tables: Sequence[Table]) -> Iterator[Loader]:
    """One transaction of the owner that fills these tables; it commits at the end, or leaves nothing behind.

    Raises DatabaseRefused `backup_schema_differs` where the schema has other tables or columns, `database_not_empty`;
    whatever the rows violate is `backup_rows_refused`. Row-level security is forced again before the commit.
    """
    with _connected(address.owner) as connection:
        connection.execute(_PATIENT, _PLACES)
        if set(_tables(connection)) != set(tables):
            raise DatabaseRefused(
                Problem("backup_schema_differs", "The backup's tables are not those that its migrations make.")
            )
        # COPY does not load into a table whose policies hold for the loader, which FORCE makes so for the owner.
        forced = [name for (name,) in connection.execute(_FORCED, _PLACES)]
        for name in forced:
            connection.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(name)))
        for table in tables:
            _refuse_rows(connection, table)
        try:
            yield Loader(connection)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            # The server's detail would quote the row.
            message = f"The database refuses rows of the backup: {error.diag.message_primary}."
            raise DatabaseRefused(Problem("backup_rows_refused", message)) from None
        for name in forced:
            connection.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(sql.Identifier(name)))


@contextmanager
def _connected(conninfo: str) -> Iterator[Connection[TupleRow]]:
    """A connection whose transaction is committed at the end of the block."""
    try:
        with psycopg.connect(conninfo, application_name="tirage backup") as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        message = f"The database's roles do not suffice: {error.diag.message_primary}."
        raise DatabaseRefused(Problem("database_role_unsafe", message, hint="Run tirage db migrate.")) from error
    except psycopg.OperationalError as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
        message = f"The database does not answer: {reason}."
        raise DatabaseUnavailable(Problem("database_unavailable", message)) from error


def _tables(connection: Connection[TupleRow]) -> tuple[Table, ...]:
    rows = connection.execute(_TABLES, _PLACES).fetchall()
    known = {oid: Table(name, tuple(columns)) for name, columns, _, oid in rows}
    order = TopologicalSorter({oid: [each for each in others if each in known] for _, _, others, oid in rows})
    return tuple(known[oid] for oid in order.static_order())


def _object_keys(tables: Sequence[Table]) -> sql.Composed | None:
    """A query of the column `key`: what all tables name as an object."""
    named = [
        sql.SQL("SELECT blob_key AS key FROM {} WHERE blob_key IS NOT NULL").format(sql.Identifier(each.name))
        for each in tables
        if "blob_key" in each.columns
    ]
    return sql.SQL(" UNION ALL ").join(named) if named else None


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _refuse_rows(connection: Connection[TupleRow], table: Table) -> None:
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table.name))).fetchone()
    if row is None or row[0]:
        raise DatabaseRefused(
            Problem(
                "database_not_empty",
                f"The database has rows already, in {table.name}.",
                hint="Restore into an empty database.",
            )
        )
