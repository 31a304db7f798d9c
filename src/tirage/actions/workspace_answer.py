"""A workspace's record → what the wire says of it."""

from __future__ import annotations

from typing import Literal

from tirage.actions.picture_answer import Wire, timestamp
from tirage.store.keys import Key
from tirage.store.workspaces import Workspace


class WireWorkspace(Wire):
    """A workspace: designs, pictures, media and webhooks of one purpose or customer."""

    id: str
    name: str
    member_role: Literal["admin", "member"]
    date_created: str
    date_updated: str


def workspace_answer(workspace: Workspace, key: Key) -> WireWorkspace:
    """A record as the wire tells it to the holder of a key: an admin is who may create, change and delete."""
    return WireWorkspace(
        id=workspace.id,
        name=workspace.name,
        member_role="admin" if key.allows("admin") else "member",
        date_created=timestamp(workspace.created_at),
        date_updated=timestamp(workspace.updated_at),
    )
