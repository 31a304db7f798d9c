"""`/media`: the library of a workspace, and its files at public addresses."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from tirage.actions import store_asset
from tirage.actions.asset_answer import WireAsset, WireAssetPage, asset_answer, page_answer
from tirage.actions.find_asset import find_asset
from tirage.actions.read_asset import etag_of, read_asset
from tirage.actions.store_asset import MAX_BYTES
from tirage.api.answers import json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.idempotent import Once, begin_once
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.api.routes.images import SAFE, matches, ranged
from tirage.api.upload import read_upload, upload_schema
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import assets
from tirage.store.assets import Asset

router = APIRouter(tags=["Media"])
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]
CACHE = "public, max-age=300"
"""Short: a file may be replaced under its address."""
_FILE = "PNG, JPEG, GIF, WebP, TIFF, BMP, AVIF or SVG, up to 25 MB."


class FolderBody(Body):
    """A folder to be made."""

    filename: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]
    parent_id: Annotated[str | None, Field(max_length=64)] = None


@router.get(
    "/media/{workspace_id}/assets",
    response_model=WireAssetPage,
    responses=answers(401, 403, 404, 422, 503),
    summary="List media",
)
async def list_assets(
    workspace_id: str,
    request: Request,
    who: Reader,
    p: Annotated[int, Query(ge=1, le=1_000_000_000, description="The page, counted from 1.")] = 1,
    folder: Annotated[str | None, Query(max_length=64, description="The id of a folder; else the top.")] = None,
) -> Response:
    """A page of the library or of a folder, newest first."""
    service = service_of(request)
    async with service.database.workspace(who.require_workspace(workspace_id)) as tx:
        if folder is not None:
            await assets.get(tx, folder)
        page = await assets.page(tx, p, parent=folder)
    return json_answer(page_answer(service.public_url, service.vault, page))


@router.post(
    "/media/{workspace_id}/assets",
    response_model=WireAsset,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    openapi_extra=upload_schema(_FILE, {"parentId": "The id of the folder that it goes into."}),
    summary="Upload a file",
)
async def post_asset(workspace_id: str, request: Request, who: Writer) -> Response:
    """Add a picture to the library; its bytes decide what it is, not its name."""
    service = service_of(request)
    workspace = who.require_workspace(workspace_id)
    upload = await read_upload(request, MAX_BYTES)
    once = await begin_once(request, workspace, "POST /media/assets")
    if once.replay is not None:
        return once.replay
    answering = _Answering(service, once)
    async with once.guarded():
        parent = upload.fields.get("parentId") or None
        await store_asset.store_asset(
            service, workspace, upload.filename, upload.data, parent=parent, answering=answering
        )
    return answering.answer


@router.post(
    "/media/{workspace_id}/folders",
    response_model=WireAsset,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_schema(FolderBody),
    summary="Create a folder",
)
async def post_folder(workspace_id: str, request: Request, who: Writer) -> Response:
    """A new empty folder of the library."""
    service = service_of(request)
    workspace = who.require_workspace(workspace_id)
    body = await read_model(request, FolderBody)
    once = await begin_once(request, workspace, "POST /media/folders")
    if once.replay is not None:
        return once.replay
    answering = _Answering(service, once)
    async with once.guarded():
        await store_asset.create_folder(service, workspace, body.filename, parent=body.parent_id, answering=answering)
    return answering.answer


@router.get(
    "/media/{workspace_id}/assets/{uid}",
    response_model=WireAsset,
    responses=answers(401, 403, 404, 503),
    summary="Read a file in short",
)
async def get_asset(workspace_id: str, uid: str, request: Request, who: Reader) -> Response:
    """A file or folder of the library."""
    service = service_of(request)
    async with service.database.workspace(who.require_workspace(workspace_id)) as tx:
        return _answer(service, await assets.get(tx, uid))


@router.put(
    "/media/{workspace_id}/assets/{uid}",
    response_model=WireAsset,
    responses=answers(401, 403, 404, 413, 415, 422, 503, 507),
    openapi_extra=upload_schema(_FILE),
    summary="Replace a file",
)
async def put_asset(workspace_id: str, uid: str, request: Request, who: Writer) -> Response:
    """Put another file in its place; it keeps its id and its address."""
    service = service_of(request)
    workspace = who.require_workspace(workspace_id)
    upload = await read_upload(request, MAX_BYTES)
    return _answer(service, await store_asset.replace_asset(service, workspace, uid, upload.filename, upload.data))


@router.delete(
    "/media/{workspace_id}/assets/{uid}",
    response_model=WireAsset,
    responses=answers(401, 403, 404, 503),
    summary="Delete a file",
)
async def delete_asset(workspace_id: str, uid: str, request: Request, who: Writer) -> Response:
    """Remove a file, or a folder with everything in it, for good; the answer is what it was."""
    service = service_of(request)
    return _answer(service, await store_asset.delete_asset(service, who.require_workspace(workspace_id), uid))


@router.head("/media/{uid}/{file}", include_in_schema=False)
@router.get(
    "/media/{uid}/{file}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"image/*": {}}},
        206: {"description": "The part of the file that `Range` asks for."},
        304: {"description": "The file is as the caller has it."},
        **answers(404, 416, 422, 503),
    },
    summary="A file of the library",
    operation_id="read_media",
)
async def read_media(uid: str, file: str, request: Request) -> Response:
    """A file at its public, unguessable address, or its thumbnail (`_t` before the ending)."""
    service = service_of(request)
    asset, small = await find_asset(service, uid, file)
    headers = {**SAFE, "etag": etag_of(asset, small), "cache-control": CACHE, "accept-ranges": "bytes"}
    if matches(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    found = await read_asset(service, asset, small)
    kind = "attachment" if "download" in request.query_params else "inline"
    # RFC 6266 with RFC 8187: names are the users' own and may hold anything.
    headers["content-disposition"] = f"{kind}; filename*=UTF-8''{quote(found.filename, safe='')}"
    return ranged(request, headers, found.data, found.media_type)


class _Answering:
    """Keeps the answer of a creation with the record."""

    def __init__(self, service: Service, once: Once) -> None:
        self._service = service
        self._once = once
        self.answer = Response()

    async def __call__(self, tx: Transaction, asset: Asset) -> None:
        self.answer = _answer(self._service, asset)
        await self._once.record(tx, self.answer)


def _answer(service: Service, asset: Asset) -> Response:
    return json_answer(asset_answer(service.public_url, service.vault, asset))
