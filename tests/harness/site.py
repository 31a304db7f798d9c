"""The whole service on a port of this machine, with two tenants: real server, database, drawing processes, storage."""

from __future__ import annotations

import asyncio
import atexit
import logging
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orjson
from tests.db.fixtures import new_tenant, running_server
from tests.harness.service import running_pool

from tirage.api import app as application
from tirage.api.app import create_app
from tirage.api.server import listen, serve
from tirage.clock import OffsetClock
from tirage.context import open_service
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.engine.parse import parse
from tirage.settings import Settings
from tirage.store import keys, templates
from tirage.store.keys import SCOPES, Scope
from tirage.store.templates import NewDocument

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mMwWRGMFTEMLQkAkbtLwR"
    "rV4cAAAAAASUVORK5CYII="
)
"""Eight green pixels a side."""
CARD: Mapping[str, Any] = {
    "name": "Card",
    "width": 400,
    "height": 200,
    "background": "#ffffff",
    "layers": [
        {"id": "box", "name": "box", "type": "shape", "x": 0, "y": 0, "width": 80, "height": 200, "fill": "#1a73e8"},
        {
            "id": "title",
            "name": "title",
            "type": "text",
            "x": 100,
            "y": 40,
            "width": 280,
            "height": 60,
            "text": "Hello",
        },
        {
            "id": "photo",
            "name": "photo",
            "type": "image",
            "x": 100,
            "y": 110,
            "width": 80,
            "height": 80,
            "imageUrl": PIXEL,
        },
    ],
}
PAGES: Mapping[str, Any] = {
    "name": "Two pages",
    "pages": [
        {
            "width": 300,
            "height": 200,
            "background": background,
            "layers": [
                {"id": f"t{index}", "name": f"text{index}", "type": "text", "width": 280, "height": 60, "text": "Page"}
            ],
        }
        for index, background in enumerate(("#ffeecc", "#ccddff"))
    ],
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account with a workspace, keys, and designs by name (`card`, `pages`)."""

    account: str
    workspace: str
    key: str
    read_key: str
    designs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """A running service. `clock` moves its time."""

    base: str
    clock: OffsetClock
    address: DatabaseAddress
    folder: Path
    alice: Tenant
    bob: Tenant

    def client(self, key: str | None = None) -> httpx.Client:
        """A client with a key, or without one."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=60)


@cache
def running_site() -> Site:
    """The service of this test process; started once, ended at its end."""
    pool = running_pool()
    address = running_server()
    folder = Path(tempfile.mkdtemp(prefix="tirage-site-"))
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    settings = Settings(host="127.0.0.1", port=port, data_dir=str(folder), cache_size=0)
    clock = OffsetClock()
    # Tests of the same process and database send what is due by themselves.
    application.BACKGROUND = ()
    app = create_app(settings, lambda: open_service(settings, pool, address, clock=clock))
    ready = threading.Event()
    thread = threading.Thread(
        target=serve, args=(app, sock, settings), kwargs={"tls": None, "started": ready.set}, daemon=True
    )
    thread.start()
    assert ready.wait(60), "the service did not start"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Its background work would complain when the database goes before it does, and nobody reads that any more.
    atexit.register(logging.disable)
    alice, bob = asyncio.run(_tenants(address))
    return Site(f"http://127.0.0.1:{port}", clock, address, folder, alice, bob)


async def add_key(database: Database, tenant: Tenant, scopes: tuple[Scope, ...], **more: Any) -> str:
    """One more key of a tenant."""
    now = OffsetClock().now()
    async with database.account(tenant.account) as owner:
        made = await keys.create(owner, "extra", workspaces=(tenant.workspace,), scopes=scopes, now=now, **more)
    return made.secret.text


async def add_design(database: Database, workspace: str, document: Mapping[str, Any]) -> str:
    """A design of a workspace; its id."""
    text = orjson.dumps(document)
    template = parse(text)
    new = NewDocument(template.name, text.decode(), bytes.fromhex(template.digest))
    async with database.workspace(workspace) as tx:
        return (await templates.create(tx, new, OffsetClock().now())).id


def with_newcomer(site: Site) -> Site:
    """The same service, with another Alice in it: a tenant whose designs, pictures and batches no other test makes."""

    async def make() -> Tenant:
        async with Database(site.address) as database:
            return await _tenant(database, "Alice")

    return replace(site, alice=asyncio.run(make()))


async def _tenants(address: DatabaseAddress) -> tuple[Tenant, Tenant]:
    async with Database(address) as database:
        return await _tenant(database, "Alice"), await _tenant(database, "Bob")


async def _tenant(database: Database, name: str) -> Tenant:
    owner = await new_tenant(database, name)
    tenant = Tenant(owner.account.id, owner.workspace.id, "", "")
    return replace(
        tenant,
        key=await add_key(database, tenant, SCOPES),
        read_key=await add_key(database, tenant, ("read",)),
        designs={
            "card": await add_design(database, tenant.workspace, CARD),
            "pages": await add_design(database, tenant.workspace, PAGES),
        },
    )
