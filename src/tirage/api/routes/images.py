"""`/images/{path}`: the pictures themselves, public under unguessable addresses; and their removal."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.delete_picture import delete_picture
from tirage.actions.read_picture import etag_of, find_picture, read_address, read_picture
from tirage.api.auth import Caller, caller, service_of
from tirage.api.openapi import answers
from tirage.store.images import Image

router = APIRouter(tags=["Images"])
CACHE = "public, max-age=86400"
"""A day: long enough for mail and pages, short enough for a picture that is deleted."""

# What is shown to browsers comes from rows: it may be embedded anywhere and run nowhere.
SAFE = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
}


@router.head("/images/{path:path}", include_in_schema=False)
@router.get(
    "/images/{path:path}",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/*": {}, "application/pdf": {}}},
        304: {"description": "The picture is as the caller has it."},
        **answers(404, 503),
    },
    summary="A picture",
    operation_id="read_image",
)
async def read_image(path: str, request: Request) -> Response:
    """A stored picture, or a smaller version of it (`-thumb`, `-thumb-2x`, `-regular` before the extension)."""
    service = service_of(request)
    address = read_address(path)
    image = await find_picture(service, address)
    etag = etag_of(image, address.suffix)
    headers = {**SAFE, "etag": etag, "cache-control": CACHE}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    if "download" in request.query_params:
        headers["content-disposition"] = (
            f'attachment; filename="{_file_name(image, address.suffix, address.extension)}"'
        )
    found = await read_picture(service, image, address.suffix)
    # A server leaves the body of an answer to HEAD out and its length in.
    return Response(found.data, 200, headers, found.media_type)


@router.delete(
    "/images/{path:path}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="Delete a picture",
)
async def delete_image(path: str, request: Request, who: Annotated[Caller, Depends(caller("write"))]) -> Response:
    """Remove a picture and its smaller versions for good; `path` is plain or percent-encoded."""
    await delete_picture(service_of(request), who.key.workspaces, path)
    return Response(status_code=204)


def matches(request: Request, etag: str) -> bool:
    """Whether the caller has these bytes already (RFC 9110, 13.1.2; the comparison is the weak one)."""
    told = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return etag in told or told == ["*"]


def _file_name(image: Image, suffix: str, extension: str) -> str:
    return f"{image.path_name}{suffix}.{extension}"
