"""`/schedules`: batches that the clock starts, from an address or a query, where their source has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from tirage.actions.run_schedules import next_time
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.batch_source import BatchFields, check_address, check_fields, checked_fields, order_of, require_query
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Answer, read_model
from tirage.api.openapi import answers, body_schema
from tirage.engine.errors import Problem, RowProblem
from tirage.store import batch_schedules
from tirage.store.batch_schedules import MOST, NewSchedule, Schedule
from tirage.store.errors import Conflict

router = APIRouter(prefix="/schedules", tags=["Batches"])
Reader = Annotated[Caller, Depends(caller("read"))]
Renderer = Annotated[Caller, Depends(caller("render"))]


class ScheduleBody(BatchFields):
    """A design, where its rows are, and when: `every` so many seconds, or by a line of `cron`."""

    name: Annotated[str, Field(max_length=200)] = ""
    source: Annotated[str | None, Field(max_length=4_096, description="The http(s) address of a table.")] = None
    query: Annotated[
        str | None, Field(max_length=20_000, description="One SELECT; takes an API key with the scope admin.")
    ] = None
    every: Annotated[int | None, Field(ge=60, le=31_536_000, description="Seconds between two looks.")] = None
    cron: Annotated[
        str | None, Field(max_length=100, description="Minute, hour, day, month, weekday: `0 7 * * 1-5`.")
    ] = None
    time_zone: Annotated[str, Field(max_length=60, description="Of `cron`, such as Europe/Berlin.")] = "UTC"
    only_changed: Annotated[bool, Field(description="Whether an unchanged source starts nothing.")] = True


class WireSchedule(Answer):
    """A schedule. `outcome` of the last run: started, unchanged, waiting for the batch before, or failed."""

    id: str
    name: str
    template_id: str
    format: str
    source: str | None
    query: str | None
    mapping: Any
    naming: str
    destination_id: str | None
    every: int | None
    cron: str | None
    time_zone: str
    only_changed: bool
    paused: bool
    next_at: datetime | None
    last_at: datetime | None
    last_batch_id: str | None
    outcome: str | None
    error: dict[str, Any] | None
    created_at: datetime


class WireSchedules(Answer):
    """The schedules of a workspace, newest first."""

    schedules: list[WireSchedule]


@router.post(
    "",
    status_code=201,
    response_model=WireSchedule,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(ScheduleBody),
    summary="Schedule batches",
)
async def post_schedule(request: Request, who: Renderer) -> Response:
    """Look at a published table again and again, and draw it where it has changed. The first look is at once."""
    service = service_of(request)
    body = await read_model(request, ScheduleBody)
    who.require_template(body.template_id)
    format_ = checked_fields(body)
    if (body.source is None) == (body.query is None):
        raise RowProblem(Problem("source_missing", "A schedule takes one of source and query."))
    if (body.every is None) == (body.cron is None):
        raise RowProblem(Problem("schedule_invalid", "A schedule takes one of every and cron."))
    if body.query is not None:
        require_query(service, who)
    else:
        check_address(service, body.source or "")
    now = service.clock.now()
    due = next_time(now, body.every, body.cron or "", body.time_zone)
    design = await designs_of(request).locate(service, body.template_id, who.key.workspaces, who.workspace)
    await check_fields(service, body, design)
    once = await begin_once(request, design.workspace, "POST /schedules")
    if once.replay is not None:
        return once.replay
    new = NewSchedule(
        name=body.name or design.name,
        template_id=design.id,
        format=format_,
        order=order_of(body, address=body.source or "", query=body.query or ""),
        every_seconds=body.every,
        cron=body.cron or "",
        time_zone=body.time_zone,
        only_changed=body.only_changed,
        # By interval the first look is at once; a line of cron names its times itself.
        next_at=due if body.cron else now,
    )
    async with once.guarded(), service.database.workspace(design.workspace) as tx:
        if len(await batch_schedules.every(tx)) >= MOST:
            raise Conflict(Problem("schedules_full", f"A workspace has at most {MOST} schedules."))
        answer = json_answer(_wire(await batch_schedules.create(tx, new, now)), 201)
        await once.record(tx, answer)
    return answer


@router.get("", response_model=WireSchedules, responses=answers(401, 403, 404, 503), summary="List schedules")
async def list_schedules(request: Request, who: Reader) -> Response:
    """All schedules of the workspace, newest first."""
    any_template(who)
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        found = await batch_schedules.every(tx)
    return json_answer(WireSchedules(schedules=[_wire(each) for each in found]))


@router.get("/{uid}", response_model=WireSchedule, responses=answers(401, 403, 404, 503), summary="Look at a schedule")
async def get_schedule(uid: str, request: Request, who: Reader) -> Response:
    """When it runs next, and what the last run came to."""
    any_template(who)
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        return json_answer(_wire(await batch_schedules.get(tx, uid)))


@router.delete(
    "/{uid}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="Remove a schedule",
)
async def delete_schedule(uid: str, request: Request, who: Renderer) -> Response:
    """Nothing is started by it any more; its batches stay."""
    any_template(who)
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        await batch_schedules.delete(tx, uid)
    return Response(status_code=204)


@router.post(
    "/{uid}/{verb}", response_model=WireSchedule, responses=answers(401, 403, 404, 503), summary="Steer a schedule"
)
async def steer_schedule(
    uid: str, verb: Literal["pause", "resume", "run"], request: Request, who: Renderer
) -> Response:
    """Let it rest, go on with it, or run it now whether its source has changed or not."""
    any_template(who)
    service = service_of(request)
    now = service.clock.now()
    async with service.database.workspace(asked_workspace(request, who)) as tx:
        found = await batch_schedules.get(tx, uid)
        if verb == "run":
            return json_answer(_wire(await batch_schedules.run_soon(tx, uid, now)))
        due = next_time(now, found.every_seconds, found.cron, found.time_zone)
        return json_answer(_wire(await batch_schedules.pause(tx, uid, paused=verb == "pause", next_at=due)))


def _wire(schedule: Schedule) -> WireSchedule:
    return WireSchedule(
        id=schedule.id,
        name=schedule.name,
        template_id=schedule.template_id,
        format=schedule.format,
        source=schedule.source_url or None,
        query=schedule.source_query or None,
        mapping=orjson.loads(schedule.mapping),
        naming=schedule.naming,
        destination_id=schedule.destination,
        every=schedule.every_seconds,
        cron=schedule.cron or None,
        time_zone=schedule.time_zone,
        only_changed=schedule.only_changed,
        paused=schedule.paused,
        next_at=None if schedule.paused else schedule.next_at,
        last_at=schedule.last_at,
        last_batch_id=schedule.last_batch,
        outcome=schedule.outcome or None,
        error=orjson.loads(schedule.problem) if schedule.problem else None,
        created_at=schedule.created_at,
    )
