"""`/workspaces`: listed for everybody's key, created, renamed and deleted by admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field

from tirage.actions.create_workspace import create_workspace
from tirage.actions.delete_workspace import delete_workspace
from tirage.actions.rename_workspace import rename_workspace
from tirage.actions.workspace_answer import WireWorkspace, workspace_answer
from tirage.api.answers import json_answer
from tirage.api.auth import Caller, caller, forget_keys, service_of
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.db.connect import Transaction
from tirage.store import workspaces
from tirage.store.workspaces import Workspace

router = APIRouter(tags=["Workspaces"])
Admin = Annotated[Caller, Depends(caller("admin"))]


def _printable(name: str) -> str:
    if not name.strip() or any(ord(each) < 32 or ord(each) == 127 or 0xD800 <= ord(each) < 0xE000 for each in name):
        raise ValueError("a name has at least one visible character and no control characters")
    return name.strip()


class WorkspaceBody(Body):
    """A workspace to create or to rename."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]


@router.get(
    "/workspaces",
    response_model=list[WireWorkspace],
    responses=answers(401, 403, 503),
    summary="List workspaces",
)
async def list_workspaces(request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> Response:
    """The workspaces that the key may touch, newest first."""
    async with service_of(request).database.account(who.key.account_id) as account:
        found = await workspaces.list_workspaces(account, who.key.workspaces)
    return json_answer([workspace_answer(each, who.key) for each in found])


@router.post(
    "/workspaces",
    response_model=WireWorkspace,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(WorkspaceBody),
    summary="Create a workspace",
)
async def post_workspace(request: Request, who: Admin) -> Response:
    """A new workspace, which the key may touch from now on."""
    body = await read_model(request, WorkspaceBody)
    once = await begin_once(request, who.workspace, "POST /workspaces")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, made: Workspace) -> None:
        answered.append(json_answer(workspace_answer(made, who.key)))
        await once.record(tx, answered[0])

    async with once.guarded():
        await create_workspace(service_of(request), who.key, who.workspace, body.name, answering)
    forget_keys(request)
    return answered[0]


@router.put(
    "/workspaces/{uid}",
    response_model=WireWorkspace,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(WorkspaceBody),
    summary="Rename a workspace",
)
async def put_workspace(uid: str, request: Request, who: Admin) -> Response:
    """The workspace under another name."""
    who.require_workspace(uid)
    body = await read_model(request, WorkspaceBody)
    return json_answer(workspace_answer(await rename_workspace(service_of(request), who.key, uid, body.name), who.key))


@router.delete(
    "/workspaces/{uid}",
    response_model=WireWorkspace,
    responses=answers(401, 403, 404, 409, 503),
    summary="Delete a workspace",
)
async def remove_workspace(uid: str, request: Request, who: Admin) -> Response:
    """Remove a workspace with its designs, media and pictures, for good; the answer is what it was."""
    gone = await delete_workspace(service_of(request), who.key, who.require_workspace(uid))
    forget_keys(request)
    return json_answer(workspace_answer(gone, who.key))
