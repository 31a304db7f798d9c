"""A whole service in the test process: the real database, drawing processes, storage in a folder of its own."""

from __future__ import annotations

import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from tests.db.fixtures import running_server

from tirage.clock import Clock
from tirage.context import Service, open_service, start_pool
from tirage.pool.supervisor import Pool
from tirage.settings import Settings

BASE = "https://pictures.example"


@cache
def running_pool() -> Pool:
    """The drawing processes of this test process; started once, ended at its end."""
    pool = start_pool(Settings(), 1)
    atexit.register(pool.close)
    return pool


@asynccontextmanager
async def open_test_service(folder: Path, clock: Clock, *, allow_hosts: str = "") -> AsyncIterator[Service]:
    """The service's parts with this clock; `allow_hosts` are opened to the guarded client."""
    settings = Settings(data_dir=str(folder), public_url=BASE, allow_hosts=allow_hosts, cache_size=0)
    async with open_service(settings, running_pool(), running_server(), clock=clock) as service:
        yield service
