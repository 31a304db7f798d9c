"""`/workspaces/{id}/settings`: whose pages may call the API for it, and who may open links of its designs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field, JsonValue

from tirage.actions.change_settings import change_workspace_settings
from tirage.actions.picture_answer import Wire
from tirage.api.auth import Caller, caller, service_of
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.store import workspaces
from tirage.store.workspaces import WorkspaceSettings

router = APIRouter(tags=["Workspaces"])
Policy = Literal["off", "signed", "open"]
_EXAMPLE: dict[str, JsonValue] = {"corsOrigins": ["https://app.example.com"], "linkPolicy": "signed"}


class SettingsBody(Body):
    """What is to change; a member that is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    cors_origins: Annotated[
        list[Annotated[str, Field(max_length=300)]] | None,
        Field(max_length=50, description="Origins whose pages may call the API, exactly as browsers send them."),
    ] = None
    link_policy: Annotated[
        Policy | None,
        Field(description="Links of designs that decide nothing: off, signed only, or open to everybody."),
    ] = None


class WireSettings(Wire):
    """The settings of a workspace."""

    cors_origins: list[str]
    link_policy: Policy


@router.get(
    "/workspaces/{workspace_id}/settings",
    response_model=WireSettings,
    responses={200: {"content": {"application/json": {"example": _EXAMPLE}}}, **answers(401, 403, 404, 503)},
    summary="Read a workspace's settings",
)
async def get_settings(
    workspace_id: str, request: Request, who: Annotated[Caller, Depends(caller("read"))]
) -> WireSettings:
    """The settings as they hold; a new workspace lists no origin and opens signed links only."""
    async with service_of(request).database.workspace(who.require_workspace(workspace_id)) as tx:
        return _wire(await workspaces.settings(tx))


@router.patch(
    "/workspaces/{workspace_id}/settings",
    response_model=WireSettings,
    responses={
        200: {"content": {"application/json": {"example": _EXAMPLE}}},
        **answers(400, 401, 403, 404, 413, 415, 422, 503),
    },
    openapi_extra=body_schema(SettingsBody),
    summary="Change a workspace's settings",
)
async def patch_settings(
    workspace_id: str, request: Request, who: Annotated[Caller, Depends(caller("admin"))]
) -> WireSettings:
    """Change what is given and answer with all of it; within seconds every process goes by it."""
    workspace = who.require_workspace(workspace_id)
    body = await read_model(request, SettingsBody)
    origins = None if body.cors_origins is None else tuple(body.cors_origins)
    service = service_of(request)
    return _wire(
        await change_workspace_settings(service, workspace, cors_origins=origins, link_policy=body.link_policy)
    )


def _wire(settings: WorkspaceSettings) -> WireSettings:
    return WireSettings(cors_origins=list(settings.cors_origins), link_policy=settings.link_policy)
