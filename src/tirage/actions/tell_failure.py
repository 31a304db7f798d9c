"""A request whose picture could not be made → an event for the hooks that ask for such."""

from __future__ import annotations

import orjson

from tirage.actions.event_types import IMAGE_FAILED
from tirage.actions.keep_pictures import Asked
from tirage.actions.open_design import Design
from tirage.actions.picture_answer import timestamp
from tirage.context import Service
from tirage.engine.errors import RenderProblem, TirageError
from tirage.ids import new_uid
from tirage.store import events, hooks

_MOST = 20
"""Problems that an event tells at most."""


async def tell_failure(service: Service, design: Design, asked: Asked, format: str, error: TirageError) -> None:
    """Record the event, where a hook wants it; a request that was turned away for want of room is none.

    Raises DatabaseUnavailable.
    """
    if isinstance(error, RenderProblem) and error.retryable:
        return
    now = service.clock.now()
    async with service.database.workspace(design.workspace) as tx:
        if not await hooks.wanted(tx, IMAGE_FAILED, design.id):
            return
        said = {
            "id": new_uid(),
            "templateId": design.id,
            "status": "failed",
            "format": format,
            "metadata": asked.metadata,
            "createdAt": timestamp(now),
            "code": error.code,
            "message": error.problems[0].message,
            "errors": [each.as_dict() for each in error.problems[:_MOST]],
        }
        await events.enqueue(tx, IMAGE_FAILED, orjson.dumps(said).decode(), now, template_id=design.id)
