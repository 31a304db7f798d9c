"""A workspace → the same under another name."""

from __future__ import annotations

from tirage.context import Service
from tirage.store import workspaces
from tirage.store.keys import Key
from tirage.store.workspaces import Workspace


async def rename_workspace(service: Service, key: Key, uid: str, name: str) -> Workspace:
    """The workspace under its new name. Raises NotFound `workspace_not_found`."""
    async with service.database.account(key.account_id) as account:
        return await workspaces.rename(account, uid, name, service.clock.now())
