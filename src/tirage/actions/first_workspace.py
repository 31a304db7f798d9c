"""A fresh installation → its first account, workspace, key, and the starter templates as designs ready to be called."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from tirage import starters
from tirage.clock import Clock
from tirage.db.connect import Database
from tirage.engine.errors import Problem
from tirage.engine.parse import parse
from tirage.ids import ApiKey, read_key
from tirage.store import accounts, keys, templates, workspaces
from tirage.store.accounts import Account
from tirage.store.errors import Invalid
from tirage.store.keys import SCOPES, CreatedKey, Key, Scope
from tirage.store.templates import NewDocument
from tirage.store.workspaces import Workspace

ACCOUNT_NAME = "Owner"
WORKSPACE_NAME = "Main"
KEY_NAME = "first key"
_LOCK = 0x7469_7261_6731
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".svg")


@dataclass(frozen=True, slots=True)
class FirstWorkspace:
    """What a fresh installation was given; `key` holds the text that nothing shows again."""

    account: Account
    workspace: Workspace
    key: CreatedKey
    designs: Mapping[str, str]
    """Designs' ids by the starters' names."""


async def first_workspace(database: Database, clock: Clock, bootstrap_key: str = "") -> FirstWorkspace | None:
    """Set a fresh installation up; None where that was done. Takes two connections.

    What an interrupted first start has left is made anew. Raises Invalid `bootstrap_key_invalid`, Conflict
    `key_exists`.
    """
    secret = _chosen(bootstrap_key)
    now = clock.now()
    async with database.system() as turn:
        # Of several processes that start at once on a fresh database one sets it up, and the others find it done.
        await turn.execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_LOCK)
        async with database.system() as system:
            account = await accounts.oldest(system) or await accounts.create(system, ACCOUNT_NAME, now)
        async with database.account(account.id) as owner:
            # The key comes last: without one nobody has used the installation, and its text was not shown yet.
            if await keys.list_keys(owner):
                return None
            for half in await workspaces.list_workspaces(owner):
                await workspaces.delete(owner, half.id)
            workspace = await workspaces.create(owner, WORKSPACE_NAME, now)
        designs = {name: await _add(database, workspace.id, name, now) for name in reversed(starters.names())}
        async with database.account(account.id) as owner:
            key = await keys.create(owner, KEY_NAME, workspaces=(workspace.id,), scopes=SCOPES, now=now, secret=secret)
    return FirstWorkspace(account, workspace, key, designs)


async def create_key(
    database: Database,
    clock: Clock,
    name: str,
    scopes: tuple[Scope, ...],
    *,
    expires_at: datetime | None = None,
    only: tuple[str, ...] = (),
    designs: tuple[str, ...] = (),
) -> CreatedKey:
    """A key of the first account, for all its workspaces or `only` some, and for some of their `designs`.

    Raises Invalid `installation_empty`, `key_scopes`, NotFound `workspace_not_found`.
    """
    account = await _first_account(database)
    async with database.account(account.id) as owner:
        found = await workspaces.list_workspaces(owner)
        return await keys.create(
            owner,
            name,
            workspaces=only or tuple(each.id for each in reversed(found)),
            scopes=scopes,
            now=clock.now(),
            templates=designs or None,
            expires_at=expires_at,
        )


async def list_keys(database: Database) -> list[Key]:
    """The keys of the first account, newest first. Raises Invalid `installation_empty`."""
    account = await _first_account(database)
    async with database.account(account.id) as owner:
        return await keys.list_keys(owner)


async def revoke_key(database: Database, clock: Clock, uid: str) -> Key:
    """End a key for good; running processes refuse it within seconds. Raises NotFound `key_not_found`."""
    account = await _first_account(database)
    async with database.account(account.id) as owner:
        await keys.revoke(owner, uid, clock.now())
        return await keys.get(owner, uid)


async def _first_account(database: Database) -> Account:
    async with database.system() as system:
        account = await accounts.oldest(system)
    if account is None:
        raise Invalid(
            Problem("installation_empty", "There is no workspace yet.", hint="Start the service once: tirage serve")
        )
    return account


def starter_document(name: str) -> bytes:
    """A starter as one document: the pictures beside it become `data:` URLs, since a service reads no files."""
    path = starters.path(name)
    return orjson.dumps(_embedded(orjson.loads(path.read_bytes()), path.parent))


async def _add(database: Database, workspace: str, name: str, now: datetime) -> str:
    document = starter_document(name)
    template = parse(document)
    new = NewDocument(template.name, document.decode(), bytes.fromhex(template.digest))
    async with database.workspace(workspace) as tx:
        return (await templates.create(tx, new, now)).id


def _embedded(value: Any, folder: Path) -> Any:
    """The JSON value with every path of a picture in the folder replaced by the picture."""
    if isinstance(value, dict):
        return {key: _embedded(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_embedded(each, folder) for each in value]
    if isinstance(value, str) and value.lower().endswith(_PICTURES) and ":" not in value and (folder / value).is_file():
        media_type = mimetypes.guess_type(value)[0] or "application/octet-stream"
        return f"data:{media_type};base64,{base64.b64encode((folder / value).read_bytes()).decode()}"
    return value


def _chosen(text: str) -> ApiKey | None:
    if not text:
        return None
    key = read_key(text)
    if key is None:
        raise Invalid(
            Problem(
                "bootstrap_key_invalid",
                "TIRAGE_BOOTSTRAP_KEY is not an API key of the right form and checksum.",
                hint="Make one with: python -c 'from tirage.ids import new_key; print(new_key().text)'",
            )
        )
    return key
