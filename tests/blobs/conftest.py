"""The stores under test: a folder, and a bucket of a real server on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.blobs.servers import Scripted, moto, scripted, send

from tirage.blobs import Blobs, open_blobs


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that keeps objects."""
    with moto() as base:
        yield base


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of nobody, where the cloud's own tools look for them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """An empty store; the conformance suite runs once for each."""
    if request.param == "local":
        return open_blobs("", tmp_path / "store", reserve_bytes=0)
    request.getfixturevalue("credentials")
    base = request.getfixturevalue("s3_server")
    bucket = f"b{tmp_path.stat().st_ino}-{os.getpid()}"
    assert send(base, "PUT", f"/{bucket}")[0] == 200
    return open_blobs(f"s3://{bucket}/data/one?region=us-east-1&endpoint={base}", tmp_path)


@pytest.fixture
def stub() -> Iterator[Scripted]:
    """A server that misbehaves as told."""
    with scripted() as state:
        yield state
