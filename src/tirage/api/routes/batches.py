"""`/batches`: a table over a design, its progress, its rows, and what moves it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from tirage.actions.batch_answer import WireBatch, WireRow, batch_answer, row_answer
from tirage.actions.end_batch import FIRST_ERRORS
from tirage.actions.picture_answer import Wire
from tirage.actions.start_batch import start_batch
from tirage.actions.steer_batch import cancel_batch, pause_batch, resume_batch, retry_batch
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.batch_source import BatchesBody, reading_order
from tirage.api.idempotent import begin_once
from tirage.api.openapi import answers, body_schema
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import batches
from tirage.store.batches import Batch, BatchRow

router = APIRouter(prefix="/batches", tags=["Batches"])
Reader = Annotated[Caller, Depends(caller("read"))]
Renderer = Annotated[Caller, Depends(caller("render"))]


class WireRows(Wire):
    """One page of rows, in their order; `next` is the cursor of the next page."""

    rows: list[WireRow]
    next: str | None


@router.post(
    "",
    status_code=202,
    response_model=WireBatch,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    openapi_extra=body_schema(BatchesBody),
    summary="Start a batch",
)
async def post_batch(request: Request, who: Renderer) -> Response:
    """Queue one picture per row: JSON rows, or a table as the part `file` of a form with `templateId` and `format`.

    Rows are drawn by the service's own worker and by every `tirage worker`; where neither runs the batch stays queued.
    """
    service = service_of(request)
    async with reading_order(request, who) as order:
        who.require_template(order.template_id)
        design = await designs_of(request).locate(service, order.template_id, who.key.workspaces, who.workspace)
        await order.check_against(design)
        once = await begin_once(request, design.workspace, "POST /batches", content=order.identity)
        if once.replay is not None:
            await order.drop()
            return once.replay
        said: list[Response] = []

        async def answering(tx: Transaction, made: Batch) -> None:
            said.append(json_answer(_wire(service, made), 202))
            await once.record(tx, said[0])

        async with once.guarded():
            await order.move_to(design.workspace)
            await start_batch(service, design, order.source, order.format, answering)
    return said[0]


@router.get("/{uid}", response_model=WireBatch, responses=answers(401, 403, 404, 503), summary="Look at a batch")
async def get_batch(uid: str, request: Request, who: Reader) -> Response:
    """State, counts, rate, estimate and the first errors."""
    any_template(who)
    service = service_of(request)
    async with service.database.workspace(asked_workspace(request, who)) as tx:
        batch = await batches.get(tx, uid)
        failed = await batches.rows(tx, uid, "failed", 0, FIRST_ERRORS) if batch.failed else []
    return json_answer(_wire(service, batch, failed))


@router.get("/{uid}/rows", response_model=WireRows, responses=answers(401, 403, 404, 422, 503), summary="List rows")
async def get_rows(
    uid: str,
    request: Request,
    who: Reader,
    state: Literal["pending", "done", "failed"] | None = None,
    cursor: Annotated[int, Query(ge=0, le=2**31 - 1, description="The `next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """Rows by number; pages do not shift while rows finish."""
    any_template(who)
    service = service_of(request)
    async with service.database.workspace(asked_workspace(request, who)) as tx:
        await batches.get(tx, uid)
        found = await batches.rows(tx, uid, state, cursor, limit + 1)
    shown = found[:limit]
    more = str(shown[-1].number) if len(found) > limit else None
    return json_answer(WireRows(rows=[row_answer(service.public_url, each) for each in shown], next=more))


@router.post("/{uid}/{verb}", response_model=WireBatch, responses=answers(401, 403, 404, 409, 503), summary="Steer")
async def steer(
    uid: str, verb: Literal["pause", "resume", "cancel", "retry"], request: Request, who: Renderer
) -> Response:
    """Pause, resume or cancel a batch, or draw its failed rows once more."""
    any_template(who)
    service = service_of(request)
    act = {"pause": pause_batch, "resume": resume_batch, "cancel": cancel_batch, "retry": retry_batch}[verb]
    batch = await act(service, asked_workspace(request, who), uid)
    return json_answer(_wire(service, batch))


def _wire(service: Service, batch: Batch, failed: Sequence[BatchRow] = ()) -> WireBatch:
    return batch_answer(service.public_url, batch, service.clock.now(), failed)
