"""`/hooks/{uid}/…`: what was delivered, what was tried, and delivering it once more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from tirage.actions.change_hook import replay_hook
from tirage.actions.hook_answer import WireAttempt, WireDeliveries, WireDone, attempt_answer, delivery_answer
from tirage.api.answers import json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.json_body import Body, read_model
from tirage.api.limits import Limits
from tirage.api.openapi import answers, body_schema
from tirage.api.routes.hooks import HookRoute, hook_of
from tirage.store import deliveries

router = APIRouter(tags=["Hooks"], route_class=HookRoute)
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]


class ReplayBody(Body):
    """Which events are delivered once more: one by its id, or those from `since` until `until`."""

    event_id: Annotated[str | None, Field(max_length=64)] = None
    since: Annotated[datetime | None, Field(strict=False)] = None
    until: Annotated[datetime | None, Field(strict=False)] = None


class WireReplayed(WireDone):
    """How many events are delivered once more."""

    replayed: int


@router.post(
    "/hooks/{uid}/replay",
    response_model=WireReplayed,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(ReplayBody),
    summary="Deliver events once more",
)
async def replay(uid: str, request: Request, who: Writer) -> Response:
    """Deliver one event, or those of a time range, once more under their old ids; exhausted ones begin again."""
    hook = await hook_of(request, who, uid)
    body = await read_model(request, ReplayBody)
    limits: Limits = request.app.state.limits
    limits.admit_replay(request, hook.id)
    since, until = (None if each is None else _utc(each) for each in (body.since, body.until))
    count = await replay_hook(service_of(request), hook, event=body.event_id, since=since, until=until)
    return json_answer(WireReplayed(replayed=count))


@router.get(
    "/hooks/{uid}/deliveries",
    response_model=WireDeliveries,
    responses=answers(400, 401, 403, 404, 503),
    openapi_extra={
        "parameters": [{"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}}],
    },
    summary="List deliveries",
)
async def list_deliveries(uid: str, request: Request, who: Reader) -> Response:
    """What was delivered or is on its way, newest first."""
    hook = await hook_of(request, who, uid)
    async with service_of(request).database.workspace(hook.workspace_id) as tx:
        page = await deliveries.page(tx, hook.id, cursor=request.query_params.get("cursor"))
    return json_answer(WireDeliveries(results=[delivery_answer(each) for each in page.items], next=page.next))


@router.get(
    "/hooks/{uid}/deliveries/{event}",
    response_model=list[WireAttempt],
    responses=answers(401, 403, 404, 503),
    summary="Read the log of a delivery",
)
async def list_attempts(uid: str, event: str, request: Request, who: Reader) -> Response:
    """Every attempt of one delivery, oldest first; empty before the first."""
    hook = await hook_of(request, who, uid)
    async with service_of(request).database.workspace(hook.workspace_id) as tx:
        return json_answer([attempt_answer(each) for each in await deliveries.attempts(tx, hook.id, event)])


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
