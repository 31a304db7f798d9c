"""Row-level security is the second wall: it holds where a query names no tenant at all."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import new_asset, new_document, new_image

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.errors import DatabaseRefused
from tirage.db.roles import SCHEMA
from tirage.ids import new_uid
from tirage.store import (
    assets,
    batch_orders,
    batch_schedules,
    destinations,
    events,
    fonts,
    hooks,
    idempotency,
    images,
    keys,
    link_keys,
    templates,
    usage,
    workspaces,
)
from tirage.store.batch_orders import TableOrder
from tirage.store.batch_schedules import NewSchedule
from tirage.store.fonts import NewFont
from tirage.store.vault import Vault
from tirage.store.workspaces import WorkspaceSettings

pytestmark = pytest.mark.anyio

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'tirage' AND tablename <> 'schema_migrations'"
ABOVE_WORKSPACES = {"accounts", "api_keys", "api_key_workspaces"}


async def fill(database: Database, vault: Vault, tenant: Tenant) -> None:
    """A row in every table for this tenant."""
    async with database.account(tenant.account.id) as tx:
        await keys.create(tx, "key", workspaces=(tenant.id,), scopes=("admin",), now=NOON)
    async with database.workspace(tenant.id) as tx:
        template = await templates.create(tx, new_document(), NOON)
        await images.insert(tx, new_image(tenant.id), NOON)
        await assets.insert(tx, new_asset(), NOON)
        await link_keys.present(tx, vault, NOON)
        await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://example.com", template.id, NOON)
        await workspaces.change_settings(tx, WorkspaceSettings(("https://a.example",)), NOON)
        await idempotency.claim(tx, "POST /designs", "key", bytes(32), NOON)
        await fonts.put(tx, NewFont("Inter", "Bold", 700, False, "a.ttf", 1, bytes(32), "key"), NOON, most=9)
        await usage.begin(tx, NOON)
        assert await usage.take(tx, 1, 9, NOON)
        await events.enqueue(tx, "NEW_IMAGE", "{}", NOON, template_id=template.id)


@pytest.mark.check(152)
async def test_without_the_filter_no_foreign_row_is_seen(
    database: Database, vault: Vault, alice: Tenant, bob: Tenant
) -> None:
    """A query that forgot its tenant sees the rows of its own workspace and no other, in every table."""
    for tenant in (alice, bob):
        await fill(database, vault, tenant)
        await _fill_batches(database, tenant)
    async with database.system() as system:
        tables = await system.values(TABLES)
    assert len(tables) == 24
    for tenant in (alice, bob):
        async with database.workspace(tenant.id) as tx:
            for table in sorted(set(tables) - ABOVE_WORKSPACES - {"workspaces"}):
                cursor = await tx.connection.execute(
                    sql.SQL("SELECT DISTINCT workspace_id FROM {}").format(sql.Identifier(table))
                )
                rows = await cursor.fetchall()
                assert rows in ([(tenant.id,)], []), table
                assert rows or table == "delivery_attempts", f"{table} is not filled by this test"
            assert await tx.values("SELECT id FROM workspaces") == [tenant.id]
            for table in sorted(ABOVE_WORKSPACES):
                cursor = await tx.connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))
                assert await cursor.fetchall() == [], table
        async with database.account(tenant.account.id) as tx:
            for table in ("api_keys", "api_key_workspaces", "workspaces"):
                cursor = await tx.connection.execute(
                    sql.SQL("SELECT DISTINCT account_id FROM {}").format(sql.Identifier(table))
                )
                assert await cursor.fetchall() == [(tenant.account.id,)], table
            assert await tx.values("SELECT id FROM accounts") == [tenant.account.id]
            assert await tx.values("SELECT id FROM images") == []


async def _fill_batches(database: Database, tenant: Tenant) -> None:
    """A batch of one chunk with one row."""
    batch = new_uid()
    async with database.workspace(tenant.id) as tx:
        await tx.execute(
            """
            INSERT INTO batches (id, workspace_id, template_id, template_version, format, state, source_key,
                                 source_name, total, created_at)
            SELECT %(batch)s, workspace_id, id, 1, 'png', 'queued', 'key', 'rows.csv', 1, %(now)s
            FROM templates WHERE workspace_id = %(workspace)s LIMIT 1
            """,
            batch=batch,
            now=NOON,
        )
        await batch_orders.put(tx, batch, TableOrder())
        await destinations.create(tx, Vault(bytes(32)), "bucket", "s3://mine", "user", "secret", NOON)
        template = await tx.value("SELECT template_id FROM batches WHERE id = %(batch)s", batch=batch)
        new = NewSchedule("sheet", template, "png", TableOrder(), 60, "", "UTC", True, NOON)
        await batch_schedules.create(tx, new, NOON)
        await tx.execute(
            """
            INSERT INTO batch_chunks (batch_id, number, workspace_id, state)
            VALUES (%(batch)s, 1, %(workspace)s, 'queued')
            """,
            batch=batch,
        )
        await tx.execute(
            """
            INSERT INTO batch_rows (batch_id, number, chunk, workspace_id, row_values, state)
            VALUES (%(batch)s, 1, 1, %(workspace)s, '{}', 'pending')
            """,
            batch=batch,
        )


@pytest.mark.check(152)
async def test_without_the_filter_no_foreign_row_is_changed(database: Database, alice: Tenant, bob: Tenant) -> None:
    """Changing and deleting everything touches one's own rows; writing into another workspace is refused."""
    async with database.workspace(alice.id) as tx:
        mine = await templates.create(tx, new_document("Mine"), NOON)
    async with database.workspace(bob.id) as tx:
        assert await tx.execute("UPDATE templates SET name = 'stolen'") == 0
        assert await tx.execute("DELETE FROM templates") == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with database.workspace(bob.id) as tx:
            await tx.execute("UPDATE workspace_settings SET strict = true")
            await tx.execute(
                "INSERT INTO workspace_settings (workspace_id, updated_at) VALUES (%(other)s, %(now)s)",
                other=alice.id,
                now=NOON,
            )
    async with database.workspace(alice.id) as tx:
        assert (await templates.get(tx, mine.id)).name == "Mine"


@pytest.mark.check(149)
async def test_a_reference_cannot_cross_workspaces(
    database: Database, vault: Vault, alice: Tenant, bob: Tenant
) -> None:
    """A hook on another tenant's design is refused by the foreign key, though the design exists."""
    async with database.workspace(alice.id) as tx:
        theirs = await templates.create(tx, new_document(), NOON)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with database.workspace(bob.id) as tx:
            await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://example.com", theirs.id, NOON)


async def test_a_transaction_of_nobody_sees_nothing(database: Database, alice: Tenant) -> None:
    """Without a tenant the application's role sees no row; a tenant must be named."""
    async with database.workspace(alice.id) as tx:
        await tx.execute("SELECT set_config('tirage.workspace', '', true)")
        assert await tx.values("SELECT id FROM workspaces") == []
    for enter in (database.workspace, database.account):
        with pytest.raises(ValueError, match="needs its id"):
            enter("")


async def test_every_table_is_walled_in(database: Database) -> None:
    """Security is enabled and forced on every table, and each has its tenant's policy and the system's."""
    async with database.system() as system:
        tables = set(await system.values(TABLES))
        walled = set(
            await system.values(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r' "
                "AND relrowsecurity AND relforcerowsecurity",
                schema=SCHEMA,
            )
        )
        policies = "SELECT tablename FROM pg_policies WHERE schemaname = 'tirage' AND policyname = ANY(%(names)s)"
        assert walled == tables
        assert set(await system.values(policies, names=["of_workspace", "of_account"])) == tables
        assert set(await system.values(policies, names=["of_system"])) == tables


@pytest.mark.parametrize("role", ["superuser", "bypass", "inherits"])
async def test_a_role_without_the_wall_is_refused(address: DatabaseAddress, role: str) -> None:
    """Start-up refuses a superuser, a role with BYPASSRLS, and one that inherits the system's rights; it says why."""
    assert address.installer is not None
    user = f"unsafe_{role}"
    attributes = {"superuser": "SUPERUSER", "bypass": "BYPASSRLS", "inherits": "INHERIT"}[role]
    installer = psycopg.conninfo.make_conninfo(address.installer, dbname="tirage")
    async with await psycopg.AsyncConnection.connect(installer, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE ROLE {} LOGIN " + attributes).format(sql.Identifier(user)))
        await connection.execute(sql.SQL("GRANT tirage_app, tirage_system TO {}").format(sql.Identifier(user)))
        if role == "inherits":
            await connection.execute("GRANT tirage_system TO tirage_app WITH INHERIT TRUE")
    unsafe = DatabaseAddress(psycopg.conninfo.make_conninfo(address.application, user=user), address.owner)
    try:
        with pytest.raises(DatabaseRefused, match=r"row-level security|inherits") as refusal:
            await Database(unsafe).open()
        assert refusal.value.code == "database_role_unsafe"
        assert "TIRAGE_DATABASE_OWNER_URL" in str(refusal.value)
    finally:
        async with await psycopg.AsyncConnection.connect(installer, autocommit=True) as connection:
            await connection.execute("GRANT tirage_system TO tirage_app WITH INHERIT FALSE")
            await connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(user)))


async def test_a_role_that_is_no_member_is_refused(address: DatabaseAddress) -> None:
    """A role that may not put on the application's is told how to be set up."""
    assert address.installer is not None
    async with await psycopg.AsyncConnection.connect(address.installer, autocommit=True) as connection:
        await connection.execute("CREATE ROLE stranger LOGIN")
    strange = DatabaseAddress(psycopg.conninfo.make_conninfo(address.application, user="stranger"), address.owner)
    with pytest.raises(DatabaseRefused, match="not set up"):
        await Database(strange).open()


async def test_the_owner_may_serve(address: DatabaseAddress, alice: Tenant) -> None:
    """Where there is one address only, its role puts on the application's; security holds for it."""
    single = DatabaseAddress(address.owner, address.owner)
    async with Database(single) as database, database.workspace(alice.id) as tx:
        assert await tx.value("SELECT current_user::text") == "tirage_app"
        assert await tx.values("SELECT id FROM workspaces") == [alice.id]
