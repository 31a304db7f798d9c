"""`/fonts`: the fonts of a workspace, which its designs name by family."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from tirage.actions import store_font
from tirage.actions.font_answer import WireFont, font_answer
from tirage.actions.store_font import MAX_BYTES
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.idempotent import begin_once
from tirage.api.openapi import WORKSPACE, answers
from tirage.api.upload import read_upload, upload_schema
from tirage.db.connect import Transaction
from tirage.store import fonts
from tirage.store.fonts import KeptFont

router = APIRouter(tags=["Fonts"])
_FILE = "TTF, OTF, WOFF or WOFF2, up to 20 MB; one face, static or variable."
_EXAMPLE = {
    "id": "debca16f99",
    "family": "Acme Sans",
    "style": "Regular",
    "weight": 400,
    "weights": [100, 900],
    "italic": False,
    "color": False,
    "axes": [{"tag": "wght", "minimum": 100, "default": 400, "maximum": 900}],
    "filename": "AcmeSans.woff2",
    "size": 184320,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "createdAt": "2026-11-22T12:00:00.000Z",
}


@router.get(
    "/fonts",
    response_model=list[WireFont],
    responses={200: {"content": {"application/json": {"example": [_EXAMPLE]}}}, **answers(400, 401, 403, 404, 503)},
    openapi_extra={"parameters": [WORKSPACE]},
    summary="List fonts",
)
async def list_fonts(request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> Response:
    """The workspace's own fonts, newest first, at most 200."""
    async with service_of(request).database.workspace(asked_workspace(request, who)) as tx:
        found = await fonts.list_fonts(tx)
    return json_answer([font_answer(each) for each in found])


@router.post(
    "/fonts",
    response_model=WireFont,
    status_code=201,
    responses={
        201: {"content": {"application/json": {"example": _EXAMPLE}}},
        **answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    },
    openapi_extra={**upload_schema(_FILE), "parameters": [WORKSPACE]},
    summary="Upload a font",
)
async def post_font(request: Request, who: Annotated[Caller, Depends(caller("write"))]) -> Response:
    """Add a font; designs name its family in `fontFamily`. One of the same family and style is replaced.

    The file is checked by the OpenType sanitiser, and what that wrote is what is kept.
    """
    service = service_of(request)
    workspace = asked_workspace(request, who)
    any_template(who)
    upload = await read_upload(request, MAX_BYTES)
    once = await begin_once(request, workspace, "POST /fonts")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, kept: KeptFont) -> None:
        answered.append(json_answer(font_answer(kept.font), 201))
        await once.record(tx, answered[0])

    async with once.guarded():
        await store_font.store_font(service, workspace, upload.filename, upload.data, answering=answering)
    return answered[0]


@router.get(
    "/fonts/{uid}",
    response_model=WireFont,
    responses={200: {"content": {"application/json": {"example": _EXAMPLE}}}, **answers(401, 403, 404, 503)},
    summary="Read a font in short",
)
async def get_font(uid: str, request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> Response:
    """A font of one of the key's workspaces."""
    return json_answer(font_answer(await store_font.find_font(service_of(request), who.key.workspaces, uid)))


@router.delete(
    "/fonts/{uid}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="Delete a font",
)
async def delete_font(uid: str, request: Request, who: Annotated[Caller, Depends(caller("write"))]) -> Response:
    """Remove a font for good; designs that name its family fall back on others, with a warning."""
    any_template(who)
    await store_font.delete_font(service_of(request), who.key.workspaces, uid)
    return Response(status_code=204)
