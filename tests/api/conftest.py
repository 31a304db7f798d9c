"""A running service with two tenants, and clients of each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.harness.site import Site, running_site


@pytest.fixture(scope="session")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


@pytest.fixture
def bob(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Bob's workspace."""
    with site.client(site.bob.key) as client:
        yield client


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    """A client without a key."""
    with site.client() as client:
        yield client
