"""The application and two tenants for these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.db.fixtures import anyio_backend
from tests.harness.client import Person, Running, running_app

__all__ = ["anyio_backend"]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """The application."""
    async with running_app(tmp_path) as app:
        yield app


@pytest.fixture
async def alice(running: Running) -> Person:
    """Somebody with a workspace of her own and every scope."""
    return await running.person("Alice")


@pytest.fixture
async def bob(running: Running) -> Person:
    """Somebody else."""
    return await running.person("Bob")
