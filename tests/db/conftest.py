"""The database of these tests."""

from __future__ import annotations

from tests.db.fixtures import address, alice, anyio_backend, bob, clock, database, vault

__all__ = ["address", "alice", "anyio_backend", "bob", "clock", "database", "vault"]
