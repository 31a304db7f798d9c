"""`/batches`: a table over a design, its progress, its rows, and what moves it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from tirage.actions.batch_answer import WireBatch, WireRow, batch_answer, row_answer
from tirage.actions.dry_run_batch import Checked, dry_run
from tirage.actions.end_batch import FIRST_ERRORS
from tirage.actions.map_columns import TablePreview
from tirage.actions.picture_answer import Wire
from tirage.actions.ranking import ranking_as_json
from tirage.actions.start_batch import start_batch
from tirage.actions.steer_batch import cancel_batch, pause_batch, resume_batch, retry_batch
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.batch_source import BatchesBody, reading_order
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Answer
from tirage.api.openapi import answers, body_schema
from tirage.api.routes.sources import WirePreview, preview_members
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


class WireCheck(Answer):
    """What was found of the first rows in one size of one design: a report as `tirage check --json` gives it."""

    template_id: str
    size: str
    report: dict[str, Any]


class WireDryRun(WirePreview):
    """What would be drawn: the columns, the first rows, and a check for every size of every design."""

    ok: bool
    checked_rows: int
    checks: list[WireCheck]


@router.post(
    "",
    status_code=202,
    response_model=WireBatch,
    responses={
        200: {"model": WireDryRun, "description": "A dry run"},
        **answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    },
    openapi_extra=body_schema(BatchesBody),
    summary="Start a batch",
)
async def post_batch(request: Request, who: Renderer) -> Response:
    """Queue one picture per row: JSON rows, or a table as the part `file` of a form with `templateId` and `format`.

    Rows are drawn by the service's own worker and by every `tirage worker`; where neither runs the batch stays queued.
    With `dryRun` the answer is 200: the columns with a guess for each, and a check of the first rows as they would be
    drawn; nothing is started.
    """
    service = service_of(request)
    async with reading_order(request, who) as order:
        designs = []
        for uid in order.template_ids:
            who.require_template(uid)
            designs.append(await designs_of(request).locate(service, uid, who.key.workspaces, who.workspace))
        design = designs[0]
        wanted = await order.check_against(designs)
        if order.fields.dry_run:
            try:
                by_id = {each.id: each for each in designs}
                found, checks = await dry_run(service, [(each, by_id[each.template]) for each in wanted], order.source)
            finally:
                await order.drop()
            return json_answer(_dry(found, checks))
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


def _dry(found: TablePreview, checks: Sequence[Checked]) -> WireDryRun:
    told = [
        WireCheck(template_id=each.template, size=each.size, report=ranking_as_json(each.ranking)) for each in checks
    ]
    ok = all(each.report["ok"] for each in told)
    rows = max((each.ranking.rows for each in checks), default=0)
    return WireDryRun(**preview_members(found), ok=ok, checked_rows=rows, checks=told)


def _wire(service: Service, batch: Batch, failed: Sequence[BatchRow] = ()) -> WireBatch:
    return batch_answer(service.public_url, batch, service.clock.now(), failed)
