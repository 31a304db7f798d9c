"""A real PostgreSQL for the tests: one embedded server per test process, one workspace of its own per test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tirage.clock import StillClock
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.embedded import EmbeddedServer
from tirage.db.migrate import migrate
from tirage.store import accounts, workspaces
from tirage.store.accounts import Account
from tirage.store.vault import Vault
from tirage.store.workspaces import Workspace

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account with one workspace."""

    account: Account
    workspace: Workspace

    @property
    def id(self) -> str:
        """The workspace's id."""
        return self.workspace.id


@cache
def running_server() -> DatabaseAddress:
    """The migrated database of this test process; started once, stopped at its end."""
    # Not pytest's own folder: the server's account must be let in, and pytest takes rights on its folders away again.
    folder = Path(tempfile.mkdtemp(prefix="tirage-test-"))
    server = EmbeddedServer(folder, flush=False)
    address = server.start()

    def end() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    migrate(address)
    return address


async def new_tenant(database: Database, name: str) -> Tenant:
    """An account with one workspace, both of this name."""
    async with database.system() as system:
        account = await accounts.create(system, name, NOON)
    async with database.account(account.id) as tx:
        return Tenant(account, await workspaces.create(tx, name, NOON))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The database's driver runs on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def address() -> DatabaseAddress:
    """Where the test database is."""
    return running_server()


@pytest.fixture
async def database(address: DatabaseAddress) -> AsyncIterator[Database]:
    """The application's way to the test database."""
    async with Database(address, connections=10) as opened:
        yield opened


@pytest.fixture
async def alice(database: Database) -> Tenant:
    """A tenant that nothing else knows."""
    return await new_tenant(database, "Alice")


@pytest.fixture
async def bob(database: Database) -> Tenant:
    """Another tenant."""
    return await new_tenant(database, "Bob")


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands at noon until it is moved."""
    return StillClock(NOON)


@pytest.fixture
def vault() -> Vault:
    """A vault with a secret of its own."""
    return Vault(bytes(range(32)))
