"""Transactions: commit, rollback, and errors of the server in our own terms."""

from __future__ import annotations

import psycopg
import pytest
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import new_document

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.durability import Durability
from tirage.db.errors import DatabaseFull, DatabaseUnavailable
from tirage.engine.errors import TirageError
from tirage.store import templates

pytestmark = pytest.mark.anyio

RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"


async def test_a_block_that_raises_leaves_nothing(database: Database, alice: Tenant) -> None:
    """What was written before the error is rolled back, and the error comes through as it is."""
    with pytest.raises(KeyError, match="mine"):
        async with database.workspace(alice.id) as tx:
            await templates.create(tx, new_document(), NOON)
            raise KeyError("mine")
    async with database.workspace(alice.id) as tx:
        assert await templates.list_templates(tx) == []


async def test_a_transaction_leaves_no_trace(address: DatabaseAddress, alice: Tenant) -> None:
    """The next transaction on the same connection sees neither the role nor the tenant of the one before."""
    async with Database(address, connections=1) as database:
        for _ in range(3):
            async with database.workspace(alice.id) as tx:
                assert await tx.value("SELECT current_user::text") == "tirage_app"
                connection = tx.connection
            async with database.system() as system:
                assert system.connection is connection
                assert await system.value("SELECT current_setting('tirage.workspace', true)") == ""
                assert await system.value("SELECT current_user::text") == "tirage_system"


@pytest.mark.check(30)
async def test_a_full_volume_is_said_to_be_full(database: Database, alice: Tenant) -> None:
    """Writing fails with an error of its own kind, and the connection goes on reading."""
    with pytest.raises(DatabaseFull) as full:
        async with database.workspace(alice.id) as tx:
            await tx.execute(RAISE)
    assert full.value.code == "storage_full" and full.value.retryable
    async with database.workspace(alice.id) as tx:
        assert await tx.value("SELECT 1") == 1


@pytest.mark.parametrize("state", ["40001", "40P01", "57P01", "57014", "53300"])
async def test_what_may_succeed_later_is_unavailable(database: Database, alice: Tenant, state: str) -> None:
    """Serialisation failures, deadlocks, shutdowns, cancelled statements and too many connections are retryable."""
    with pytest.raises(DatabaseUnavailable) as away:
        async with database.workspace(alice.id) as tx:
            await tx.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '" + state + "'; END $$")
    assert away.value.retryable and "Try again" in str(away.value)


async def test_a_statement_has_a_limit(database: Database) -> None:
    """A statement that takes longer than its transaction may is ended by the server."""
    with pytest.raises(DatabaseUnavailable):
        async with database.system(deadline=0.2) as tx:
            await tx.execute("SELECT pg_sleep(30)")
    assert isinstance(await database.durability(), Durability)


async def test_mistakes_of_ours_are_not_hidden(database: Database, alice: Tenant) -> None:
    """A wrong statement is no outage: it comes through as what it is."""
    with pytest.raises(psycopg.errors.UndefinedTable) as wrong:
        async with database.workspace(alice.id) as tx:
            await tx.execute("SELECT * FROM no_such_table")
    assert not isinstance(wrong.value, TirageError)
