"""A workspace → gone with its designs, media, pictures and everything else, for good."""

from __future__ import annotations

from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.store import workspaces
from tirage.store.errors import Conflict
from tirage.store.keys import Key
from tirage.store.workspaces import Workspace


async def delete_workspace(service: Service, key: Key, uid: str) -> Workspace:
    """Remove a workspace of the key's account.

    Raises NotFound `workspace_not_found`, Conflict `workspace_last` for the only one that the key may touch.
    """
    if key.workspaces == (uid,):
        message = "This is the only workspace of this API key; without one the key could do nothing any more."
        raise Conflict(Problem("workspace_last", message, hint="Create another one first."))
    async with service.database.account(key.account_id) as account:
        gone = await workspaces.delete(account, uid)
    # Every object of a workspace lies below its id, those that no record names too: smaller versions, thumbnails.
    await service.blobs.delete_prefix(f"{uid}/")
    return gone.workspace
