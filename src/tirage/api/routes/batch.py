"""`POST /batch`: one PDF from pages of several designs."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from tirage.actions.make_batch_pdf import MAX_PAGES, BatchPage, make_batch_pdf
from tirage.actions.picture_answer import WirePicture, picture, plain
from tirage.api.answers import strict_wish
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.design_body import LayerObject, Metadata
from tirage.api.idempotent import begin_once
from tirage.api.json_body import Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, RowProblem
from tirage.store.errors import NotFound
from tirage.store.images import Image

router = APIRouter(tags=["Designs"])
TemplateId = Annotated[str | None, Field(max_length=64)]


class BatchPageBody(Body):
    """One page: its design, where it is not that of the whole, and the changes to its layers."""

    template_id: TemplateId = None
    metadata: Metadata | None = None
    layers: list[LayerObject] = Field(default_factory=list, max_length=2_000)


class BatchBody(Body):
    """The pages of one PDF, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "templateId": "debca16f99",
                    "pages": [
                        {"layers": [{"name": "title", "text": "One"}]},
                        {"templateId": "000d61e4f7", "layers": []},
                    ],
                }
            ]
        }
    )
    template_id: TemplateId = None
    format: Annotated[str, Field(max_length=20, description="pdf; a batch is nothing else.")] = "pdf"
    metadata: Metadata | None = None
    pages: Annotated[list[BatchPageBody], Field(min_length=1, max_length=MAX_PAGES)]


@router.post(
    "/batch",
    response_model=WirePicture,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    openapi_extra=body_schema(BatchBody),
    summary="One PDF from several designs",
)
async def make_batch(request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> Response:
    """Draw pages of one or several designs into one PDF; a design of several pages gives all of them."""
    service = service_of(request)
    strict = strict_wish(request)
    body = await read_model(request, BatchBody)
    if body.format.lower() != "pdf":
        raise RowProblem(Problem("parameter_invalid", "A batch is made as pdf.", "/format"))
    pages = [await _page(request, who, body, place) for place in range(len(body.pages))]
    once = await begin_once(request, pages[0].design.workspace, "POST /batch")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, kept: tuple[Image, ...]) -> None:
        said = orjson.dumps(plain(picture(service.public_url, kept[0])))
        answered.append(Response(said, 200, media_type="application/json"))
        await once.record(tx, answered[0])

    async with once.guarded():
        await make_batch_pdf(service, pages, once.identity, body.metadata or "", strict=strict, answering=answering)
    return answered[0]


async def _page(request: Request, who: Caller, body: BatchBody, place: int) -> BatchPage:
    given = body.pages[place]
    uid = given.template_id or body.template_id
    pointer = f"/pages/{place}/templateId"
    if not uid:
        message = "The page names no design, and neither does the batch."
        raise RowProblem(Problem("template_missing", message, pointer, "Set templateId in the page or beside pages."))
    who.require_template(uid)
    try:
        design = await designs_of(request).locate(service_of(request), uid, who.key.workspaces, who.workspace)
    except NotFound as error:
        first = error.problems[0]
        raise NotFound(Problem(first.code, first.message, pointer)) from None
    layers = [{"name": each.name, **(each.model_extra or {})} for each in given.layers]
    return BatchPage(design, layers, given.metadata if given.metadata is not None else body.metadata or "")
