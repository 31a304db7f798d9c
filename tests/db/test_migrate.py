"""Migrations: each once, recorded with its checksum, refused where the database and the files disagree."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.db.fixtures import running_server

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.embedded import EmbeddedServer
from tirage.db.errors import DatabaseRefused, DatabaseUnavailable
from tirage.db.migrate import Migration, migrate, read_migrations, require_current

FIRST = Migration(1, "first", "CREATE TABLE one (id integer);")
SECOND = Migration(2, "second", "CREATE TABLE two (id integer); INSERT INTO two VALUES (1);")
BROKEN = Migration(2, "broken", "CREATE TABLE two (id integer); SELECT 1/0;")


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> Iterator[DatabaseAddress]:
    """A database of one's own without any migration, in the form of an own server's address."""
    address = running_server()
    assert address.installer is not None
    name = "migrate_" + str(abs(hash(request.node.name)))
    with psycopg.connect(address.installer, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER tirage_owner").format(sql.Identifier(name)))
    yield DatabaseAddress(make_conninfo(address.application, dbname=name), make_conninfo(address.owner, dbname=name))
    with psycopg.connect(address.installer, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def tables(address: DatabaseAddress) -> list[str]:
    """The tables of the schema."""
    with psycopg.connect(address.owner) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'tirage' ORDER BY 1")
        return [name for (name,) in found]


def test_migrating_twice_changes_nothing(empty: DatabaseAddress) -> None:
    """The real migrations apply to an empty database; the second time nothing is new."""
    known = read_migrations()
    assert migrate(empty).new == known
    before = tables(empty)
    again = migrate(empty)
    assert again.new == () and again.before == tuple(each.version for each in known)
    assert tables(empty) == before and "images" in before


def test_a_dry_run_changes_nothing(empty: DatabaseAddress) -> None:
    """A dry run names what is pending, also on a database that was never migrated."""
    assert migrate(empty, dry_run=True, migrations=(FIRST, SECOND)).new == (FIRST, SECOND)
    assert tables(empty) == []
    migrate(empty, migrations=(FIRST,))
    report = migrate(empty, dry_run=True, migrations=(FIRST, SECOND))
    assert (report.before, report.new, report.dry_run) == ((1,), (SECOND,), True)
    assert str(SECOND) == "0002_second"


def test_a_dry_run_on_a_server_that_was_just_made() -> None:
    """A fresh embedded server has no roles and no database yet: everything is to be applied, and nothing is made."""
    folder = Path(tempfile.mkdtemp(prefix="tirage-fresh-"))
    try:
        with EmbeddedServer(folder, flush=False) as address:
            assert migrate(address, dry_run=True).new == read_migrations()
            assert address.installer is not None
            with psycopg.connect(address.installer) as connection:
                made = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'tirage%'").fetchone()
            assert made == (0,)
            assert migrate(address).new == read_migrations() and migrate(address, dry_run=True).new == ()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_broken_migration_leaves_nothing(empty: DatabaseAddress) -> None:
    """What comes before a broken migration stays, the broken one is rolled back whole."""
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty, migrations=(FIRST, BROKEN))
    assert tables(empty) == ["one", "schema_migrations"]
    assert migrate(empty, migrations=(FIRST, SECOND)).new == (SECOND,)


def test_two_processes_migrate_once(empty: DatabaseAddress) -> None:
    """Of two at once one applies everything, the other finds nothing left."""
    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(lambda _: migrate(empty, migrations=(FIRST, SECOND)), range(4)))
    assert sorted(len(report.new) for report in reports) == [0, 0, 0, 2]


def test_disagreement_is_refused(empty: DatabaseAddress) -> None:
    """A migration that was changed after it was applied, or a database from the future, is refused and left alone."""
    migrate(empty, migrations=(FIRST, SECOND))
    with pytest.raises(DatabaseRefused, match="0001_first differs") as changed:
        migrate(empty, migrations=(replace(FIRST, text="SELECT 1;"), SECOND))
    assert changed.value.code == "migration_changed"
    for dry_run in (False, True):
        with pytest.raises(DatabaseRefused, match="0002_second are unknown") as newer:
            migrate(empty, dry_run=dry_run, migrations=(FIRST,))
        assert newer.value.code == "database_newer"


@pytest.mark.anyio
async def test_a_process_that_does_not_migrate_refuses_an_old_schema(empty: DatabaseAddress) -> None:
    """Before the migrations it is told to run them; afterwards the check passes."""
    async with Database(empty) as database:
        async with database.system() as system:
            with pytest.raises(DatabaseRefused, match="0001_tenants_and_records") as older:
                await require_current(system)
        assert older.value.code == "database_older"
        migrate(empty)
        async with database.system() as system:
            await require_current(system)


def test_files_are_numbered_without_gaps(tmp_path: Path) -> None:
    """A misnamed file or a missing number is an error of the package."""
    (tmp_path / "0002_b.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="without a gap"):
        read_migrations(tmp_path)
    (tmp_path / "0001_a.sql").write_text("SELECT 1;\r\n")
    assert [each.name for each in read_migrations(tmp_path)] == ["a", "b"]
    (tmp_path / "3_c.sql").write_text("")
    with pytest.raises(ValueError, match=r"3_c\.sql"):
        read_migrations(tmp_path)


def test_a_server_that_is_away_is_said_to_be_away() -> None:
    """An address where nothing listens is unavailable, and the message shows no password."""
    away = DatabaseAddress.of_urls("postgresql://user:s3cret@127.0.0.1:9/tirage")
    with pytest.raises(DatabaseUnavailable) as error:
        migrate(away)
    assert error.value.retryable and "s3cret" not in str(error.value)
    assert "s3cret" not in repr(away)
    with pytest.raises(DatabaseRefused) as wrong:
        DatabaseAddress.of_urls("postgresql://user:s3cret@[/tirage")
    assert wrong.value.code == "database_url_invalid" and "s3cret" not in str(wrong.value)
