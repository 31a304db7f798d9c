"""`/batches`: a table over a design, its progress, its rows, and what moves it on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from tirage.actions.start_batch import start_batch
from tirage.actions.steer_batch import cancel_batch, pause_batch, resume_batch, retry_batch
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.batch_source import BatchesBody, reading_order
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Answer
from tirage.api.openapi import answers, body_schema
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import batches
from tirage.store.batches import Batch, BatchRow, State

router = APIRouter(prefix="/batches", tags=["Batches"])
Reader = Annotated[Caller, Depends(caller("read"))]
Renderer = Annotated[Caller, Depends(caller("render"))]
FIRST_ERRORS = 10


class WireCounts(Answer):
    """Rows by state; `done`, `failed` and `pending` add up to `total`."""

    total: int
    done: int
    failed: int
    pending: int


class WireRow(Answer):
    """A row: its picture with the file name that the batch's pattern gives it, or its problem."""

    row: int
    state: str
    name: str | None = None
    image_url: str | None = None
    sha256: str | None = None
    error: dict[str, Any] | None = None


class WireBatch(Answer):
    """A batch. `rate` in rows per second since it began, `estimate` in seconds that remain."""

    id: str
    template_id: str
    format: str
    state: State
    counts: WireCounts
    rate: float | None
    estimate: float | None
    created_at: datetime
    finished_at: datetime | None
    errors: list[WireRow]
    error: dict[str, Any] | None


class WireRows(Answer):
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

    Rows are drawn by `tirage worker` processes; without one running the batch stays queued.
    """
    service = service_of(request)
    async with reading_order(request, who) as order:
        who.require_template(order.template_id)
        design = await designs_of(request).locate(service, order.template_id, who.key.workspaces, who.workspace)
        order.check_against(design)
        once = await begin_once(request, design.workspace, "POST /batches", content=order.identity)
        if once.replay is not None:
            await order.drop()
            return once.replay
        said: list[Response] = []

        async def answering(tx: Transaction, made: Batch) -> None:
            said.append(json_answer(_wire(service, made, []), 202))
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
    return json_answer(WireRows(rows=[_row(service, each) for each in shown], next=more))


@router.post("/{uid}/{verb}", response_model=WireBatch, responses=answers(401, 403, 404, 409, 503), summary="Steer")
async def steer(
    uid: str, verb: Literal["pause", "resume", "cancel", "retry"], request: Request, who: Renderer
) -> Response:
    """Pause, resume or cancel a batch, or draw its failed rows once more."""
    any_template(who)
    service = service_of(request)
    act = {"pause": pause_batch, "resume": resume_batch, "cancel": cancel_batch, "retry": retry_batch}[verb]
    batch = await act(service, asked_workspace(request, who), uid)
    return json_answer(_wire(service, batch, []))


def _wire(service: Service, batch: Batch, failed: list[BatchRow]) -> WireBatch:
    ended = batch.done + batch.failed
    pending = batch.total - ended
    rate = None
    if batch.started_at is not None:
        seconds = ((batch.finished_at or service.clock.now()) - batch.started_at).total_seconds()
        rate = round(ended / seconds, 2) if seconds > 0 and ended else None
    return WireBatch(
        id=batch.id,
        template_id=batch.template_id,
        format=batch.format,
        state=batch.state,
        counts=WireCounts(total=batch.total, done=batch.done, failed=batch.failed, pending=pending),
        rate=rate,
        estimate=round(pending / rate, 1) if rate and batch.state == "running" else None,
        created_at=batch.created_at,
        finished_at=batch.finished_at,
        errors=[_row(service, each) for each in failed],
        error=orjson.loads(batch.problem) if batch.problem else None,
    )


def _row(service: Service, row: BatchRow) -> WireRow:
    url = f"{service.public_url}/images/{row.path_folder}/{row.path_name}.{row.extension}" if row.path_folder else None
    return WireRow(
        row=row.number,
        state=row.state,
        name=f"{row.name}.{row.extension}" if row.name and row.extension else None,
        image_url=url,
        sha256=row.sha256.hex() if row.sha256 else None,
        error=orjson.loads(row.problem) if row.problem else None,
    )
