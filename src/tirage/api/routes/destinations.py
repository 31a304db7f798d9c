"""`/destinations`: buckets of a workspace's own, to which batches hand their files over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from tirage.actions.destinations import NewDestination, create_destination
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Answer, Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.db.connect import Transaction
from tirage.store import destinations
from tirage.store.destinations import Destination

router = APIRouter(prefix="/destinations", tags=["Batches"])
Reader = Annotated[Caller, Depends(caller("read"))]
Admin = Annotated[Caller, Depends(caller("admin"))]


class DestinationBody(Body):
    """A bucket that speaks S3, and the credentials that may write to it."""

    name: Annotated[str, Field(max_length=200)] = ""
    location: Annotated[
        str, Field(max_length=500, description="s3://bucket/prefix?region=…, with endpoint=… for other providers.")
    ]
    access_key_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    secret_access_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class WireDestination(Answer):
    """A destination. Its secret is never told."""

    id: str
    name: str
    location: str
    access_key_id: str
    created_at: datetime


class WireDestinations(Answer):
    """The destinations of a workspace, newest first."""

    destinations: list[WireDestination]


@router.post(
    "",
    status_code=201,
    response_model=WireDestination,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(DestinationBody),
    summary="Add a bucket of your own",
)
async def post_destination(request: Request, who: Admin) -> Response:
    """Looks whether the bucket can be written to; the secret is kept encrypted and never shown again."""
    any_template(who)
    service = service_of(request)
    workspace = asked_workspace(request, who)
    body = await read_model(request, DestinationBody)
    once = await begin_once(request, workspace, "POST /destinations")
    if once.replay is not None:
        return once.replay
    said: list[Response] = []

    async def answering(tx: Transaction, made: Destination) -> None:
        said.append(json_answer(_wire(made), 201))
        await once.record(tx, said[0])

    new = NewDestination(body.name or "bucket", body.location, body.access_key_id, body.secret_access_key)
    async with once.guarded():
        await create_destination(service, workspace, new, answering)
    return said[0]


@router.get("", response_model=WireDestinations, responses=answers(401, 403, 404, 503), summary="List destinations")
async def list_destinations(request: Request, who: Reader) -> Response:
    """All of the workspace, newest first."""
    any_template(who)
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        found = await destinations.every(tx)
    return json_answer(WireDestinations(destinations=[_wire(each) for each in found]))


@router.delete(
    "/{uid}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="Remove a destination",
)
async def delete_destination(uid: str, request: Request, who: Admin) -> Response:
    """Forget the bucket and its secret; what lies in it stays. Batches that go on are kept here only."""
    any_template(who)
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        await destinations.delete(tx, uid)
    return Response(status_code=204)


def _wire(destination: Destination) -> WireDestination:
    return WireDestination(
        id=destination.id,
        name=destination.name,
        location=destination.location,
        access_key_id=destination.access_key,
        created_at=destination.created_at,
    )
