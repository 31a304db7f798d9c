"""A template document → a new design of a workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tirage.actions.template_answer import new_document
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import templates
from tirage.store.templates import TemplateRecord

Answering = Callable[[Transaction, TemplateRecord], Awaitable[None]]
"""Called at the end of the transaction that records the work, to keep its answer with it."""


async def create_template(
    service: Service, workspace: str, document: bytes, answering: Answering | None = None
) -> TemplateRecord:
    """Store a design, version 1. Raises TemplateProblem with every problem of the document."""
    new = new_document(document)
    async with service.database.workspace(workspace) as tx:
        record = await templates.create(tx, new, service.clock.now())
        if answering is not None:
            await answering(tx, record)
        return record
