"""Webhooks: who wants to hear of which events, with sealed signing secrets."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString, cast

from tirage.db.connect import Transaction
from tirage.store.errors import NotFound
from tirage.store.unique import with_new_uid
from tirage.store.vault import Vault

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""How long deliveries carry both signatures after a rotation."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A subscription; `template_id` None means every design, `failing_since` is the first failure in a row."""

    id: str
    workspace_id: str
    event_type: str
    target_url: str
    template_id: str | None
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription; `secret` (`whsec_…`, Standard Webhooks) only where it is new, since it is shown once."""

    hook: Hook
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Sealed:
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None


COLUMNS: LiteralString = """
    hooks.id, hooks.workspace_id, hooks.event_type, hooks.target_url, hooks.template_id, hooks.created_at,
    hooks.failing_since, hooks.disabled_at, hooks.disabled_reason
"""
_INSERT: LiteralString = (
    """
INSERT INTO hooks (id, workspace_id, event_type, target_url, template_id, secret, created_at)
VALUES (%(uid)s, %(workspace)s, %(event_type)s, %(target_url)s, %(template_id)s, %(secret)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING """
    + COLUMNS
    + """
"""
)
_EXACT: LiteralString = (
    """
SELECT """
    + COLUMNS
    + """ FROM hooks
WHERE workspace_id = %(workspace)s AND event_type = %(event_type)s AND target_url = %(target_url)s
  AND template_id IS NOT DISTINCT FROM %(template_id)s
"""
)
_DELETE_EXACT: LiteralString = (
    """
DELETE FROM hooks
WHERE workspace_id = %(workspace)s AND event_type = %(event_type)s AND target_url = %(target_url)s
  AND template_id IS NOT DISTINCT FROM %(template_id)s
RETURNING """
    + COLUMNS
    + """
"""
)
_GET: LiteralString = "SELECT " + COLUMNS + " FROM hooks WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_LIST: LiteralString = (
    """
SELECT """
    + COLUMNS
    + """ FROM hooks
WHERE workspace_id = %(workspace)s
ORDER BY created_at DESC, id DESC
"""
)
_WANTED: LiteralString = """
SELECT EXISTS (
    SELECT FROM hooks
    WHERE workspace_id = %(workspace)s AND event_type = %(event_type)s AND disabled_at IS NULL
      AND (template_id IS NULL OR template_id = %(template_id)s))
"""
_DELETE: LiteralString = (
    """
DELETE FROM hooks WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + COLUMNS
    + """
"""
)
_ENABLE: LiteralString = (
    """
UPDATE hooks SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL
WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + COLUMNS
    + """
"""
)
_SECRETS: LiteralString = """
SELECT secret, previous_secret, previous_until FROM hooks WHERE workspace_id = %(workspace)s AND id = %(uid)s
"""
_ROTATE: LiteralString = """
UPDATE hooks SET previous_secret = secret, previous_until = %(until)s, secret = %(secret)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s
"""


async def subscribe(
    tx: Transaction, vault: Vault, event_type: str, target_url: str, template_id: str | None, now: datetime
) -> Subscribed:
    """Subscribe; the same subscription again gives the one that is there. The caller has checked type and address.

    A design of another workspace is a foreign key violation: ask `templates.get` first.
    """
    wanted = {"event_type": event_type, "target_url": target_url, "template_id": template_id}
    secret = secrets.token_bytes(SECRET_BYTES)

    async def attempt(uid: str) -> Subscribed | None:
        sealed = vault.seal(secret, "hooks", tx.workspace, uid)
        made = await tx.one(Hook, _INSERT, uid=uid, secret=sealed, now=now, **wanted)
        if made is not None:
            return Subscribed(made, _text(secret))
        there = await tx.one(Hook, _EXACT, **wanted)
        return None if there is None else Subscribed(there, None)

    return await with_new_uid(attempt)


async def unsubscribe(tx: Transaction, event_type: str, target_url: str, template_id: str | None) -> Hook | None:
    """Remove exactly this subscription with its deliveries; None where there is none."""
    return await tx.one(Hook, _DELETE_EXACT, event_type=event_type, target_url=target_url, template_id=template_id)


async def list_hooks(tx: Transaction) -> list[Hook]:
    """The workspace's subscriptions, newest first."""
    return await tx.all(Hook, _LIST)


async def wanted(tx: Transaction, event_type: str, template_id: str | None) -> bool:
    """Whether an enabled hook asks for an event of a design."""
    return cast("bool", await tx.value(_WANTED, event_type=event_type, template_id=template_id))


async def get(tx: Transaction, uid: str) -> Hook:
    """One subscription. Raises NotFound `hook_not_found`."""
    return _found(await tx.one(Hook, _GET, uid=uid), uid)


async def delete(tx: Transaction, uid: str) -> Hook:
    """Remove a subscription with its deliveries. Raises NotFound `hook_not_found`."""
    return _found(await tx.one(Hook, _DELETE, uid=uid), uid)


async def enable(tx: Transaction, uid: str) -> Hook:
    """Take up a disabled subscription again; it hears of events from now on. Raises NotFound `hook_not_found`."""
    return _found(await tx.one(Hook, _ENABLE, uid=uid), uid)


async def rotate_secret(tx: Transaction, vault: Vault, uid: str, now: datetime) -> str:
    """A new signing secret, shown once; for a day both sign. Raises NotFound `hook_not_found`."""
    secret = secrets.token_bytes(SECRET_BYTES)
    await get(tx, uid)
    # The old one moves to another column as it is: both are bound to the hook, not to the column.
    await tx.execute(_ROTATE, uid=uid, secret=vault.seal(secret, "hooks", tx.workspace, uid), until=now + OVERLAP)
    return _text(secret)


async def signing_secrets(tx: Transaction, vault: Vault, uid: str, now: datetime) -> tuple[str, ...]:
    """The secrets to sign a delivery with, the newest first: two within a day of a rotation. Raises NotFound."""
    found = await tx.one(_Sealed, _SECRETS, uid=uid)
    if found is None:
        raise NotFound.of("hook", uid)
    sealed = [found.secret]
    if found.previous_secret is not None and found.previous_until is not None and now < found.previous_until:
        sealed.append(found.previous_secret)
    return tuple(_text(vault.open(each, "hooks", tx.workspace, uid)) for each in sealed)


def _text(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def _found(hook: Hook | None, uid: str) -> Hook:
    if hook is None:
        raise NotFound.of("hook", uid)
    return hook
