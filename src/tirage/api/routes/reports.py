"""`/designs/{UID}/report` and `/sample`: a layout with a request's values, and random values to try a design with."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from tirage.actions.draw_order import Output
from tirage.actions.render_request import draw_row, read_row
from tirage.actions.sample_fields import sample_fields
from tirage.api.answers import json_answer, strict_wish
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.design_body import DesignBody, changes_of, moment_of
from tirage.api.json_body import Answer, Body, read_model
from tirage.api.openapi import answers, body_schema
from tirage.engine.errors import Problem, RowProblem
from tirage.engine.template import Template
from tirage.sampling import sample_rows

router = APIRouter(tags=["Designs"])


class SampleBody(Body):
    """How many rows, and whose names and places. The same seed gives the same rows."""

    count: int = Field(1, ge=1, le=100)
    seed: int = Field(1, ge=0, le=2**31)
    locale: str = Field("en_US", max_length=20)


class WireSample(Answer):
    """Random but plausible values: each row goes into `variables` of a request, or into a table."""

    rows: list[dict[str, str]]


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
    changes = changes_of(body, design)
    row = await read_row(
        service,
        design,
        changes.params,
        values=body.variables,
        strict=strict,
        moment=moment_of(body),
        pointers=changes.pointers,
        astray=changes.astray,
        values_at="/variables",
    )
    drawn = await draw_row(service, row, Output(), colours=False, layout_only=True)
    return Response(orjson.dumps(drawn.report), 200, media_type="application/json")


@router.post(
    "/designs/{uid}/sample",
    response_model=WireSample,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(SampleBody),
    summary="Values to try a design with",
)
async def sample_design(uid: str, request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> Response:
    """Rows of random but plausible data, with a column for each variable of the design."""
    body = await read_model(request, SampleBody)
    who.require_template(uid)
    design = await designs_of(request).locate(service_of(request), uid, who.key.workspaces, who.workspace)
    return json_answer(WireSample(rows=await asyncio.to_thread(_rows, design.template, body)))


def _rows(template: Template, body: SampleBody) -> list[dict[str, str]]:
    fields = list(sample_fields(template))
    if not fields:
        return []
    try:
        return [dict(row) for row in sample_rows(fields, body.count, body.seed, body.locale)]
    except ValueError as error:
        raise RowProblem(Problem("locale_unknown", str(error), "/locale")) from None
