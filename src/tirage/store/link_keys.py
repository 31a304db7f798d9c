"""Keys that sign links: sealed at rest, rotated with an overlap, revoked at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.store.errors import NotFound
from tirage.store.unique import with_new_uid
from tirage.store.vault import Vault

SECRET_BYTES = 32
OVERLAP = timedelta(days=30)
"""How long links of the key before still work after a rotation, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A key that signs links. `ends_at` is None for the present one."""

    kid: str
    workspace_id: str
    secret: bytes = field(repr=False)
    created_at: datetime
    ends_at: datetime | None

    def valid(self, now: datetime) -> bool:
        """Whether links signed with it still work."""
        return self.ends_at is None or now < self.ends_at


_COLUMNS: LiteralString = "kid, workspace_id, secret, created_at, ends_at"
_INSERT: LiteralString = """
INSERT INTO link_keys (kid, workspace_id, secret, created_at)
VALUES (%(kid)s, %(workspace)s, %(secret)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING kid
"""
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM link_keys WHERE workspace_id = %(workspace)s AND kid = %(kid)s"
_PRESENT: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM link_keys
WHERE workspace_id = %(workspace)s AND ends_at IS NULL
ORDER BY created_at DESC, kid DESC
LIMIT 1
"""
)
_LIST: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM link_keys
WHERE workspace_id = %(workspace)s
ORDER BY created_at DESC, kid DESC
"""
)
# Two rotations at once would leave two present keys: whoever comes second waits for the first.
_TURN: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('link_keys ' || %(workspace)s, 0))"
_END_OTHERS: LiteralString = """
UPDATE link_keys SET ends_at = %(at)s
WHERE workspace_id = %(workspace)s AND ends_at IS NULL
"""
_REVOKE: LiteralString = """
UPDATE link_keys SET ends_at = least(ends_at, %(now)s)
WHERE workspace_id = %(workspace)s AND kid = %(kid)s
"""


async def present(tx: Transaction, vault: Vault, now: datetime) -> LinkKey:
    """The key that signs new links; made at the first call."""
    found = await tx.one(LinkKey, _PRESENT)
    if found is None:
        await tx.execute(_TURN)
        found = await tx.one(LinkKey, _PRESENT)
    return await _make(tx, vault, now) if found is None else _opened(found, vault)


async def rotate(tx: Transaction, vault: Vault, now: datetime, *, overlap: timedelta = OVERLAP) -> LinkKey:
    """A new present key; links of the one before work until the overlap ends."""
    await tx.execute(_TURN)
    await tx.execute(_END_OTHERS, at=now + overlap)
    return await _make(tx, vault, now)


async def verifying(tx: Transaction, vault: Vault, kid: str, now: datetime) -> LinkKey | None:
    """The workspace's key of this id while it is valid, else None; another workspace's key counts as none."""
    found = await tx.one(LinkKey, _GET, kid=kid)
    return _opened(found, vault) if found is not None and found.valid(now) else None


async def list_keys(tx: Transaction, vault: Vault) -> list[LinkKey]:
    """All keys of the workspace, newest first, ended ones too."""
    return [_opened(each, vault) for each in await tx.all(LinkKey, _LIST)]


async def revoke(tx: Transaction, kid: str, now: datetime) -> None:
    """End a key at once, with every link that it signed. Raises NotFound `link_key_not_found`."""
    if not await tx.execute(_REVOKE, kid=kid, now=now):
        raise NotFound.of("link_key", kid)


async def _make(tx: Transaction, vault: Vault, now: datetime) -> LinkKey:
    secret = secrets.token_bytes(SECRET_BYTES)
    kid: str = await with_new_uid(
        lambda kid: tx.value(_INSERT, kid=kid, secret=vault.seal(secret, "link_keys", tx.workspace, kid), now=now)
    )
    return LinkKey(kid, tx.workspace, secret, now, None)


def _opened(found: LinkKey, vault: Vault) -> LinkKey:
    secret = vault.open(found.secret, "link_keys", found.workspace_id, found.kid)
    return LinkKey(found.kid, found.workspace_id, secret, found.created_at, found.ends_at)
