"""`/images/{path}`: the pictures themselves, public under unguessable addresses; and their removal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from tirage.actions.delete_picture import delete_picture, own_picture
from tirage.actions.picture_answer import Wire, WirePicture, picture, plain
from tirage.actions.read_picture import etag_of, find_picture, read_address, read_picture
from tirage.api.answers import asked_workspace
from tirage.api.auth import Caller, caller, service_of
from tirage.api.errors import Refused
from tirage.api.openapi import WORKSPACE, answers
from tirage.api.ranges import wanted_part
from tirage.blobs import Span
from tirage.store import images
from tirage.store.errors import NotFound
from tirage.store.images import Image, ImageFilter

router = APIRouter(tags=["Images"])


class WireImages(Wire):
    """One page of pictures."""

    results: list[WirePicture]
    next: str | None


CACHE = "public, max-age=86400"
"""A day: long enough for mail and pages, short enough for a picture that is deleted."""

# What is shown to browsers comes from rows: it may be embedded anywhere and run nowhere.
SAFE = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
}


@router.get(
    "/images",
    response_model=WireImages,
    responses=answers(400, 401, 403, 404, 422, 503),
    openapi_extra={"parameters": [WORKSPACE]},
    summary="List pictures",
)
async def list_images(
    request: Request,
    who: Annotated[Caller, Depends(caller("read"))],
    template_id: Annotated[str | None, Query(alias="templateId", max_length=32)] = None,
    format: Annotated[str | None, Query(max_length=20)] = None,
    metadata: Annotated[str | None, Query(max_length=2_000)] = None,
    since: Annotated[datetime | None, Query(description="Made then or later; ISO 8601, UTC where no zone is.")] = None,
    until: Annotated[datetime | None, Query(description="Made before then.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The pictures of a workspace, newest first; `next` is the cursor of the page after, or null.

    A key that is bound to some designs sees the pictures of those.
    """
    service = service_of(request)
    workspace = asked_workspace(request, who)
    for text in (template_id, format, metadata):
        if text is not None and "\x00" in text:
            raise Refused("request_invalid", "A parameter holds a NUL character.")
    which = ImageFilter(
        template_id=template_id,
        format=format,
        metadata=metadata,
        since=_zoned(since),
        until=_zoned(until),
        templates=None if who.key.templates is None else tuple(sorted(who.key.templates)),
    )
    async with service.database.workspace(workspace) as tx:
        found = await images.page(tx, which, cursor=cursor, limit=limit)
    said = [plain(picture(service.public_url, each)) for each in found.items]
    return Response(orjson.dumps({"results": said, "next": found.next}), media_type="application/json")


@router.head("/images/{path:path}", include_in_schema=False)
@router.get(
    "/images/{path:path}",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/*": {}, "application/pdf": {}}},
        206: {"description": "The part of the picture that `Range` asks for."},
        304: {"description": "The picture is as the caller has it."},
        **answers(404, 416, 503),
    },
    summary="A picture",
    operation_id="read_image",
)
async def read_image(path: str, request: Request) -> Response:
    """A stored picture, or a smaller version of it (`-thumb`, `-thumb-2x`, `-regular` before the extension).

    One range of bytes is answered with 206; `If-Range` takes the entity tag.
    """
    service = service_of(request)
    address = read_address(path)
    image = await find_picture(service, address)
    etag = etag_of(image, address.suffix)
    headers = {**SAFE, "etag": etag, "cache-control": CACHE, "accept-ranges": "bytes"}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    if "download" in request.query_params:
        headers["content-disposition"] = (
            f'attachment; filename="{_file_name(image, address.suffix, address.extension)}"'
        )
    part = None if address.suffix else wanted_part(request, etag, image.size)
    found = await read_picture(service, image, address.suffix, None if part is None else Span(part.start, part.stop))
    if address.suffix:  # made at the first read: how long it is was not known before
        return ranged(request, headers, found.data, found.media_type)
    if part is not None:
        return Response(found.data, 206, {**headers, "content-range": part.content_range}, found.media_type)
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
    """Remove a picture and its smaller versions for good, by its address (plain or percent-encoded) or its id."""
    service = service_of(request)
    if "\x00" in path:
        raise NotFound.of("image", path)
    image = await own_picture(service, who.key.workspaces, path)
    who.require_template(image.template_id)
    await delete_picture(service, image)
    return Response(status_code=204)


def ranged(request: Request, headers: dict[str, str], data: bytes, media_type: str) -> Response:
    """A file that is in memory, or the part of it that is wanted. Raises Refused `range_not_satisfiable`."""
    part = wanted_part(request, headers["etag"], len(data))
    if part is None:
        return Response(data, 200, headers, media_type)
    return Response(data[part.start : part.stop], 206, {**headers, "content-range": part.content_range}, media_type)


def matches(request: Request, etag: str) -> bool:
    """Whether the caller has these bytes already (RFC 9110, 13.1.2; the comparison is the weak one)."""
    told = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return etag in told or told == ["*"]


def _zoned(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _file_name(image: Image, suffix: str, extension: str) -> str:
    return f"{image.path_name}{suffix}.{extension}"
