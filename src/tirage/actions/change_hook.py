"""A subscription's id → deleted, enabled again, signed with another secret, or its events delivered once more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.store import deliveries, hooks
from tirage.store.errors import Conflict, NotFound
from tirage.store.hooks import Hook


async def find_hook(service: Service, workspaces: Collection[str], uid: str) -> Hook:
    """A subscription in any of a key's workspaces. Raises NotFound `hook_not_found`."""
    for workspace in workspaces:
        async with service.database.workspace(workspace) as tx:
            try:
                return await hooks.get(tx, uid)
            except NotFound:
                continue
    raise NotFound.of("hook", uid)


async def delete_hook(service: Service, hook: Hook) -> None:
    """Remove a subscription with its deliveries. Raises NotFound `hook_not_found`."""
    async with service.database.workspace(hook.workspace_id) as tx:
        await hooks.delete(tx, hook.id)


async def enable_hook(service: Service, hook: Hook) -> Hook:
    """Take a disabled subscription up again; what it missed is there to be replayed. Raises NotFound."""
    async with service.database.workspace(hook.workspace_id) as tx:
        return await hooks.enable(tx, hook.id)


async def rotate_secret(service: Service, hook: Hook) -> str:
    """A new secret; for a day deliveries carry a signature of the old one too. Raises NotFound."""
    async with service.database.workspace(hook.workspace_id) as tx:
        return await hooks.rotate_secret(tx, service.vault, hook.id, service.clock.now())


async def replay_hook(
    service: Service,
    hook: Hook,
    *,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Deliver one event, or those of a time range, once more under their old ids; how many.

    Raises Conflict `hook_disabled`.
    """
    if hook.disabled_at is not None:
        raise Conflict(Problem("hook_disabled", f"The hook {hook.id} is disabled.", hint="Enable it first."))
    async with service.database.workspace(hook.workspace_id) as tx:
        return await deliveries.replay(tx, hook.id, service.clock.now(), event=event, since=since, until=until)
