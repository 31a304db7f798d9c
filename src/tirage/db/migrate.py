"""Migrations: numbered SQL files, each applied once in a transaction of its own and recorded with its checksum."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Transaction
from tirage.db.errors import DatabaseRefused, DatabaseUnavailable
from tirage.db.jobs_schema import make_jobs_schema
from tirage.db.roles import APPLICATION, SCHEMA, SYSTEM, is_prepared, prepare
from tirage.engine.errors import Problem

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 0x7469_7261_6766
"""The advisory lock of migrations: whoever comes second waits and finds nothing left to do."""

_RECORD = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version     integer PRIMARY KEY,
    name        text NOT NULL,
    checksum    text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""
_RECORDED = "SELECT version, name, checksum FROM schema_migrations ORDER BY version"
_REMEMBER = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"
_HAS_RECORD = "SELECT to_regclass('tirage.schema_migrations') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file. Its checksum is the SHA-256 of its text with Unix line ends."""

    version: int
    name: str
    text: str = field(repr=False)

    @property
    def checksum(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04d}_{self.name}"


@dataclass(frozen=True, slots=True)
class _Recorded:
    version: int
    name: str
    checksum: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What was applied before, and what is new: applied now, or only named in a dry run."""

    before: tuple[int, ...]
    new: tuple[Migration, ...]
    dry_run: bool = False


def read_migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations of this version, in order. Raises ValueError where a file's name or number is out of line."""
    found = []
    for file in (folder or resources.files("tirage.db") / "migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise ValueError(f"A migration is called NNNN_name.sql, not {file.name}.")
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        found.append(Migration(int(match[1]), match[2], text))
    found.sort(key=lambda each: each.version)
    if [each.version for each in found] != list(range(1, len(found) + 1)):
        raise ValueError("Migrations are numbered from 0001 without a gap.")
    return tuple(found)


def migrate(
    address: DatabaseAddress, *, dry_run: bool = False, migrations: tuple[Migration, ...] | None = None
) -> MigrationReport:
    """Bring the database to this version's schema; with `dry_run` say what that would do and change nothing.

    Raises DatabaseRefused `database_newer` where a newer Tirage has migrated it, `migration_changed` where a file
    differs from what was applied, `database_roles`; DatabaseUnavailable.
    """
    known = read_migrations() if migrations is None else migrations
    if not dry_run:
        prepare(address)
    elif not is_prepared(address):
        return MigrationReport((), known, dry_run=True)
    try:
        with psycopg.connect(address.owner, autocommit=True) as connection:
            if dry_run:
                row = connection.execute(_HAS_RECORD).fetchone()
                recorded = _recorded(connection) if row is not None and row[0] else {}
                return MigrationReport(tuple(recorded), _pending(known, recorded), dry_run=True)
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            _make_schema(connection)
            recorded = _recorded(connection)
            pending = _pending(known, recorded)
            for each in pending:
                with connection.transaction():
                    _search_here(connection)
                    connection.execute(each.text)
                    connection.execute(_REMEMBER, (each.version, each.name, each.checksum))
            make_jobs_schema(connection)
            return MigrationReport(tuple(recorded), pending)
    except psycopg.OperationalError as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
        raise DatabaseUnavailable(
            Problem("database_unavailable", f"The database cannot be migrated: {reason}.")
        ) from error


async def require_current(tx: Transaction) -> None:
    """Refuse to work on a schema that is not this version's, in a process that does not migrate itself.

    Raises DatabaseRefused `database_older`, `database_newer` or `migration_changed`.
    """
    recorded = {}
    if await tx.value("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        rows = await tx.all(_Recorded, _RECORDED)
        recorded = {row.version: (row.name, row.checksum) for row in rows}
    missing = _pending(read_migrations(), recorded)
    if missing:
        raise DatabaseRefused(
            Problem(
                "database_older",
                f"The database lacks the migrations {', '.join(map(str, missing))}.",
                hint="Run tirage db migrate, or start tirage serve, which does.",
            )
        )


def _make_schema(connection: Connection[TupleRow]) -> None:
    schema = sql.Identifier(SCHEMA)
    row = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (SCHEMA,)).fetchone()
    if row is None or not row[0]:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    grant = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}, {}")
    connection.execute(grant.format(schema, sql.Identifier(APPLICATION), sql.Identifier(SYSTEM)))
    with connection.transaction():
        _search_here(connection)
        connection.execute(_RECORD)
        table = sql.SQL("GRANT SELECT ON schema_migrations TO {}, {}")
        connection.execute(table.format(sql.Identifier(APPLICATION), sql.Identifier(SYSTEM)))


def _search_here(connection: Connection[TupleRow]) -> None:
    connection.execute("SELECT set_config('search_path', %s, true)", (SCHEMA,))


def _recorded(connection: Connection[TupleRow]) -> dict[int, tuple[str, str]]:
    with connection.transaction():
        _search_here(connection)
        return {version: (name, checksum) for version, name, checksum in connection.execute(_RECORDED)}


def _pending(known: tuple[Migration, ...], recorded: dict[int, tuple[str, str]]) -> tuple[Migration, ...]:
    newest = max((each.version for each in known), default=0)
    newer = [f"{version:04d}_{name}" for version, (name, _) in recorded.items() if version > newest]
    if newer:
        raise DatabaseRefused(
            Problem(
                "database_newer",
                f"A newer Tirage has migrated this database: {', '.join(newer)} are unknown to this one.",
                hint="Install that version again, or restore the backup made before the upgrade.",
            )
        )
    for each in known:
        if each.version in recorded and recorded[each.version][1] != each.checksum:
            raise DatabaseRefused(
                Problem(
                    "migration_changed",
                    f"The migration {each} differs from the one that was applied to this database.",
                    hint="A released migration never changes: install an unchanged Tirage.",
                )
            )
    return tuple(each for each in known if each.version not in recorded)
