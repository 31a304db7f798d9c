"""A template document → the next version of a design."""

from __future__ import annotations

from tirage.actions.template_answer import new_document
from tirage.context import Service
from tirage.store import templates
from tirage.store.templates import TemplateRecord


async def replace_template(
    service: Service, workspace: str, uid: str, document: bytes, *, expected: int | None
) -> TemplateRecord:
    """Store a design's next version; `expected` is the version that the caller has seen, None for whichever it is.

    Raises TemplateProblem, NotFound `template_not_found`, Conflict `version_conflict`.
    """
    new = new_document(document)
    async with service.database.workspace(workspace) as tx:
        return await templates.replace(tx, uid, new, service.clock.now(), expected=expected)
