"""A design's id → gone with its versions, hooks and thumbnails; its pictures stay."""

from __future__ import annotations

from tirage.context import Service
from tirage.store import templates


async def delete_template(service: Service, workspace: str, uid: str) -> None:
    """Remove a design for good. Raises NotFound `template_not_found`, StorageProblem."""
    async with service.database.workspace(workspace) as tx:
        gone = await templates.delete(tx, uid)
    await service.blobs.delete_prefix(f"{workspace}/templates/{gone.id}/")
