"""The whole application in the test process, asked as over HTTP, with tenants whose keys it knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.db.fixtures import NOON, Tenant, new_tenant
from tests.harness.service import BASE, open_test_service

from tirage.actions.deliver_hooks import send_hooks
from tirage.api import app as application
from tirage.clock import StillClock
from tirage.context import Service
from tirage.settings import Settings
from tirage.store import keys
from tirage.store.keys import SCOPES, Scope


@dataclass(frozen=True)
class Person:
    """A tenant with a client that sends its key."""

    tenant: Tenant
    client: httpx.AsyncClient
    key: str

    @property
    def workspace(self) -> str:
        """The workspace's id."""
        return self.tenant.id


@dataclass(frozen=True)
class Running:
    """The running application and what it works with."""

    app: Any
    service: Service
    clock: StillClock

    async def person(self, name: str, scopes: tuple[Scope, ...] = SCOPES, tenant: Tenant | None = None) -> Person:
        """Somebody with a key of these scopes, of a new tenant unless one is given."""
        tenant = tenant or await new_tenant(self.service.database, name)
        async with self.service.database.account(tenant.account.id) as tx:
            made = await keys.create(tx, name, workspaces=(tenant.id,), scopes=scopes, now=NOON)
        return Person(tenant, self.client({"Authorization": f"Bearer {made.secret.text}"}), made.secret.text)

    def client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        """A client with these headers."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)


@asynccontextmanager
async def running_app(folder: Path, *, allow_hosts: str = "", background: bool = False) -> AsyncIterator[Running]:
    """The application over the test database, with storage in a folder; `background` lets its own loops run."""
    clock = StillClock(NOON)
    async with open_test_service(folder, clock, allow_hosts=allow_hosts) as service:

        @asynccontextmanager
        async def opener() -> AsyncIterator[Service]:
            yield service

        app = application.create_app(Settings(data_dir=str(folder), public_url=BASE), opener)
        loops = application.BACKGROUND
        application.BACKGROUND = (send_hooks,) if background else ()
        try:
            async with _lifespan(app):
                yield Running(app, service, clock)
        finally:
            application.BACKGROUND = loops


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Start an ASGI application, and end it."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, outbox.put)
    )
    await inbox.put({"type": "lifespan.startup"})
    told = await outbox.get()
    assert told["type"] == "lifespan.startup.complete", told
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await task
