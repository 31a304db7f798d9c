"""`POST /designs/{UID}`: draw a design with a request's values and answer with addresses, bytes or base 64."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.draw_order import Output
from tirage.actions.draw_outputs import draw_outputs
from tirage.actions.keep_pictures import Asked, keep_pictures
from tirage.actions.open_design import Design, in_size
from tirage.actions.picture_answer import WireFile, WirePages, WirePicture, file, picture, picture_text, plain
from tirage.actions.quota import require_quota
from tirage.actions.render_request import DrawnOutput, read_row
from tirage.actions.tell_failure import tell_failure
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.design_body import Changes, DesignBody, Wish, changes_of, moment_of, outputs_of, read_wish
from tirage.api.idempotent import begin_once
from tirage.api.json_body import read_model
from tirage.api.openapi import answers, body_schema
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, RenderProblem, TirageError
from tirage.store.images import Image

router = APIRouter(tags=["Designs"])


@router.post(
    "/designs/{uid}",
    response_model=WirePicture | WirePages,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503, 507),
    openapi_extra=body_schema(DesignBody),
    summary="Draw a design",
)
async def render_design(uid: str, request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> Response:
    """Draw the design with the given values; store the pictures and answer with their addresses.

    `?strict=true` refuses layer objects that no layer fits, `?response=binary` or an `Accept: image/…` answers with
    the picture itself, `?response=base64` puts its bytes into the answer as well.
    """
    service = service_of(request)
    wish = read_wish(request)
    body = await read_model(request, DesignBody)
    who.require_template(uid)
    design = await designs_of(request).locate(service, uid, who.key.workspaces, who.workspace)
    changes = changes_of(body, design)
    outputs = outputs_of(body, wish, design)
    once = await begin_once(request, design.workspace, f"POST /designs/{uid}")
    if once.replay is not None:
        return once.replay
    async with once.guarded():
        asked = Asked(once.identity, changes.params, body.variables, body.metadata or "", changes.page_metadata)
        await require_quota(service, design.workspace)
        try:
            drawn = await _draw(service, design, body, changes, outputs, strict=wish.strict)
        except TirageError as error:
            await tell_failure(service, design, asked, outputs[0][0], error)
            raise
        if wish.response == "binary":
            _require_one_page(drawn[0])
        several = body.pages is not None or len(design.template.document.pages) > 1

        def answer(kept: tuple[Image, ...]) -> Response:
            return _answer(service, wish, drawn, kept, design.name, several)

        async def answering(tx: Transaction, kept: tuple[Image, ...]) -> None:
            await once.record(tx, answer(kept))

        named = [(name, each) for (name, _), each in zip(outputs, drawn, strict=True)]
        recording = answering if once.recorded else None
        return answer(await keep_pictures(service, design, asked, named, answering=recording))


async def _draw(
    service: Service,
    design: Design,
    body: DesignBody,
    changes: Changes,
    outputs: tuple[tuple[str, Output], ...],
    *,
    strict: bool,
) -> list[DrawnOutput]:
    """Every output of the request, each in the size of the design that it is of."""
    moment = moment_of(body)
    rows = {
        size: await read_row(
            service,
            in_size(design, size),
            changes.params,
            values=body.variables,
            strict=strict,
            moment=moment,
            pointers=changes.pointers,
            astray=changes.astray,
            values_at="/variables",
        )
        for size in dict.fromkeys(output.size for _, output in outputs)
    }
    return await draw_outputs(service, rows, outputs)


def _answer(
    service: Service,
    wish: Wish,
    drawn: Sequence[DrawnOutput],
    kept: Sequence[Image],
    name: str,
    several: bool,
) -> Response:
    """The answer in the wanted form; `kept` are the records of all files in their order."""
    base = service.public_url
    data = [each.data for output in drawn for each in output.files]
    if wish.response == "binary":
        return _binary(base, kept[0], data[0])
    first = len(drawn[0].files)
    files = _files(base, kept, data if wish.response == "base64" else None) if len(drawn) > 1 else None
    in_pages = several and kept[0].extension != "pdf"
    if wish.response == "url" and files is None and not in_pages:
        return Response(picture_text(base, kept[0]), 200, media_type="application/json")
    said = [picture(base, image, in_pages=in_pages, files=files if not place else None)
            for place, image in enumerate(kept[:first])]  # fmt: skip
    if wish.response == "base64":
        said = [
            each.model_copy(update={"base64": base64.b64encode(data[place]).decode()})
            for place, each in enumerate(said)
        ]
    if in_pages:
        return _json(plain(WirePages(template_id=kept[0].template_id, template_name=name, pages=said)))
    return _json(plain(said[0]))


def _files(base: str, kept: Sequence[Image], data: Sequence[bytes] | None) -> list[WireFile]:
    said = [file(base, image) for image in kept]
    if data is None:
        return said
    return [
        each.model_copy(update={"base64": base64.b64encode(data[place]).decode()}) for place, each in enumerate(said)
    ]


def _require_one_page(drawn: DrawnOutput) -> None:
    if len(drawn.files) > 1:
        message = f"The design has {len(drawn.files)} pages, and one answer holds one picture."
        raise RenderProblem(Problem("one_page_only", message, hint="Ask for pdf, or for addresses (response=url)."))


def _binary(base: str, image: Image, data: bytes) -> Response:
    headers = {
        "content-location": f"{base}/images/{image.path}",
        "etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
        "x-image-id": image.id,
    }
    return Response(data, 200, headers, image.media_type)


def _json(value: dict[str, Any]) -> Response:
    return Response(orjson.dumps(value), 200, media_type="application/json")
