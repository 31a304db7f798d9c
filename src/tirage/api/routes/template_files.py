"""`/templates/{uid}/…`: a design's whole document, and its thumbnail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.draw_thumbnail import read_thumbnail
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.openapi import answers
from tirage.api.routes.templates import workspace_of
from tirage.store import templates

router = APIRouter(tags=["Templates"])
Reader = Annotated[Caller, Depends(caller("read"))]


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
