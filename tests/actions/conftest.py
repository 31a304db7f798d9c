"""The database and the service of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.db.fixtures import NOON, address, alice, anyio_backend, bob, database
from tests.harness.service import open_test_service

from tirage.clock import StillClock
from tirage.context import Service

__all__ = ["address", "alice", "anyio_backend", "bob", "database"]


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands at noon until it is moved."""
    return StillClock(NOON)


@pytest.fixture
async def service(tmp_path: Path, clock: StillClock) -> AsyncIterator[Service]:
    """A service that may fetch from nowhere but public hosts."""
    async with open_test_service(tmp_path, clock) as opened:
        yield opened
