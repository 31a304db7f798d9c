"""A multipart body → its one file and its plain fields, bounded while it comes in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tirage.api.errors import Refused
from tirage.api.json_body import read_bytes
from tirage.engine.errors import Problem, RowProblem

FRAME_BYTES = 100_000
"""What boundaries, headers and plain fields may add to a file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file."""

    filename: str
    data: bytes
    fields: Mapping[str, str]


async def read_upload(request: Request, max_bytes: int) -> Upload:
    """The file of the part `file`.

    Raises Refused `body_too_large`, `media_type_unsupported`, RowProblem `upload_invalid`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise Refused(
            "media_type_unsupported",
            f"The body's Content-Type is {media_type[:60]!r}.",
            hint="Send the file as the part `file` of multipart/form-data.",
        )
    body = await read_bytes(request, max_bytes + FRAME_BYTES)

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(
            request.headers, once(), max_files=1, max_fields=10, max_part_size=FRAME_BYTES
        ).parse()
    except (MultiPartException, ValueError) as error:
        raise RowProblem(Problem("upload_invalid", f"The multipart body cannot be read: {error}"[:300])) from None
    try:
        given = form.getlist("file")
        if len(given) != 1 or not isinstance(given[0], UploadFile):
            message = "The body has no part `file` with a file name."
            raise RowProblem(Problem("upload_invalid", message, "/file"))
        data = await given[0].read()
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        # Browsers write a quotation mark in a name so (HTML, multipart/form-data encoding).
        return Upload((given[0].filename or "").replace("%22", '"'), data, fields)
    finally:
        await form.close()


def upload_schema(description: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The request body of a route that reads an upload, for its decorator's `openapi_extra`."""
    properties: dict[str, Any] = {"file": {"type": "string", "format": "binary", "description": description}}
    for name, told in (fields or {}).items():
        properties[name] = {"type": "string", "description": told}
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
