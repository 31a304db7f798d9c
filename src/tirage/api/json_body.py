"""Request body → Pydantic model: bounded while it comes in, read strictly, every fault with its pointer."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect, Request

from tirage.api.errors import Refused
from tirage.engine.errors import Problem, RowProblem
from tirage.engine.json_strict import read_json

MAX_BODY = 5_000_000
M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """The base of request bodies: camelCase, finite numbers, strict types; unknown members are ignored."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        allow_inf_nan=False,
        validate_by_name=False,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class Answer(BaseModel):
    """The base of answers: camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, serialize_by_alias=True, validate_by_name=True, frozen=True)


async def read_bytes(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body, also a second time. Raises Refused `body_too_large` before more than the limit is held."""
    held = request.scope.get("tirage.body")
    if isinstance(held, bytes):
        return held
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            chunks.append(chunk)
    except ClientDisconnect:
        raise Refused("request_timeout", "The request's body ended before it was whole.") from None
    body = request.scope["tirage.body"] = b"".join(chunks)
    return body


async def read_value(request: Request, limit: int = MAX_BODY) -> Any:
    """The JSON value of the body. Raises Refused `media_type_unsupported`, TemplateProblem `json_…`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and not (media_type == "application/json" or media_type.endswith("+json")):
        # Browsers send text/plain across origins without asking first (fetch, simple requests).
        raise Refused(
            "media_type_unsupported",
            f"The body's Content-Type is {media_type[:60]!r}.",
            hint="Send JSON with Content-Type: application/json.",
        )
    data = await read_bytes(request, limit)
    if data and not media_type:
        raise Refused(
            "media_type_unsupported", "The body has no Content-Type.", hint="Send Content-Type: application/json."
        )
    return read_json(data, limit)


async def read_model(request: Request, model: type[M], limit: int = MAX_BODY) -> M:
    """The body as a model. Raises as `read_value`, and RowProblem `body_invalid` with every fault."""
    return checked(model, await read_value(request, limit))


def checked(model: type[M], value: Any) -> M:
    """A JSON value as a model. Raises RowProblem `body_invalid` with the pointer of every fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RowProblem([_problem(each) for each in error.errors(include_url=False, include_input=False)]) from None


def too_large(limit: int) -> Refused:
    """The refusal of a body beyond the limit; the connection is closed, since the rest is not read."""
    message = f"The body is larger than {limit:,} bytes."
    return Refused("body_too_large", message, headers={"connection": "close"})


def _problem(fault: Any) -> Problem:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}"[:120] for part in fault["loc"])
    message = str(fault["msg"]).replace("Input should", "The value should")
    return Problem("body_invalid", f"{message}.", pointer)
