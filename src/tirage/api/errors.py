"""Errors → problem documents (RFC 9457): the only place where HTTP statuses live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tirage.actions.quota import QuotaExceeded
from tirage.actions.render_request import LayersNotFound
from tirage.blobs.problems import StorageProblem
from tirage.db.errors import DatabaseFull, DatabaseUnavailable
from tirage.engine.errors import Problem, TirageError
from tirage.store.errors import Conflict, NotFound

PROBLEM_TYPE = "application/problem+json"
MAX_ERRORS = 50
MAX_TEXT = 1_000

# Codes whose status is not that of their error's type.
STATUSES: Mapping[str, int] = {
    "request_invalid": 400,
    "unauthorized": 401,
    "insufficient_scope": 403,
    "https_required": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "link_expired": 410,
    "precondition_required": 428,
    "body_too_large": 413,
    "header_too_large": 431,
    "media_type_unsupported": 415,
    "range_not_satisfiable": 416,
    "json_invalid": 400,
    "json_too_deep": 400,
    "json_too_large": 413,
    "json_duplicate_key": 400,
    "number_too_large": 400,
    "parameter_repeated": 400,
    "params_and_pages": 400,
    "cursor_invalid": 400,
    "text_invalid": 422,
    "idempotency_key_invalid": 400,
    "idempotency_in_progress": 409,
    "idempotency_mismatch": 422,
    "link_duplicate": 400,
    "link_malformed": 400,
    "link_too_long": 414,
    "link_expiry_missing": 403,
    "link_signature_invalid": 403,
    "link_signature_missing": 403,
    "version_conflict": 412,
    "quota_exceeded": 429,
    "rate_limited": 429,
    "renderer_busy": 503,
    "streams_full": 503,
    "pool_full": 503,
    "pool_closed": 503,
    "pool_unavailable": 503,
    "storage_full": 507,
    "storage_not_found": 404,
    "storage_unavailable": 503,
    "storage_denied": 503,
    "internal_error": 500,
}
"""Status by code; every other code has the status of its error's type (see `status_of`)."""


class Refused(TirageError):
    """A request that the API itself turns down; the code decides the status. `headers` go with the answer."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        pointer: str = "",
        hint: str | None = None,
        closest: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(Problem(code, message, pointer, hint, closest))
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Told:
    """An error as HTTP tells it."""

    status: int
    problems: tuple[Problem, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    retryable: bool = False
    layers: tuple[str, ...] = ()


def status_of(error: TirageError) -> int:
    """The HTTP status of an error: by its code, else by its type."""
    by_code = STATUSES.get(error.code)
    if by_code is not None:
        return by_code
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, DatabaseFull):
        return 507
    if isinstance(error, DatabaseUnavailable | StorageProblem):
        return 503
    return 422


def told(error: TirageError) -> Told:
    """What is said about an error that was raised on purpose."""
    status = status_of(error)
    headers = dict(error.headers) if isinstance(error, Refused) else {}
    if isinstance(error, QuotaExceeded):
        headers["retry-after"] = str(error.seconds)
    if status in (429, 503):
        headers.setdefault("retry-after", "2")
    if status == 401:
        headers.setdefault("www-authenticate", 'Bearer realm="tirage"')
    layers = error.layers if isinstance(error, LayersNotFound) else ()
    return Told(status, error.problems, headers, error.retryable, layers)


def problem_response(request: Request, error: TirageError | Told) -> Response:
    """The problem document of an error."""
    said = error if isinstance(error, Told) else told(error)
    return problem_document(
        said, request_id=str(request.scope.get("tirage.request_id", "")), base=str(request.scope.get("tirage.base", ""))
    )


def problem_document(said: Told, *, request_id: str, base: str = "") -> Response:
    """RFC 9457 with our members: `message` (the same words as `detail`), `code`, `requestId`, `errors`."""
    first = said.problems[0]
    detail = first.message if len(said.problems) == 1 else f"{first.message} (and {len(said.problems) - 1} more)"
    if first.hint:
        detail = f"{detail} {first.hint}"
    body: dict[str, object] = {
        "type": f"{base}/docs#{first.code}",
        "title": HTTPStatus(said.status).phrase,
        "status": said.status,
        "detail": detail[:MAX_TEXT],
        "message": detail[:MAX_TEXT],
        "code": first.code,
        "requestId": request_id,
        "errors": [
            {key: value[:MAX_TEXT] for key, value in each.as_dict().items()} for each in said.problems[:MAX_ERRORS]
        ],
    }
    if first.closest:
        body["closest"] = first.closest
    if said.layers:
        body["layers"] = list(said.layers)
    if said.retryable:
        body["retryable"] = True
    headers = {"cache-control": "no-store", **said.headers}
    return Response(orjson.dumps(body), said.status, headers, PROBLEM_TYPE)
