"""`POST /designs/{UID}/report`: how a design is laid out with a request's values, without pixels."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from tirage.actions.draw_order import Output
from tirage.actions.render_request import draw_row, read_row
from tirage.api.answers import strict_wish
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.design_body import DesignBody, layer_objects
from tirage.api.json_body import read_model
from tirage.api.openapi import answers, body_schema

router = APIRouter(tags=["Designs"])


@router.post(
    "/designs/{uid}/report",
    response_model=dict[str, Any],
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(DesignBody),
    summary="Lay a design out",
)
async def report_design(uid: str, request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> Response:
    """Boxes, lines, fonts and warnings of every layer, as `tirage schema report` describes them; nothing is stored."""
    service = service_of(request)
    strict = strict_wish(request)
    body = await read_model(request, DesignBody)
    who.require_template(uid)
    design = await designs_of(request).locate(service, uid, who.key.workspaces, who.workspace)
    params, _ = layer_objects(body, design)
    row = await read_row(service, design, params, values=body.variables, strict=strict)
    drawn = await draw_row(service, row, Output(), colours=False, layout_only=True)
    return Response(orjson.dumps(drawn.report), 200, media_type="application/json")
