"""An address and an event → a subscription, or the end of exactly that subscription."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from tirage.actions.event_types import EVENT_TYPES
from tirage.actions.find_template import workspace_of_template
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, ResourceProblem, RowProblem, closest
from tirage.store import hooks
from tirage.store.errors import NotFound
from tirage.store.hooks import Subscribed

Answering = Callable[[Transaction, Subscribed], Awaitable[None]]


async def workspace_of_hook(service: Service, workspaces: Collection[str], home: str, template: str | None) -> str:
    """The workspace of a subscription: that of its design. Raises NotFound `template_not_found`."""
    return home if template is None else await workspace_of_template(service, workspaces, template)


async def subscribe_hook(
    service: Service,
    workspace: str,
    event_type: str,
    target_url: str,
    template: str | None,
    answering: Answering | None = None,
) -> Subscribed:
    """Subscribe an address to an event of one design, or of all in the workspace.

    Raises RowProblem `event_type_unknown` or with the `source_…` code of an address that will not do.
    """
    _check_event(event_type)
    try:
        service.fetcher.poster().check(target_url)
    except ResourceProblem as error:
        first = error.problems[0]
        raise RowProblem(Problem(first.code, first.message, "/targetUrl", first.hint)) from None
    async with service.database.workspace(workspace) as tx:
        made = await hooks.subscribe(tx, service.vault, event_type, target_url, template, service.clock.now())
        if answering is not None:
            await answering(tx, made)
        return made


async def unsubscribe_hook(
    service: Service, workspace: str, event_type: str, target_url: str, template: str | None
) -> None:
    """End exactly this subscription. Raises NotFound `hook_not_found`, RowProblem `event_type_unknown`."""
    _check_event(event_type)
    async with service.database.workspace(workspace) as tx:
        if await hooks.unsubscribe(tx, event_type, target_url, template) is None:
            raise NotFound(Problem("hook_not_found", "There is no such subscription."))


def _check_event(event_type: str) -> None:
    if event_type not in EVENT_TYPES:
        near = closest(event_type, EVENT_TYPES)
        message = f"There is no event {event_type[:60]!r}; there is {', '.join(EVENT_TYPES)}."
        raise RowProblem(Problem("event_type_unknown", message, "/eventType", closest=near))
