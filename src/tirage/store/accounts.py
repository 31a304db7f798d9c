"""Accounts: whoever owns workspaces and keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.store.unique import with_new_uid


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of workspaces and keys."""

    id: str
    name: str
    created_at: datetime


_INSERT: LiteralString = """
INSERT INTO accounts (id, name, created_at)
VALUES (%(uid)s, %(name)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING id, name, created_at
"""
_GET: LiteralString = "SELECT id, name, created_at FROM accounts WHERE id = %(account)s"
_OLDEST: LiteralString = "SELECT id, name, created_at FROM accounts ORDER BY created_at, id LIMIT 1"


async def create(system: Transaction, name: str, now: datetime) -> Account:
    """A new account. In a transaction of the system: before it there is no tenant."""
    return await with_new_uid(lambda uid: system.one(Account, _INSERT, uid=uid, name=name, now=now))


async def get(tx: Transaction) -> Account | None:
    """The account of this transaction."""
    return await tx.one(Account, _GET)


async def oldest(system: Transaction) -> Account | None:
    """The first account of the installation, or None on a fresh one. In a transaction of the system."""
    return await system.one(Account, _OLDEST)
