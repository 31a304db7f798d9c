"""`/templates`: designs listed, read, stored as whole documents, and deleted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.create_template import create_template
from tirage.actions.delete_template import delete_template
from tirage.actions.find_template import workspace_of_template
from tirage.actions.replace_template import replace_template
from tirage.actions.template_answer import WireTemplate, template_answer
from tirage.api.answers import any_template, asked_workspace, json_answer
from tirage.api.auth import Caller, caller, service_of
from tirage.api.errors import Refused
from tirage.api.idempotent import begin_once
from tirage.api.json_body import read_bytes, read_value
from tirage.api.openapi import answers
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store import templates
from tirage.store.templates import TemplateRecord

router = APIRouter(tags=["Templates"])
Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("write"))]

_DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "A template document (`tirage schema` prints its schema)."},
                "example": {
                    "name": "Card",
                    "width": 600,
                    "height": 300,
                    "layers": [{"type": "text", "name": "title", "text": "Hello", "width": 400, "height": 80}],
                },
            }
        },
    }
}
_WORKSPACE: dict[str, Any] = {
    "parameters": [
        {
            "name": "workspaceId",
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": "One of the key's workspaces, its default one where none is named.",
        }
    ]
}


@router.get(
    "/templates",
    response_model=list[WireTemplate],
    responses=answers(401, 403, 404, 503),
    openapi_extra=_WORKSPACE,
    summary="List designs",
)
async def list_templates(request: Request, who: Reader) -> Response:
    """All designs of a workspace, newest first; a key that is bound to some designs sees those."""
    service = service_of(request)
    async with service.database.workspace(asked_workspace(request, who)) as tx:
        found = [each for each in await templates.list_templates(tx) if who.key.allows_template(each.id)]
        return json_answer([await _told(service, tx, each) for each in found])


@router.post(
    "/templates",
    status_code=201,
    response_model=WireTemplate,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra={**_DOCUMENT, **_WORKSPACE},
    summary="Store a new design",
)
async def post_template(request: Request, who: Writer) -> Response:
    """Store a template document as a new design; every problem of the document is told at once."""
    service = service_of(request)
    any_template(who)
    workspace = asked_workspace(request, who)
    document = await _document(request)
    once = await begin_once(request, workspace, "POST /templates")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, record: TemplateRecord) -> None:
        answered.append(_answer(service, record, 201))
        await once.record(tx, answered[0])

    async with once.guarded():
        await create_template(service, workspace, document, answering)
    return answered[0]


@router.get(
    "/templates/{uid}",
    response_model=WireTemplate,
    responses=answers(401, 403, 404, 503),
    summary="Read a design in short",
)
async def get_template(uid: str, request: Request, who: Reader) -> Response:
    """A design's name, times, thumbnail and layers."""
    service = service_of(request)
    async with service.database.workspace(await workspace_of(service, who, uid)) as tx:
        record = await templates.get(tx, uid)
        return json_answer(await _told(service, tx, record), headers={"etag": f'"{record.version}"'})


@router.put(
    "/templates/{uid}",
    response_model=WireTemplate,
    responses=answers(400, 401, 403, 404, 412, 413, 415, 422, 428, 503),
    openapi_extra={
        **_DOCUMENT,
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": "The ETag of the version that is changed, or * for whichever it is.",
            }
        ],
    },
    summary="Store a design's next version",
)
async def put_template(uid: str, request: Request, who: Writer) -> Response:
    """Replace a design's document. Pictures that were drawn keep the version that they were drawn from."""
    service = service_of(request)
    workspace = await workspace_of(service, who, uid)
    expected = _expected(request)
    document = await _document(request)
    return _answer(service, await replace_template(service, workspace, uid, document, expected=expected), 200)


@router.delete(
    "/templates/{uid}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="Delete a design",
)
async def remove_template(uid: str, request: Request, who: Writer) -> Response:
    """Remove a design with all its versions and webhooks for good; pictures that were drawn from it stay."""
    service = service_of(request)
    await delete_template(service, await workspace_of(service, who, uid), uid)
    return Response(status_code=204)


async def workspace_of(service: Service, who: Caller, uid: str) -> str:
    """The workspace of a design that the key may use. Raises NotFound, Refused `insufficient_scope`."""
    who.require_template(uid)
    return await workspace_of_template(service, who.key.workspaces, uid)


async def _told(service: Service, tx: Transaction, record: TemplateRecord) -> WireTemplate:
    """Designs that came with the installation have no summary: their document is read."""
    document = None if record.summary else (await templates.document(tx, record.id, record.version)).document
    return template_answer(service.public_url, service.vault, record, document)


def _answer(service: Service, record: TemplateRecord, status: int) -> Response:
    headers = {"etag": f'"{record.version}"'}
    if status == 201:
        headers["location"] = f"{service.public_url}/templates/{record.id}"
    return json_answer(template_answer(service.public_url, service.vault, record), status, headers)


async def _document(request: Request) -> bytes:
    """The body's bytes, after it was read as strict JSON: the document is stored as it was sent."""
    await read_value(request)
    return await read_bytes(request)


def _expected(request: Request) -> int | None:
    given = request.headers.get("if-match", "").strip()
    if not given:
        message = "If-Match is missing: without it, somebody else's change could be overwritten unseen."
        raise Refused("precondition_required", message, hint="Send the ETag that the design was read with, or *.")
    if given == "*":
        return None
    number = given.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused("version_conflict", f"If-Match {given[:40]!r} is not the ETag of a design.")
    return int(number)
