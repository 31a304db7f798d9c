"""`POST /batches/preview`: what a table would be drawn as, before anything is started."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.map_columns import PreviewRow, TablePreview, preview_source
from tirage.api.answers import json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.batch_source import BatchesBody, reading_order
from tirage.api.json_body import Answer
from tirage.api.openapi import answers, body_schema

router = APIRouter(prefix="/batches", tags=["Batches"])


class WireColumn(Answer):
    """A column and what it is probably for; `score` from 0 to 1, `how` the names are alike."""

    name: str
    target: str | None
    score: float
    how: str


class WirePreviewRow(Answer):
    """One of the first rows, with what is wrong or worth knowing about it."""

    row: int
    name: str
    values: dict[str, Any]
    errors: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


class WirePreview(Answer):
    """`mapping` is what `POST /batches` takes; `unfilled` are names of the design for which there is no column."""

    columns: list[WireColumn]
    mapping: dict[str, str | None]
    unfilled: list[str]
    rows: list[WirePreviewRow]


@router.post(
    "/preview",
    response_model=WirePreview,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503, 507),
    openapi_extra=body_schema(BatchesBody),
    summary="Look at a table before it is drawn",
)
async def post_preview(request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> Response:
    """Takes what `POST /batches` takes and starts nothing: columns with a guess for each, the first 20 rows.

    Without a `mapping`, or with `auto`, the rows are bound by the guesses that are good enough.
    """
    service = service_of(request)
    async with reading_order(request, who) as order:
        who.require_template(order.template_id)
        design = await designs_of(request).locate(service, order.template_id, who.key.workspaces, who.workspace)
        await order.check_against([design])
        try:
            found = await preview_source(service, design, order.source)
        finally:
            await order.drop()
    return json_answer(WirePreview(**preview_members(found)))


def preview_members(found: TablePreview) -> dict[str, Any]:
    """What is said of a table's columns and first rows."""
    return {
        "columns": [
            WireColumn(name=each.column, target=each.target, score=each.score, how=each.how) for each in found.columns
        ],
        "mapping": dict(found.mapping),
        "unfilled": list(found.unfilled),
        "rows": [_row(each) for each in found.rows],
    }


def _row(row: PreviewRow) -> WirePreviewRow:
    return WirePreviewRow(
        row=row.number,
        name=row.name,
        values=dict(row.values),
        errors=[each.as_dict() for each in row.problems],
        warnings=[
            {key: value for key, value in asdict(each).items() if value not in (None, "")} for each in row.warnings
        ],
    )
