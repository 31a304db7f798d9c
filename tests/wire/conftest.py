"""The wire contract against any service: `pytest tests/wire --base-url URL --key KEY`, or one of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the service under test is. Known only where pytest is given this folder."""
    parser.addoption("--base-url", default=None, help="the service to test; without it, one is started")
    parser.addoption("--key", default=None, help="an API key with all scopes, for a workspace with a design in it")


@dataclass(frozen=True, slots=True)
class Wire:
    """A service, a key with all scopes, and a design of its workspace that needs no values."""

    base: str
    key: str
    design: str


@pytest.fixture(scope="session")
def wire(request: pytest.FixtureRequest) -> Wire:
    """The service under test."""
    base, key = (request.config.getoption(name, None) for name in ("--base-url", "--key"))
    if base is None:
        from tests.harness.site import running_site

        site = running_site()
        return Wire(site.base, site.alice.key, site.alice.designs["card"])
    assert key is not None, "--base-url needs --key"
    with httpx.Client(base_url=base, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        found = client.get("/templates")
        assert found.status_code == 200, found.text
        for each in found.json():
            if client.post(f"/designs/{each['id']}", json={}).status_code == 200:
                return Wire(base.rstrip("/"), key, each["id"])
    raise AssertionError("the key's workspace has no design that can be drawn without values")


@pytest.fixture
def client(wire: Wire) -> Iterator[httpx.Client]:
    """A client with the key, as clients of the contract send it."""
    headers = {"authorization": f"Bearer {wire.key}", "content-type": "application/json"}
    with httpx.Client(base_url=wire.base, headers=headers, timeout=60) as opened:
        yield opened


@pytest.fixture
def stranger(wire: Wire) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=wire.base, timeout=60) as opened:
        yield opened
