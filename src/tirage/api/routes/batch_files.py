"""`/batches` and `/batches/{id}/…`: the list, the files that are fetched of a batch, and its events as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from tirage.actions.batch_answer import WireBatch, batch_answer
from tirage.actions.batch_files import (
    archive,
    archive_part,
    error_lines,
    manifest_lines,
    merged_pdf,
    require_pdfs,
)
from tirage.actions.end_batch import FIRST_ERRORS
from tirage.actions.picture_answer import Wire
from tirage.actions.steer_batch import delete_batch
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.errors import Refused
from tirage.api.openapi import answers
from tirage.context import Service
from tirage.store import batches
from tirage.store.batches import ENDED, State

router = APIRouter(prefix="/batches", tags=["Batches"])
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]

LOOK_SECONDS = 0.5
"""How often a stream of events looks at its batch."""
QUIET_SECONDS = 10.0
"""After so long without an event a comment is sent: proxies close what is silent."""
STREAM_SECONDS = 600.0
"""How long a stream lasts; whoever still listens opens the next."""
MAX_STREAMS = 200
_streams = 0


class WireBatches(Wire):
    """One page of batches, newest first; `next` is the cursor of the next page."""

    batches: list[WireBatch]
    next: str | None


@router.get("", response_model=WireBatches, responses=answers(400, 401, 403, 422, 503), summary="List batches")
async def list_batches(
    request: Request,
    who: Reader,
    state: State | None = None,
    cursor: Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The workspace's batches, newest first, without their errors."""
    any_template(who)
    service = service_of(request)
    async with service.database.workspace(asked_workspace(request, who)) as tx:
        found = await batches.page(tx, state, cursor, limit)
    now = service.clock.now()
    told = [batch_answer(service.public_url, each, now) for each in found.items]
    return json_answer(WireBatches(batches=told, next=found.next))


@router.delete("/{uid}", status_code=204, responses=answers(401, 403, 404, 409, 503), summary="Delete a batch")
async def remove_batch(uid: str, request: Request, who: Writer) -> Response:
    """Forget a batch that has ended, with its rows and their values; its pictures stay."""
    any_template(who)
    await delete_batch(service_of(request), asked_workspace(request, who), uid)
    return Response(status_code=204)


@router.get(
    "/{uid}/manifest.{form}",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}, **answers(401, 403, 404, 503)},
    summary="The manifest",
)
async def get_manifest(uid: str, form: Literal["csv", "ndjson"], request: Request, who: Reader) -> Response:
    """The files of finished rows: row, name, SHA-256, bytes, size in px, page, address."""
    service, workspace = await _batch_of(request, who, uid)
    lines = manifest_lines(service, workspace, uid, as_csv=form == "csv")
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    return _download(lines, kind, f"{uid}-manifest.{form}")


@router.get(
    "/{uid}/errors.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}, **answers(401, 403, 404, 503)},
    summary="The failed rows",
)
async def get_errors(uid: str, request: Request, who: Reader) -> Response:
    """Each failed row with code, layer, message, hint and its values as JSON."""
    service, workspace = await _batch_of(request, who, uid)
    return _download(error_lines(service, workspace, uid), "text/csv; charset=utf-8", f"{uid}-errors.csv")


@router.get(
    "/{uid}/merged.pdf",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/pdf": {}}}, **answers(401, 403, 404, 409, 503)},
    summary="All PDFs as one",
)
async def get_merged(uid: str, request: Request, who: Reader) -> Response:
    """The pages of the PDFs of all finished rows in one document, for a batch whose formats include pdf."""
    service, workspace = await _batch_of(request, who, uid)
    await require_pdfs(service, workspace, uid)
    return _download(merged_pdf(service, workspace, uid), "application/pdf", f"{uid}.pdf")


@router.get(
    "/{uid}/archive.zip",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}, **answers(401, 403, 404, 422, 503)},
    summary="All files as an archive",
)
async def get_archive(
    uid: str,
    request: Request,
    who: Reader,
    part: Annotated[int, Query(ge=1, le=100_000, description="Which part, where there are several.")] = 1,
) -> Response:
    """The files of finished rows as a ZIP. Above 4 GB it comes in parts: `Tirage-Parts` says how many there are."""
    service, workspace = await _batch_of(request, who, uid)
    chosen = await archive_part(service, workspace, uid, part)
    name = f"{uid}.zip" if chosen.of == 1 else f"{uid}-{part}-of-{chosen.of}.zip"
    answer = _download(archive(service, workspace, uid, chosen), "application/zip", name)
    answer.headers["tirage-parts"] = str(chosen.of)
    if part < chosen.of:
        answer.headers["link"] = f'<{service.public_url}/batches/{uid}/archive.zip?part={part + 1}>; rel="next"'
    return answer


@router.get(
    "/{uid}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **answers(401, 403, 404, 503)},
    summary="A batch's events as they happen",
)
async def get_events(uid: str, request: Request, who: Reader) -> Response:
    """Server-sent events: the batch whenever its state or a count has changed, until it has ended."""
    service, workspace = await _batch_of(request, who, uid)
    if _streams >= MAX_STREAMS:
        raise Refused("streams_full", "Too many streams of events are open.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(service, workspace, uid), media_type="text/event-stream", headers=headers)


async def _events(service: Service, workspace: str, uid: str) -> AsyncIterator[bytes]:
    global _streams
    _streams += 1
    try:
        loop = asyncio.get_running_loop()
        until = loop.time() + STREAM_SECONDS
        told: tuple[object, ...] = ()
        spoken = loop.time()
        while loop.time() < until:
            async with service.database.workspace(workspace) as tx:
                batch = await batches.get(tx, uid)
                now = (batch.state, batch.total, batch.done, batch.failed)
                failed = await batches.rows(tx, uid, "failed", 0, FIRST_ERRORS) if now != told and batch.failed else []
            if now != told:
                said = batch_answer(service.public_url, batch, service.clock.now(), failed).model_dump_json()
                kind = "end" if batch.state in ENDED else "progress"
                yield f"event: {kind}\ndata: {said}\n\n".encode()
                told, spoken = now, loop.time()
            elif loop.time() - spoken > QUIET_SECONDS:
                yield b": still here\n\n"
                spoken = loop.time()
            if batch.state in ENDED:
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        _streams -= 1


async def _batch_of(request: Request, who: Caller, uid: str) -> tuple[Service, str]:
    """The service and the workspace, once it is clear that the batch is there. Raises NotFound."""
    any_template(who)
    service, workspace = service_of(request), asked_workspace(request, who)
    async with service.database.workspace(workspace) as tx:
        await batches.get(tx, uid)
    return service, workspace


def _download(content: AsyncIterator[bytes], media_type: str, name: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(content, media_type=media_type, headers=headers)
