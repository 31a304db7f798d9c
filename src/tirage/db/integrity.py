"""The whole database → what is not sound: unreadable rows, indexes that miss some, references to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from tirage.db.address import DatabaseAddress
from tirage.db.errors import DatabaseUnavailable
from tirage.db.jobs_schema import JOBS_SCHEMA
from tirage.db.roles import SCHEMA, SYSTEM
from tirage.engine.errors import Problem

_PLACES = {"schemas": [SCHEMA, JOBS_SCHEMA]}
_INVALID: LiteralString = """
SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace::regnamespace::text = ANY(%(schemas)s) AND NOT (indisvalid AND indisready) ORDER BY 1
"""
_CHECKSUMS: LiteralString = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
_TABLES: LiteralString = """
SELECT relnamespace::regnamespace::text, relname::text, ARRAY(
    SELECT attname::text FROM pg_index, unnest(indkey) WITH ORDINALITY AS part (number, place)
    JOIN pg_attribute ON attnum = part.number
    WHERE indrelid = pg_class.oid AND indisprimary AND attrelid = pg_class.oid ORDER BY place)
FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = ANY(%(schemas)s) ORDER BY 1, 2
"""
_REFERENCES: LiteralString = """
SELECT conname::text, conrelid::regclass::text, confrelid::regclass::text,
    ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS part (number, place)
          JOIN pg_attribute ON attrelid = conrelid AND attnum = part.number ORDER BY place),
    ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS part (number, place)
          JOIN pg_attribute ON attrelid = confrelid AND attnum = part.number ORDER BY place)
FROM pg_constraint WHERE contype = 'f' AND connamespace::regnamespace::text = ANY(%(schemas)s) ORDER BY 2, 1
"""
# The contributed module looks into every page of every B-tree; servers of one's own often have it.
_AMCHECK: LiteralString = "SELECT to_regprocedure('bt_index_check(regclass, boolean)') IS NOT NULL"
_BTREES: LiteralString = """
SELECT indexrelid::regclass::text FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
WHERE relnamespace::regnamespace::text = ANY(%(schemas)s) AND amname = 'btree' ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """A table, index or reference that is not sound, and how."""

    name: str
    told: str


def broken_relations(address: DatabaseAddress) -> Iterator[Broken]:
    """What is not sound, in one transaction that changes nothing while others go on. Raises DatabaseUnavailable."""
    try:
        with psycopg.connect(address.application) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SELECT set_config('role', %s, true)", (SYSTEM,))
            connection.execute("SELECT set_config('search_path', %s, true)", (SCHEMA,))
            yield from _declared(connection)
            for schema, name, key in connection.execute(_TABLES, _PLACES).fetchall():
                yield from _table(connection, schema, name, key)
            for row in connection.execute(_REFERENCES, _PLACES).fetchall():
                yield from _reference(connection, *row)
            has = connection.execute(_AMCHECK).fetchone()
            if has is not None and has[0]:
                for (name,) in connection.execute(_BTREES, _PLACES).fetchall():
                    yield from _tried(connection, name, "SELECT bt_index_check(%(name)s::regclass, true)")
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(Problem("database_unavailable", "The database does not answer.")) from error


def _declared(connection: Connection[TupleRow]) -> Iterator[Broken]:
    for (name,) in connection.execute(_INVALID, _PLACES).fetchall():
        yield Broken(name, "is an index that is not valid; REINDEX INDEX makes it anew")
    row = connection.execute(_CHECKSUMS).fetchone()
    if row is not None and row[0]:
        yield Broken("pages", f"{row[0]} pages had a wrong checksum: the disk has changed them; restore a backup")


def _table(connection: Connection[TupleRow], schema: str, name: str, key: list[str]) -> Iterator[Broken]:
    """Every value is read, also those kept apart from their row; the primary key must find as many rows."""
    table = sql.Identifier(schema, name)
    whole = sql.SQL("SELECT count(*), sum(length(t::text)) FROM {} t").format(table)
    told = None
    try:
        with connection.transaction():
            rows = connection.execute(whole).fetchone()
            if key and rows is not None:
                columns = sql.SQL(", ").join(map(sql.Identifier, key))
                connection.execute(
                    "SELECT set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true)"
                )
                ordered = sql.SQL("SELECT count(*) FROM (SELECT {0} FROM {1} ORDER BY {0} OFFSET 0) found")
                found = connection.execute(ordered.format(columns, table)).fetchone()
                if found is not None and found[0] != rows[0]:
                    told = f"holds {rows[0]} rows; its primary key finds {found[0]}"
    except psycopg.DatabaseError as error:
        if isinstance(error, psycopg.OperationalError) and connection.closed:
            raise
        told = f"cannot be read: {error.diag.message_primary}"
    if told:
        yield Broken(f"{schema}.{name}", told)


def _reference(
    connection: Connection[TupleRow], name: str, child: str, parent: str, own: list[str], theirs: list[str]
) -> Iterator[Broken]:
    """Rows that refer to one that is not there: the database holds it, a disk or a careless restore may not."""
    set_ = sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(each)) for each in own)
    equal = sql.SQL(" AND ").join(
        sql.SQL("p.{} = c.{}").format(sql.Identifier(his), sql.Identifier(mine))
        for mine, his in zip(own, theirs, strict=True)
    )
    statement = sql.SQL("SELECT count(*) FROM {} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})").format(
        sql.SQL(child), set_, sql.SQL(parent), equal
    )
    row = connection.execute(statement).fetchone()
    if row is not None and row[0]:
        yield Broken(child, f"has {row[0]} rows that refer to rows of {parent} that are not there ({name})")


def _tried(connection: Connection[TupleRow], name: str, statement: LiteralString) -> Iterator[Broken]:
    try:
        with connection.transaction():
            connection.execute(statement, {"name": name})
    except psycopg.errors.InsufficientPrivilege:
        return
    except psycopg.DatabaseError as error:
        yield Broken(name, f"is not sound: {error.diag.message_primary}")
