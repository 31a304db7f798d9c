"""The body of `POST /batches` → design, format and table: JSON rows or a multipart file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import Field
from starlette.requests import Request

from tirage.actions.start_batch import Source
from tirage.api.json_body import Body, checked, read_model
from tirage.api.upload import read_upload
from tirage.engine import formats
from tirage.engine.errors import Problem, RowProblem
from tirage.tables.open import FORMATS

MAX_SOURCE = 256_000_000
"""Bytes of an uploaded table: a million rows of ordinary width."""
MAX_JSON = 20_000_000


class BatchesBody(Body):
    """A design, and rows: objects with a member for each variable or layer of the design."""

    template_id: Annotated[str, Field(max_length=64)]
    format: Annotated[str, Field(max_length=20)] = "png"
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100_000)]


class _Fields(Body):
    template_id: Annotated[str, Field(max_length=64)]
    format: Annotated[str, Field(max_length=20)] = "png"


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """What a request asks for."""

    template_id: str
    format: str
    source: Source


async def read_order(request: Request) -> BatchOrder:
    """The order in a request's body. Raises as `read_model` and `read_upload`, RowProblem `format_unknown`."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        upload = await read_upload(request, MAX_SOURCE)
        fields = checked(_Fields, dict(upload.fields))
        extension = upload.filename.rpartition(".")[2].lower()
        if extension not in FORMATS:
            raise RowProblem(
                Problem(
                    "table_format_unknown",
                    f"The file's name {upload.filename[:60]!r} does not tell its format.",
                    "/file",
                    f"Let it end in one of .{', .'.join(FORMATS)}.",
                )
            )
        source = Source(upload.filename, FORMATS[extension], upload.data)
        return BatchOrder(fields.template_id, _format(fields.format), source)
    body = await read_model(request, BatchesBody, MAX_JSON)
    lines = b"\n".join(orjson.dumps(row) for row in body.rows)
    return BatchOrder(body.template_id, _format(body.format), Source("rows", "ndjson", lines))


def _format(name: str) -> str:
    """The name of a format. Raises RenderProblem `format_unknown`."""
    return formats.get(name).name
