"""What every request passes: id, log line, figures, safe headers, CORS, and the last catch of errors (ASGI)."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tirage import log
from tirage.api import limits
from tirage.api.cors import Cors
from tirage.api.errors import Told, problem_document, told
from tirage.engine.errors import Problem, TirageError

if TYPE_CHECKING:
    from tirage.api.metrics import Metrics

logger = log.get_logger(__name__)
INTERNAL = Problem(
    "internal_error", "Something went wrong inside.", hint="Try again; if it stays, report the requestId."
)


class Edge:
    """Wraps the application. `base` is the service's public address, `secure` says that it is reached over TLS."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, cors: Cors, base: str, require_https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._cors = cors
        self._base = base
        self._require_https = require_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = log.accepted_request_id(headers.get("x-request-id"))
        scope["tirage.request_id"] = request_id
        scope["tirage.base"] = self._base
        started = time.perf_counter()
        state: dict[str, Any] = {"status": 500, "begun": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                state["status"], state["begun"] = message["status"], True
                self._dress(scope, message, request_id, await self._cors.headers(scope, headers))
            await send(message)

        with log.request(request_id):
            try:
                await self._serve(scope, headers, receive, answer)
            except Exception as error:
                logger.error("request_failed", error=type(error).__name__, exc_info=error)
                if scope.get("tirage.told"):
                    return  # the application has answered it already
                if state["begun"]:
                    raise
                failure = told(error) if isinstance(error, TirageError) else Told(500, (INTERNAL,))
                await problem_document(failure, request_id=request_id, base=self._base)(scope, receive, answer)
            finally:
                seconds = time.perf_counter() - started
                route = _route(scope)
                self._metrics.count(scope["method"], route, state["status"], seconds)
                logger.info(
                    "request", method=scope["method"], route=route, status=state["status"], ms=round(seconds * 1000, 1)
                )

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, answer: Send) -> None:
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            response = problem_document(refusal, request_id=scope["tirage.request_id"], base=self._base)
            await response(scope, receive, answer)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._cors.preflight(headers)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> Told | None:
        if len(headers.getlist("host")) != 1 and scope.get("http_version") != "1.0":
            return Told(400, (Problem("request_invalid", "A request names its host once."),))
        if self._require_https and scope.get("scheme") != "https" and scope["path"] not in ("/livez", "/readyz"):
            return Told(403, (Problem("https_required", "This service answers over HTTPS only."),))
        return None

    def _dress(self, scope: Scope, message: MutableMapping[str, Any], request_id: str, more: dict[str, str]) -> None:
        present = {name for name, _ in message["headers"]}
        wanted = {
            "x-request-id": request_id,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            **limits.headers_of(scope),
            **more,
        }
        if b"cross-origin-resource-policy" not in present:
            wanted["cross-origin-resource-policy"] = "same-origin"
        if scope.get("scheme") == "https":
            wanted["strict-transport-security"] = "max-age=31536000"
        message["headers"] = [
            *message["headers"],
            *((name.encode(), value.encode()) for name, value in wanted.items() if name.encode() not in present),
        ]


def _route(scope: Scope) -> str:
    """The pattern of the route that answered, so that neither log nor figures hold ids."""
    route = scope.get("route")
    return str(getattr(route, "path", "") or "(none)")
