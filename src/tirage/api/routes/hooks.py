"""`/hooks`: subscriptions of webhooks, their deliveries, and what was tried."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import Field

from tirage.actions import change_hook
from tirage.actions.change_hook import find_hook
from tirage.actions.hook_answer import (
    WireDone,
    WireHook,
    hook_answer,
)
from tirage.actions.subscribe_hook import subscribe_hook, unsubscribe_hook, workspace_of_hook
from tirage.api.answers import asked_workspace, json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.errors import problem_response
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.db.connect import Transaction
from tirage.engine.errors import TirageError
from tirage.store import hooks
from tirage.store.hooks import Hook, Subscribed


class HookRoute(APIRoute):
    """Errors of these routes carry `"error": true` beside the problem document, as their success says false."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with that member added."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except TirageError as error:
                told = problem_response(request, error)
                headers = {name: value for name, value in told.headers.items() if name != "content-length"}
                body = orjson.dumps({"error": True, **orjson.loads(bytes(told.body))})
                return Response(body, told.status_code, headers)

        return handled


router = APIRouter(tags=["Hooks"], route_class=HookRoute)
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]


class HookBody(Body):
    """What is subscribed to; without `templateId`, the event of every design."""

    target_url: Annotated[str, Field(max_length=10_000)]
    event_type: Annotated[str, Field(max_length=100)] = "NEW_IMAGE"
    template_id: Annotated[str | None, Field(max_length=64)] = None


@router.get("/hooks", response_model=list[WireHook], responses=answers(401, 403, 404, 503), summary="List webhooks")
async def list_hooks(request: Request, who: Reader) -> Response:
    """The workspace's subscriptions, newest first; without their secrets."""
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        return json_answer([hook_answer(each) for each in await hooks.list_hooks(tx)])


@router.post(
    "/hooks",
    response_model=WireHook,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(HookBody),
    summary="Subscribe a webhook",
)
async def post_hook(request: Request, who: Writer) -> Response:
    """Subscribe an https address to an event; the same subscription again is the one that is there."""
    service = service_of(request)
    body, workspace = await _read(request, who)
    once = await begin_once(request, workspace, "POST /hooks")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, made: Subscribed) -> None:
        answered.append(json_answer(hook_answer(made.hook, made.secret)))
        await once.record(tx, json_answer(hook_answer(made.hook)))  # a secret is not kept in clear for repetitions

    async with once.guarded():
        await subscribe_hook(service, workspace, body.event_type, body.target_url, body.template_id, answering)
    return answered[0]


@router.delete(
    "/hooks",
    response_model=WireDone,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(HookBody),
    summary="Unsubscribe a webhook",
)
async def delete_hook(request: Request, who: Writer) -> Response:
    """End the subscription that was made with the same body."""
    body, workspace = await _read(request, who)
    await unsubscribe_hook(service_of(request), workspace, body.event_type, body.target_url, body.template_id)
    return json_answer(WireDone())


@router.delete(
    "/hooks/{uid}", response_model=WireDone, responses=answers(401, 403, 404, 503), summary="Delete a webhook"
)
async def delete_hook_by_id(uid: str, request: Request, who: Writer) -> Response:
    """End a subscription by its id."""
    await change_hook.delete_hook(service_of(request), await hook_of(request, who, uid))
    return json_answer(WireDone())


@router.post(
    "/hooks/{uid}/enable", response_model=WireHook, responses=answers(401, 403, 404, 503), summary="Enable a webhook"
)
async def enable_hook(uid: str, request: Request, who: Writer) -> Response:
    """Take up a subscription that was disabled because its address was gone or had failed for days."""
    return json_answer(
        hook_answer(await change_hook.enable_hook(service_of(request), await hook_of(request, who, uid)))
    )


@router.post(
    "/hooks/{uid}/secret", response_model=WireHook, responses=answers(401, 403, 404, 503), summary="Rotate a secret"
)
async def rotate_secret(uid: str, request: Request, who: Writer) -> Response:
    """A new secret, shown once; for a day deliveries are signed with the old one as well."""
    hook = await hook_of(request, who, uid)
    return json_answer(hook_answer(hook, await change_hook.rotate_secret(service_of(request), hook)))


async def _read(request: Request, who: Caller) -> tuple[HookBody, str]:
    body = await read_model(request, HookBody)
    if body.template_id is not None:
        who.require_template(body.template_id)
    workspace = await workspace_of_hook(service_of(request), who.key.workspaces, who.workspace, body.template_id)
    return body, workspace


async def hook_of(request: Request, who: Caller, uid: str) -> Hook:
    """A subscription in any of the key's workspaces. Raises NotFound `hook_not_found`."""
    return await find_hook(service_of(request), who.key.workspaces, uid)
