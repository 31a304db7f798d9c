"""A whole installation on disk for the tests of backups: tenants, key, design, hook, pictures with their objects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from tests.db.fixtures import NOON, Tenant, new_tenant
from tests.store.samples import new_document, new_image

from tirage.blobs import open_blobs
from tirage.context import data_folder, open_vault
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.dump import snapshot
from tirage.settings import Settings
from tirage.store import hooks, images, keys, templates
from tirage.store.images import Image

MANY_TEXTS = 6
LONG = 300_000


@dataclass(frozen=True, slots=True)
class Installation:
    """What was put in, to be found again after a restore."""

    settings: Settings
    alice: Tenant
    bob: Tenant
    key: str
    hook: str
    hook_secret: str
    image: Image
    rows: dict[str, list[bytes]]
    objects: dict[str, tuple[str, str, str | None]]


def settings_of(folder: Path, **more: str) -> Settings:
    """Settings of an embedded installation in this folder."""
    return Settings(data_dir=str(folder), **more)  # type: ignore[arg-type]


async def fill(settings: Settings, address: DatabaseAddress) -> Installation:
    """Put two tenants with their things into an empty installation."""
    vault = open_vault(settings)
    async with Database(address, connections=2) as database:
        alice, bob = await new_tenant(database, "Alice"), await new_tenant(database, "Bob\t\\N\n\u202e")
        async with database.account(alice.account.id) as tx:
            key = await keys.create(tx, "a key", workspaces=(alice.id,), scopes=("render",), now=NOON)
        async with database.workspace(alice.id) as tx:
            design = await templates.create(tx, new_document(), NOON)
            for number in range(MANY_TEXTS):  # a table in more than one part
                long = replace(new_document(f"Long {number}"), document=f'{{"name":"{number}\n{"x" * LONG}"}}')
                await templates.create(tx, long, NOON)
            subscribed = await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://a.example/hook", design.id, NOON)
        image = await add_picture(settings, database, alice, "first", b"picture" * 100_000)
        await add_picture(settings, database, bob, "empty", b"")
    blobs = open_blobs(settings.storage, data_folder(settings) / "blobs", reserve_bytes=0)
    await blobs.put(
        "exports/list.csv", b"a,b\n", "text/csv; header=present", disposition='attachment; filename="ü.csv"'
    )
    await blobs.close()
    assert subscribed.secret is not None
    return Installation(
        settings=settings,
        alice=alice,
        bob=bob,
        key=key.secret.text,
        hook=subscribed.hook.id,
        hook_secret=subscribed.secret,
        image=image,
        rows=rows_of(address),
        objects=await objects_of(settings),
    )


async def add_picture(settings: Settings, database: Database, tenant: Tenant, job: str, data: bytes) -> Image:
    """A picture as the service keeps it: the object first, then its row."""
    blobs = open_blobs(settings.storage, data_folder(settings) / "blobs", reserve_bytes=0)
    new = replace(new_image(job), size=len(data), sha256=hashlib.sha256(data).digest())
    await blobs.put(new.blob_key, data, "image/png")
    await blobs.close()
    async with database.workspace(tenant.id) as tx:
        return await images.insert(tx, new, NOON)


def rows_of(address: DatabaseAddress) -> dict[str, list[bytes]]:
    """All rows of all tables."""
    with snapshot(address) as taken:
        return {table.name: sorted(b"".join(taken.parts(table)).splitlines()) for table in taken.tables}


async def objects_of(settings: Settings) -> dict[str, tuple[str, str, str | None]]:
    """Every object's hash, media type and disposition."""
    blobs = open_blobs(settings.storage, data_folder(settings) / "blobs", reserve_bytes=0)
    found = {}
    async for about in blobs.list():
        blob = await blobs.get(about.key)
        digest = hashlib.sha256(await blob.read()).hexdigest()
        found[about.key] = (digest, blob.about.media_type, blob.about.disposition)
    await blobs.close()
    return found
