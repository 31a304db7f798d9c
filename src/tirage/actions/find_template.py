"""A design's id → its record, in whichever of a key's workspaces it lies."""

from __future__ import annotations

from collections.abc import Collection

from tirage.context import Service
from tirage.store import templates
from tirage.store.errors import NotFound


async def workspace_of_template(service: Service, workspaces: Collection[str], uid: str) -> str:
    """The workspace of a design. Raises NotFound `template_not_found`, also for one of somebody else."""
    async with service.database.system() as system:
        found = await templates.find_public(system, uid)
    if found is None or found.workspace_id not in workspaces:
        raise NotFound.of("template", uid)
    return found.workspace_id
