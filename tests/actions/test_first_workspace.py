"""The first account, workspace, designs and key: made once, and anew where a first start was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.db.fixtures import NOON, running_server

from tirage import starters
from tirage.actions.first_workspace import create_key, first_workspace, list_keys, revoke_key
from tirage.clock import StillClock
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.migrate import migrate
from tirage.store import accounts, keys, templates, workspaces
from tirage.store.errors import NotFound

NAME = "first_workspace"


@pytest.fixture
def fresh() -> Iterator[DatabaseAddress]:
    """A migrated database without any row."""
    address = running_server()
    assert address.installer is not None
    with psycopg.connect(address.installer, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER tirage_owner").format(sql.Identifier(NAME)))
    try:
        made = DatabaseAddress(
            make_conninfo(address.application, dbname=NAME), make_conninfo(address.owner, dbname=NAME)
        )
        migrate(made)
        yield made
    finally:
        with psycopg.connect(address.installer, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME)))


@pytest.mark.anyio
async def test_an_interrupted_first_start_is_made_anew(fresh: DatabaseAddress) -> None:
    """An account and a workspace without a key are a start that was killed; of several at once one sets it up."""
    clock = StillClock(NOON)
    async with Database(fresh, connections=4) as database:
        async with database.system() as system:
            account = await accounts.create(system, "Owner", NOON)
        async with database.account(account.id) as owner:
            half = await workspaces.create(owner, "Main", NOON)
        first, second = await asyncio.gather(first_workspace(database, clock), first_workspace(database, clock))
        made = first or second
        assert made is not None and (first is None or second is None)
        assert made.account.id == account.id and made.workspace.id != half.id
        assert set(made.designs) == set(starters.names())
        async with database.workspace(made.workspace.id) as tx:
            assert {each.id for each in await templates.list_templates(tx)} == set(made.designs.values())
        assert await first_workspace(database, clock) is None


@pytest.mark.anyio
async def test_keys_of_some_designs_and_their_end(fresh: DatabaseAddress) -> None:
    """A key may be bound to designs; it is listed without its text, and a revoked one is worth nothing."""
    clock = StillClock(NOON)
    async with Database(fresh, connections=4) as database:
        made = await first_workspace(database, clock)
        assert made is not None
        design = made.designs["quote"]
        bound = await create_key(database, clock, "One", ("render",), only=(made.workspace.id,), designs=(design,))
        assert bound.key.allows_template(design) and not bound.key.allows_template(made.designs["ticket"])
        assert {each.name for each in await list_keys(database)} == {"One", "first key"}
        assert await keys.authenticate(database, bound.secret.text, NOON) is not None
        assert (await revoke_key(database, clock, bound.key.id)).revoked_at == NOON
        assert await keys.authenticate(database, bound.secret.text, NOON) is None
        with pytest.raises(NotFound, match="no workspace"):
            await create_key(database, clock, "Two", ("render",), only=("0123456789",))
