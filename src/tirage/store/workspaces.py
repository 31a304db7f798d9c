"""Workspaces: list, create, rename, delete with everything inside; and each one's settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, LiteralString, cast

from tirage.db.connect import Transaction
from tirage.store.errors import NotFound
from tirage.store.unique import with_new_uid

LinkPolicy = Literal["off", "signed", "open"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace of an account."""

    id: str
    account_id: str
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """What holds for all designs of a workspace: origins for CORS, who may use links, whether unknown layers fail."""

    cors_origins: tuple[str, ...] = ()
    link_policy: LinkPolicy = "signed"
    strict: bool = False


@dataclass(frozen=True, slots=True)
class DeletedWorkspace:
    """A workspace that is gone, and the objects in storage that nothing names any more."""

    workspace: Workspace
    blob_keys: tuple[str, ...]


_COLUMNS: LiteralString = "id, account_id, name, created_at, updated_at"

_LIST: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM workspaces
WHERE account_id = %(account)s AND id = ANY(%(only)s)
ORDER BY created_at DESC, id DESC
"""
)
_LIST_ALL: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM workspaces
WHERE account_id = %(account)s
ORDER BY created_at DESC, id DESC
"""
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM workspaces WHERE account_id = %(account)s AND id = %(uid)s"
_INSERT: LiteralString = (
    """
INSERT INTO workspaces (id, account_id, name, created_at, updated_at)
VALUES (%(uid)s, %(account)s, %(name)s, %(now)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING """
    + _COLUMNS
    + """
"""
)
_RENAME: LiteralString = (
    """
UPDATE workspaces SET name = %(name)s, updated_at = %(now)s
WHERE account_id = %(account)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
_DELETE: LiteralString = (
    """
DELETE FROM workspaces WHERE account_id = %(account)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
# Locked first, so that no picture can be inserted between the list of objects and the deletion.
_LOCK: LiteralString = "SELECT id FROM workspaces WHERE account_id = %(account)s AND id = %(uid)s FOR UPDATE"
_BLOB_KEYS: LiteralString = """
SELECT blob_key FROM images WHERE workspace_id = %(workspace)s
UNION
SELECT blob_key FROM assets WHERE workspace_id = %(workspace)s AND blob_key IS NOT NULL
UNION
SELECT blob_key FROM fonts WHERE workspace_id = %(workspace)s
ORDER BY 1
"""
_ENTER: LiteralString = "SELECT set_config('tirage.workspace', %(workspace)s, true)"

_SETTINGS: LiteralString = """
SELECT cors_origins, link_policy, strict FROM workspace_settings WHERE workspace_id = %(workspace)s
"""
_CHANGE_SETTINGS: LiteralString = """
INSERT INTO workspace_settings (workspace_id, cors_origins, link_policy, strict, updated_at)
VALUES (%(workspace)s, %(cors_origins)s, %(link_policy)s, %(strict)s, %(now)s)
ON CONFLICT (workspace_id) DO UPDATE
SET cors_origins = excluded.cors_origins, link_policy = excluded.link_policy, strict = excluded.strict,
    updated_at = excluded.updated_at
"""
_ORIGIN_LISTED: LiteralString = "SELECT EXISTS (SELECT FROM workspace_settings WHERE %(origin)s = ANY(cors_origins))"


async def list_workspaces(account: Transaction, only: tuple[str, ...] | None = None) -> list[Workspace]:
    """The account's workspaces, newest first; `only` those a key may touch. In a transaction of the account."""
    if only is None:
        return await account.all(Workspace, _LIST_ALL)
    return await account.all(Workspace, _LIST, only=list(only))


async def get(account: Transaction, uid: str) -> Workspace:
    """One workspace of the account. Raises NotFound `workspace_not_found`. In a transaction of the account."""
    return _found(await account.one(Workspace, _GET, uid=uid), uid)


async def create(account: Transaction, name: str, now: datetime) -> Workspace:
    """A new workspace. Add it to the key that asked for it (`keys.allow`). In a transaction of the account."""
    return await with_new_uid(lambda uid: account.one(Workspace, _INSERT, uid=uid, name=name, now=now))


async def rename(account: Transaction, uid: str, name: str, now: datetime) -> Workspace:
    """The workspace under its new name. Raises NotFound. In a transaction of the account."""
    return _found(await account.one(Workspace, _RENAME, uid=uid, name=name, now=now), uid)


async def delete(account: Transaction, uid: str) -> DeletedWorkspace:
    """Remove a workspace with everything inside, for good; the objects named are the caller's to delete after commit.

    Raises NotFound. In a transaction of the account; afterwards that transaction is of the deleted workspace too.
    """
    if await account.value(_LOCK, uid=uid) is None:
        raise NotFound.of("workspace", uid)
    # The account sees nothing inside a workspace: its rows are read as that workspace, which the lock showed to be its.
    await account.execute(_ENTER, workspace=uid)
    keys = await account.values(_BLOB_KEYS, workspace=uid)
    gone = _found(await account.one(Workspace, _DELETE, uid=uid), uid)
    return DeletedWorkspace(gone, tuple(keys))


async def enter(account: Transaction, uid: str) -> None:
    """Make a transaction of an account one of a workspace too, which the caller knows to be the account's."""
    await account.execute(_ENTER, workspace=uid)


async def settings(tx: Transaction) -> WorkspaceSettings:
    """The workspace's settings, or those of a new one."""
    return await tx.one(WorkspaceSettings, _SETTINGS) or WorkspaceSettings()


async def change_settings(tx: Transaction, new: WorkspaceSettings, now: datetime) -> None:
    """Replace the workspace's settings."""
    await tx.execute(
        _CHANGE_SETTINGS,
        cors_origins=list(new.cors_origins),
        link_policy=new.link_policy,
        strict=new.strict,
        now=now,
    )


async def origin_listed(system: Transaction, origin: str) -> bool:
    """Whether any workspace lists this origin. In a transaction of the system: a preflight request bears no key."""
    return cast("bool", await system.value(_ORIGIN_LISTED, origin=origin))


def _found(workspace: Workspace | None, uid: str) -> Workspace:
    if workspace is None:
        raise NotFound.of("workspace", uid)
    return workspace
