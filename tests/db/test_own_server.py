"""One's own server by its address: roles made by whoever may, the remedy told to whoever may not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.db.fixtures import new_tenant

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.embedded import EmbeddedServer
from tirage.db.errors import DatabaseRefused
from tirage.db.migrate import migrate


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    """A fresh server with a database `app` of a role that may create roles, and one `bare` of a role that may not."""
    top = Path(tempfile.mkdtemp(prefix="tirage-test-"))
    server = EmbeddedServer(top, flush=False)
    installer = server.start().installer
    assert installer is not None
    with psycopg.connect(installer, autocommit=True) as connection:
        connection.execute("CREATE ROLE site LOGIN CREATEROLE")
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("CREATE DATABASE app OWNER site")
        connection.execute("CREATE DATABASE bare OWNER guest")
    host = conninfo_to_dict(installer)["host"]
    yield tuple(f"postgresql://{user}@/{name}?host={host}" for user, name in (("site", "app"), ("guest", "bare")))  # type: ignore[misc]
    server.stop()
    shutil.rmtree(top)


@pytest.mark.anyio
async def test_one_address_is_enough(urls: tuple[str, str]) -> None:
    """A role that may create roles migrates and serves; the own role may take its place, a superuser may not."""
    site, _ = urls
    single = DatabaseAddress.of_urls(site)
    assert migrate(single).new
    async with Database(single) as database:
        tenant = await new_tenant(database, "Site")
    own = DatabaseAddress.of_urls(make_conninfo(site, user="tirage_app"), site)
    assert migrate(own).new == ()
    async with Database(own) as database, database.workspace(tenant.id) as tx:
        assert await tx.values("SELECT id FROM workspaces") == [tenant.id]
        assert await tx.value("SELECT session_user::text") == "tirage_app"
    superuser = DatabaseAddress.of_urls(make_conninfo(site, user="postgres"), site)
    with pytest.raises(DatabaseRefused, match="superuser"):
        await Database(superuser).open()


def test_who_may_not_create_roles_is_told_what_to_ask_for(urls: tuple[str, str]) -> None:
    """The message holds the statements that an administrator runs; after them the migration works."""
    site, guest = urls
    with pytest.raises(DatabaseRefused, match="CREATE ROLE tirage_app") as refusal:
        migrate(DatabaseAddress.of_urls(guest))
    assert refusal.value.code == "database_roles"
    with psycopg.connect(make_conninfo(site, user="postgres"), autocommit=True) as connection:
        hint = refusal.value.problems[0].hint or ""
        for statement in hint.split(": ", 1)[1].split("; then", 1)[0].split("; "):
            connection.execute(statement.replace("…", "secret").encode())
    assert migrate(DatabaseAddress.of_urls(make_conninfo(guest, user="tirage_app"), guest)).new
