"""API keys: created and shown once, found by their hash, bounded by scopes, designs and workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, LiteralString

from tirage.db.connect import Database, Transaction
from tirage.engine.errors import Problem
from tirage.ids import ApiKey, KeyMode, hash_key, new_key, verify_key_format
from tirage.store.errors import Conflict, Invalid, NotFound
from tirage.store.unique import with_new_uid

Scope = Literal["render", "read", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("render", "read", "write", "admin")

TOUCH_EVERY = timedelta(minutes=1)
"""How exact the time of the last use is: a write per request would cost more than the request."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret; `workspaces` are those it may touch, oldest first, `templates` None means all."""

    id: str
    account_id: str
    name: str
    mode: KeyMode
    ending: str
    scopes: tuple[Scope, ...]
    templates: tuple[str, ...] | None
    workspaces: tuple[str, ...]
    default_workspace_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def allows(self, scope: Scope) -> bool:
        """Whether the key has a scope. `admin` has all of them; the others say exactly what they say."""
        return scope in self.scopes or "admin" in self.scopes

    def allows_template(self, template: str) -> bool:
        """Whether the key may use a design of its workspaces."""
        return self.templates is None or template in self.templates

    def valid(self, now: datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def workspace(self) -> str | None:
        """The workspace of requests that name none: the default one, or the oldest left when that was deleted."""
        if self.default_workspace_id in self.workspaces:
            return self.default_workspace_id
        return self.workspaces[0] if self.workspaces else None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key with its text, which nothing can show again."""

    key: Key
    secret: ApiKey


_COLUMNS: LiteralString = """
    api_keys.id, api_keys.account_id, api_keys.name, mode, ending, scopes, templates,
    ARRAY(
        SELECT workspaces.id FROM api_key_workspaces JOIN workspaces ON workspaces.id = workspace_id
        WHERE key_id = api_keys.id ORDER BY workspaces.created_at, workspaces.id
    ) AS workspaces,
    default_workspace_id, api_keys.created_at, expires_at, revoked_at, last_used_at
"""
_INSERT: LiteralString = """
INSERT INTO api_keys
    (id, account_id, name, hash, mode, ending, scopes, templates, default_workspace_id, created_at, expires_at)
VALUES
    (%(uid)s, %(account)s, %(name)s, %(hash)s, %(mode)s, %(ending)s, %(scopes)s, %(templates)s, %(default)s, %(now)s,
     %(expires_at)s)
ON CONFLICT (id) DO NOTHING
RETURNING id
"""
_ALLOW: LiteralString = """
INSERT INTO api_key_workspaces (key_id, workspace_id, account_id)
SELECT %(uid)s, id, account_id FROM workspaces WHERE account_id = %(account)s AND id = ANY(%(workspaces)s)
ON CONFLICT DO NOTHING
"""
_OWN_WORKSPACES: LiteralString = """
SELECT count(*) FROM workspaces WHERE account_id = %(account)s AND id = ANY(%(workspaces)s)
"""
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM api_keys WHERE account_id = %(account)s AND api_keys.id = %(uid)s"
_LIST: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM api_keys
WHERE account_id = %(account)s
ORDER BY created_at DESC, id DESC
"""
)
_FIND: LiteralString = "SELECT " + _COLUMNS + " FROM api_keys WHERE hash = %(hash)s"
_HASH_TAKEN: LiteralString = "SELECT EXISTS (SELECT FROM api_keys WHERE hash = %(hash)s)"
_TOUCH: LiteralString = """
UPDATE api_keys SET last_used_at = %(now)s
WHERE id = %(uid)s AND (last_used_at IS NULL OR last_used_at <= %(before)s)
"""
_REVOKE: LiteralString = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, %(now)s)
WHERE account_id = %(account)s AND id = %(uid)s
"""
_EXPIRE: LiteralString = """
UPDATE api_keys SET expires_at = %(at)s
WHERE account_id = %(account)s AND id = %(uid)s
"""


async def create(
    account: Transaction,
    name: str,
    *,
    workspaces: tuple[str, ...],
    scopes: tuple[Scope, ...],
    now: datetime,
    default: str | None = None,
    templates: tuple[str, ...] | None = None,
    mode: KeyMode = "live",
    expires_at: datetime | None = None,
    secret: ApiKey | None = None,
) -> CreatedKey:
    """A new key of the account; the first of `workspaces` is the default one. `secret` is a key chosen outside.

    Raises NotFound `workspace_not_found` where the account has not all of the workspaces, Invalid `key_scopes` or
    `key_workspaces`, Conflict `key_exists` for a chosen secret that is stored already. In a transaction of the account.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid(Problem("key_scopes", f"A key has one or more of the scopes {', '.join(SCOPES)}.", "/scopes"))
    default = default or (workspaces[0] if workspaces else None)
    if default is None or default not in workspaces:
        raise Invalid(Problem("key_workspaces", "A key has one or more workspaces, and its default is one of them."))
    await _require_own(account, workspaces)
    chosen = secret or new_key(mode)
    if secret is not None and await account.value(_HASH_TAKEN, hash=secret.hash):
        raise Conflict(Problem("key_exists", "This key is stored already."))
    uid = await with_new_uid(
        lambda uid: account.value(
            _INSERT,
            uid=uid,
            name=name,
            hash=chosen.hash,
            mode=chosen.mode,
            ending=chosen.ending,
            scopes=list(scopes),
            templates=None if templates is None else list(templates),
            default=default,
            now=now,
            expires_at=expires_at,
        )
    )
    await account.execute(_ALLOW, uid=uid, workspaces=list(workspaces))
    return CreatedKey(await get(account, uid), chosen)


async def allow(account: Transaction, uid: str, workspace: str) -> None:
    """Let a key touch one more workspace of its account. Raises NotFound. In a transaction of the account."""
    await get(account, uid)
    await _require_own(account, (workspace,))
    await account.execute(_ALLOW, uid=uid, workspaces=[workspace])


async def get(account: Transaction, uid: str) -> Key:
    """One key. Raises NotFound `key_not_found`. In a transaction of the account."""
    key = await account.one(Key, _GET, uid=uid)
    if key is None:
        raise NotFound.of("key", uid)
    return key


async def list_keys(account: Transaction) -> list[Key]:
    """The account's keys, newest first, revoked and expired ones too. In a transaction of the account."""
    return await account.all(Key, _LIST)


async def revoke(account: Transaction, uid: str, now: datetime) -> None:
    """End a key for good; a second time changes nothing. Raises NotFound. In a transaction of the account."""
    if not await account.execute(_REVOKE, uid=uid, now=now):
        raise NotFound.of("key", uid)


async def expire(account: Transaction, uid: str, at: datetime | None) -> None:
    """Set when a key ends (the overlap of a rotation), None for never. Raises NotFound. In an account's transaction."""
    if not await account.execute(_EXPIRE, uid=uid, at=at):
        raise NotFound.of("key", uid)


async def authenticate(database: Database, text: str, now: datetime) -> Key | None:
    """The valid key with this text, its use noted; None for one malformed, unknown, revoked or expired.

    A text with a wrong form or checksum costs no query.
    """
    if not verify_key_format(text):
        return None
    key = await database.look_system(Key, _FIND, hash=hash_key(text))
    if key is None or not key.valid(now):
        return None
    if key.last_used_at is None or key.last_used_at <= now - TOUCH_EVERY:
        async with database.system() as system:
            await system.execute(_TOUCH, uid=key.id, now=now, before=now - TOUCH_EVERY)
    return key


async def find(system: Transaction, hash_: bytes) -> Key | None:
    """The key with this hash, valid or not. In a transaction of the system: the key says whose it is."""
    return await system.one(Key, _FIND, hash=hash_)


async def _require_own(account: Transaction, workspaces: tuple[str, ...]) -> None:
    owned = await account.value(_OWN_WORKSPACES, workspaces=list(workspaces))
    if owned != len(set(workspaces)):
        raise NotFound.of("workspace", ", ".join(workspaces))
