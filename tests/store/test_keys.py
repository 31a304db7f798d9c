"""API keys: shown once, found by hash, bounded by scopes, designs and workspaces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.db.fixtures import NOON, Tenant

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.ids import hash_key, new_key
from tirage.store import keys, workspaces
from tirage.store.errors import Conflict, Invalid, NotFound
from tirage.store.keys import CreatedKey

pytestmark = pytest.mark.anyio


async def make(database: Database, tenant: Tenant, **more: object) -> CreatedKey:
    """A key of the tenant's workspace."""
    given = {"workspaces": (tenant.id,), "scopes": ("render", "read"), "now": NOON, **more}
    async with database.account(tenant.account.id) as tx:
        return await keys.create(tx, "a key", **given)  # type: ignore[arg-type]


async def test_a_key_is_found_by_its_text(database: Database, alice: Tenant) -> None:
    """A new key authenticates and says what it may do; only its hash is stored."""
    created = await make(database, alice, templates=("debca16f99",))
    found = await keys.authenticate(database, created.secret.text, NOON)
    assert found is not None and found.id == created.key.id
    assert (found.account_id, found.workspaces, found.workspace) == (alice.account.id, (alice.id,), alice.id)
    assert found.allows("read") and not found.allows("write") and not found.allows("admin")
    assert found.allows_template("debca16f99") and not found.allows_template("0000000000")
    assert created.secret.text not in repr(created)
    async with database.system() as system:
        row = await system.value("SELECT api_keys::text FROM api_keys WHERE id = %(uid)s", uid=found.id)
    assert created.secret.text not in row and created.secret.text[9:-4] not in row


@pytest.mark.check(141)
async def test_what_does_not_authenticate(database: Database, alice: Tenant) -> None:
    """Malformed, unknown, revoked and expired keys are all nothing; the last millisecond of a key still counts."""
    created = await make(database, alice, expires_at=NOON + timedelta(hours=1))
    text = created.secret.text
    assert await keys.authenticate(database, new_key().text, NOON) is None
    assert await keys.authenticate(database, text, NOON + timedelta(minutes=59, seconds=59)) is not None
    assert await keys.authenticate(database, text, NOON + timedelta(hours=1)) is None
    async with database.account(alice.account.id) as tx:
        await keys.expire(tx, created.key.id, None)
    assert await keys.authenticate(database, text, NOON + timedelta(hours=1)) is not None
    async with database.account(alice.account.id) as tx:
        await keys.revoke(tx, created.key.id, NOON)
        await keys.revoke(tx, created.key.id, NOON + timedelta(days=1))
        assert (await keys.get(tx, created.key.id)).revoked_at == NOON
    assert await keys.authenticate(database, text, NOON) is None


@pytest.mark.check(141)
async def test_a_wrong_checksum_costs_no_query(address: DatabaseAddress) -> None:
    """A text with a wrong form or checksum is refused by a database that is not even open."""
    closed = Database(address)
    text = new_key().text
    for wrong in ("", "tir_live_", text[:-1] + ("0" if text[-1] != "0" else "1"), text + "0", "é" * 45):
        assert await keys.authenticate(closed, wrong, NOON) is None


async def test_the_last_use_is_noted_once_a_minute(database: Database, alice: Tenant) -> None:
    """A second use within a minute writes nothing."""
    created = await make(database, alice)

    async def used_at(seconds: float) -> object:
        await keys.authenticate(database, created.secret.text, NOON + timedelta(seconds=seconds))
        async with database.account(alice.account.id) as tx:
            return (await keys.get(tx, created.key.id)).last_used_at

    assert created.key.last_used_at is None
    assert await used_at(0) == NOON
    assert await used_at(59) == NOON
    assert await used_at(60) == NOON + timedelta(seconds=60)


async def test_workspaces_of_a_key(database: Database, alice: Tenant, bob: Tenant) -> None:
    """A key touches what it was given; a deleted default gives way to the oldest left; nothing crosses accounts."""
    created = await make(database, alice)
    async with database.account(alice.account.id) as tx:
        second = await workspaces.create(tx, "Second", NOON + timedelta(hours=1))
        assert (await keys.get(tx, created.key.id)).workspaces == (alice.id,)
        await keys.allow(tx, created.key.id, second.id)
        await keys.allow(tx, created.key.id, second.id)
        with pytest.raises(NotFound, match="no workspace"):
            await keys.allow(tx, created.key.id, bob.id)
        assert (await keys.get(tx, created.key.id)).workspaces == (alice.id, second.id)
        await workspaces.delete(tx, alice.id)
        left = await keys.get(tx, created.key.id)
        assert (left.workspaces, left.default_workspace_id, left.workspace) == ((second.id,), None, second.id)
        await workspaces.delete(tx, second.id)
        assert (await keys.get(tx, created.key.id)).workspace is None
    with pytest.raises(NotFound):
        await make(database, alice, workspaces=(bob.id,))


async def test_a_key_cannot_be_made_badly(database: Database, alice: Tenant, bob: Tenant) -> None:
    """No scope, an unknown one, no workspace, a chosen key twice: each is refused; accounts see their own keys only."""
    for more in ({"scopes": ()}, {"scopes": ("root",)}, {"workspaces": ()}, {"default": "0000000000"}):
        with pytest.raises(Invalid):
            await make(database, alice, **more)
    chosen = new_key("test")
    created = await make(database, alice, secret=chosen)
    assert created.secret == chosen and created.key.mode == "test"
    with pytest.raises(Conflict, match="already"):
        await make(database, alice, secret=chosen)
    async with database.account(bob.account.id) as tx:
        assert await keys.list_keys(tx) == []
        for attempt in (keys.get(tx, created.key.id), keys.revoke(tx, created.key.id, NOON)):
            with pytest.raises(NotFound):
                await attempt
    async with database.account(alice.account.id) as tx:
        assert await keys.list_keys(tx) == [created.key]
    async with database.system() as system:
        assert await keys.find(system, hash_key(chosen.text)) == created.key
