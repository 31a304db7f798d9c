"""`/templates/{uid}/…`: a design's whole document, its thumbnail, and who may open its links."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from tirage.actions.change_settings import change_link_policy
from tirage.actions.draw_thumbnail import read_thumbnail
from tirage.actions.picture_answer import Wire
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.api.routes.templates import workspace_of
from tirage.store import templates

router = APIRouter(tags=["Templates"])
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]
Policy = Literal["off", "signed", "open"]


class LinksBody(Body):
    """Who may open links of the design; null leaves it to the workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"linkPolicy": "open"}]})
    link_policy: Annotated[Policy | None, Field(description="off, signed only, or open to everybody.")]


class WireLinks(Wire):
    """Who may open links of the design."""

    link_policy: Policy | None


@router.get(
    "/templates/{uid}/document",
    response_class=Response,
    responses={
        200: {"description": "The document as it was stored.", "content": {"application/json": {"schema": {}}}},
        **answers(401, 403, 404, 503),
    },
    summary="Read a design's document",
)
async def get_document(uid: str, request: Request, who: Reader) -> Response:
    """The whole template document; its ETag goes into the If-Match of a PUT."""
    service = service_of(request)
    async with service.database.workspace(await workspace_of(service, who, uid)) as tx:
        stored = await templates.document(tx, uid)
    return Response(stored.document.encode(), 200, {"etag": f'"{stored.version}"'}, "application/json")


@router.get(
    "/templates/{uid}/thumbnail/{mark}.png",
    response_class=Response,
    responses={200: {"description": "A PNG.", "content": {"image/png": {}}}, **answers(404, 422, 503)},
    summary="A design's thumbnail",
)
async def get_thumbnail(uid: str, mark: str, request: Request) -> Response:
    """The design with its sample values, small; public under an address that changes with each version."""
    data = await read_thumbnail(service_of(request), designs_of(request), uid, mark)
    headers = {
        "cache-control": "public, max-age=86400, immutable",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
    }
    return Response(data, 200, headers, "image/png")


@router.get(
    "/templates/{uid}/links",
    response_model=WireLinks,
    responses=answers(401, 403, 404, 503),
    summary="Read who may open links",
)
async def get_links(uid: str, request: Request, who: Reader) -> WireLinks:
    """Whether links of the design are off, signed only or open; null where the workspace's settings decide."""
    service = service_of(request)
    async with service.database.workspace(await workspace_of(service, who, uid)) as tx:
        return WireLinks(link_policy=(await templates.get(tx, uid)).link_policy)


@router.put(
    "/templates/{uid}/links",
    response_model=WireLinks,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(LinksBody),
    summary="Decide who may open links",
)
async def put_links(uid: str, request: Request, who: Writer) -> WireLinks:
    """Switch links of the design off, to signed only or to open; within seconds every process goes by it."""
    service = service_of(request)
    workspace = await workspace_of(service, who, uid)
    body = await read_model(request, LinksBody)
    return WireLinks(link_policy=(await change_link_policy(service, workspace, uid, body.link_policy)).link_policy)
