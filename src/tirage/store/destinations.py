"""Buckets of a workspace's own: where they are, and the secret that opens them, sealed at rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.ids import new_uid
from tirage.store.errors import NotFound
from tirage.store.vault import Vault

MOST = 50
"""Destinations of one workspace."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A bucket. `secret` is as it is stored; `opened` gives the text."""

    id: str
    workspace_id: str
    name: str
    location: str
    access_key: str
    secret: bytes = field(repr=False)
    created_at: datetime

    def opened(self, vault: Vault) -> str:
        """The secret access key. Raises Invalid `secret_unreadable`."""
        return vault.open(self.secret, "destinations", self.workspace_id, self.id).decode()


_COLUMNS: LiteralString = "id, workspace_id, name, location, access_key, secret, created_at"
_INSERT: LiteralString = (
    """
INSERT INTO destinations (id, workspace_id, name, location, access_key, secret, created_at)
VALUES (%(uid)s, %(workspace)s, %(name)s, %(location)s, %(access_key)s, %(secret)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING """
    + _COLUMNS
)
_LIST: LiteralString = (
    "SELECT "
    + _COLUMNS
    + " FROM destinations WHERE workspace_id = %(workspace)s ORDER BY created_at DESC, id DESC LIMIT %(limit)s"
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM destinations WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_TRIES = 8


async def create(
    tx: Transaction, vault: Vault, name: str, location: str, access_key: str, secret: str, now: datetime
) -> Destination:
    """A new destination; the secret is sealed for this row of this workspace and opens in no other."""
    for _ in range(_TRIES):
        uid = new_uid()
        sealed = vault.seal(secret.encode(), "destinations", tx.workspace, uid)
        made = await tx.one(
            Destination, _INSERT, uid=uid, name=name, location=location, access_key=access_key, secret=sealed, now=now
        )
        if made is not None:
            return made
    raise RuntimeError(f"{_TRIES} new ids in a row were taken: the source of randomness is broken.")


async def every(tx: Transaction) -> list[Destination]:
    """The destinations of the workspace, newest first."""
    return await tx.all(Destination, _LIST, limit=MOST)


async def get(tx: Transaction, uid: str) -> Destination:
    """One destination. Raises NotFound `destination_not_found`."""
    found = await tx.one(Destination, _GET, uid=uid)
    if found is None:
        raise NotFound.of("destination", uid)
    return found


async def delete(tx: Transaction, uid: str) -> None:
    """Remove it; what lies in the bucket stays. Raises NotFound `destination_not_found`."""
    if await tx.execute("DELETE FROM destinations WHERE workspace_id = %(workspace)s AND id = %(uid)s", uid=uid) != 1:
        raise NotFound.of("destination", uid)
