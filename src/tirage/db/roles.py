"""The database's roles: one migrates, one serves requests under row-level security, one does the system's work."""

from __future__ import annotations

import psycopg
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import TupleRow

from tirage.db.address import DATABASE, DatabaseAddress
from tirage.db.errors import DatabaseRefused, DatabaseUnavailable
from tirage.engine.errors import Problem

OWNER = "tirage_owner"
APPLICATION = "tirage_app"
SYSTEM = "tirage_system"
SCHEMA = "tirage"

OLDEST_SERVER = 150000
"""PostgreSQL 15: UNIQUE NULLS NOT DISTINCT."""

# Any number will do as long as nobody else takes it: it keeps two processes from setting up one server at once.
_SETUP_LOCK = 0x7469_7261_6765

# NOINHERIT: the application has the system's rights only in a transaction that takes that role by name.
_ATTRIBUTES = {
    APPLICATION: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT",
    SYSTEM: "NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    OWNER: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
}

REMEDY = f"""\
As an administrator of the database: CREATE ROLE {APPLICATION} {_ATTRIBUTES[APPLICATION]} PASSWORD '…'; \
CREATE ROLE {SYSTEM} {_ATTRIBUTES[SYSTEM]}; GRANT {SYSTEM} TO {APPLICATION}; \
then let TIRAGE_DATABASE_URL connect as {APPLICATION} and TIRAGE_DATABASE_OWNER_URL as the role that migrates."""

_EXISTING = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"

_PREPARED = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) AND EXISTS (SELECT FROM pg_database WHERE datname = %s)
"""

_MAY = "SELECT pg_has_role(%s, %s, %s)"

_WHO = """
SELECT session_user::text, current_user::text,
       bool_or(rolsuper), bool_or(rolbypassrls),
       pg_has_role(current_user, %(system)s, 'USAGE')
FROM pg_roles
WHERE rolname IN (session_user, current_user)
"""

_UNPROTECTED = """
SELECT relname
FROM pg_class
WHERE relnamespace = to_regnamespace(%(schema)s)
  AND relkind IN ('r', 'p')
  AND relname <> 'schema_migrations'
  AND NOT (relrowsecurity AND relforcerowsecurity)
ORDER BY relname
"""


def prepare(address: DatabaseAddress) -> None:
    """Make what migrations need: the roles, and in the embedded server the database itself. A second time does nothing.

    Raises DatabaseRefused `database_roles` with what an administrator has to say to the server, `database_version`;
    DatabaseUnavailable.
    """
    try:
        with psycopg.connect(address.installer or address.owner, autocommit=True) as connection:
            version = connection.info.server_version
            if version < OLDEST_SERVER:
                raise DatabaseRefused(
                    Problem(
                        "database_version",
                        f"The database is PostgreSQL {version // 10000}; Tirage needs 15 or newer.",
                    )
                )
            connection.execute("SELECT pg_advisory_lock(%s)", (_SETUP_LOCK,))
            _make_roles(connection, address)
            if address.installer is not None:
                _make_database(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseRefused(
            Problem(
                "database_roles", f"The database's roles cannot be made: {error.diag.message_primary}.", hint=REMEDY
            )
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            Problem("database_unavailable", f"The database cannot be reached: {_reason(error)}.")
        ) from error


def is_prepared(address: DatabaseAddress) -> bool:
    """Whether the owner can connect: a fresh embedded server has neither its role nor the database yet.

    Raises DatabaseUnavailable.
    """
    if address.installer is None:
        return True  # one's own server: whoever migrates it is there
    try:
        with psycopg.connect(address.installer, autocommit=True) as connection:
            row = connection.execute(_PREPARED, (OWNER, DATABASE)).fetchone()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            Problem("database_unavailable", f"The database cannot be reached: {_reason(error)}.")
        ) from error
    return row is not None and bool(row[0])


def _make_roles(connection: Connection[TupleRow], address: DatabaseAddress) -> None:
    embedded = address.installer is not None
    wanted = [APPLICATION, SYSTEM, *([OWNER] if embedded else [])]
    existing = {row[0] for row in connection.execute(_EXISTING, (wanted,))}
    for name in wanted:
        if name not in existing:
            connection.execute(sql.SQL("CREATE ROLE {} " + _ATTRIBUTES[name]).format(sql.Identifier(name)))
    _grant(connection, SYSTEM, APPLICATION)
    if embedded:
        _grant(connection, APPLICATION, OWNER)
    elif address.application == address.owner:
        # One address only: its role serves too, and puts on the application's for that.
        _grant(connection, APPLICATION, connection.info.user)


def _grant(connection: Connection[TupleRow], role: str, to: str) -> None:
    # From version 16 on, whoever creates a role may administer it, which is membership, but not put it on.
    right = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    row = connection.execute(_MAY, (to, role, right)).fetchone()
    if row is None or not row[0]:
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(to)))


def _make_database(connection: Connection[TupleRow]) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


async def check(connection: AsyncConnection[TupleRow]) -> None:
    """Refuse an application connection on which row-level security would not hold.

    Raises DatabaseRefused `database_role_unsafe` with the remedy. Call it in a transaction that has put on the
    application's role.
    """
    cursor = await connection.execute(_WHO, {"system": SYSTEM})
    row = await cursor.fetchone()
    assert row is not None
    session, current, superuser, bypass, inherits = row
    for wrong, what in (
        (superuser, "a superuser, for whom row-level security is switched off without a word"),
        (bypass, "a role with BYPASSRLS, for which row-level security is switched off"),
        (inherits, f"a role that inherits the rights of {SYSTEM}, which sees the rows of all tenants"),
    ):
        if wrong:
            who = session if session == current else f"{session} (as {current})"
            raise DatabaseRefused(
                Problem(
                    "database_role_unsafe", f"The application connects to the database as {who}, {what}.", hint=REMEDY
                )
            )
    cursor = await connection.execute(_UNPROTECTED, {"schema": SCHEMA})
    open_tables = [str(name) for (name,) in await cursor.fetchall()]
    if open_tables:
        raise DatabaseRefused(
            Problem(
                "database_role_unsafe",
                f"Row-level security is not enabled and forced on {', '.join(open_tables)}.",
                hint="Run tirage db migrate, or restore the database from a backup.",
            )
        )


def _reason(error: psycopg.Error) -> str:
    """The first line of a connection error; libpq's texts name host and role, never the password."""
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
