"""A name → a new workspace, which the key that asked for it may touch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import keys, workspaces
from tirage.store.keys import Key
from tirage.store.workspaces import Workspace

Answering = Callable[[Transaction, Workspace], Awaitable[None]]
"""Called in a transaction of the workspace that the request came from, which commits together with the new one."""


async def create_workspace(
    service: Service, key: Key, home: str, name: str, answering: Answering | None = None
) -> Workspace:
    """A new workspace of the key's account; `home` is the workspace whose repeated requests are remembered."""
    async with service.database.account(key.account_id) as account:
        made = await workspaces.create(account, name, service.clock.now())
        await keys.allow(account, key.id, made.id)
        if answering is not None:
            # From here on the transaction is of the home workspace too: the answer is kept with the work.
            await workspaces.enter(account, home)
            await answering(Transaction(account.connection, workspace=home, account=key.account_id), made)
        return made
