"""Which origins' pages may read answers: those that workspaces list, matched exactly, without cookies."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from tirage.engine.errors import TirageError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ALLOWED_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    "X-API-Key",
    "X-Request-Id",
)
EXPOSED = (
    "Accept-Ranges, Content-Disposition, Content-Location, Content-Range, ETag, Idempotent-Replayed, RateLimit, "
    "RateLimit-Policy, Retry-After, X-Image-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "X-Request-Id"
)
REMEMBERED_SECONDS = 5.0

Listed = Callable[[str | None, str], Awaitable[bool]]
"""Whether an origin is listed by a workspace, or by any where it is None."""


class Cors:
    """Answers preflight requests, and adds the headers to answers of keys whose workspace lists the origin."""

    def __init__(self, listed: Listed) -> None:
        self._ask = listed
        self._known: dict[tuple[str | None, str], tuple[float, bool]] = {}

    async def headers(self, scope: Scope, request: Headers) -> dict[str, str]:
        """The headers for an answer. The workspace is that of the request's key; a page learns nothing of others."""
        origin = request.get("origin")
        if origin is None or scope["method"] == "OPTIONS":
            return {}
        # Without a valid key there is no workspace; the refusal may be read by whoever any workspace lists.
        if not await self._is_listed(scope.get("tirage.workspace"), origin):
            return {"vary": "Origin"}
        return {"vary": "Origin", "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED}

    def preflight(self, request: Headers) -> _Preflight:
        """The answer to a preflight request; it bears no key, so any workspace's list will do."""
        return _Preflight(self, request)

    async def is_listed(self, origin: str) -> bool:
        """Whether any workspace lists an origin."""
        return await self._is_listed(None, origin)

    async def _is_listed(self, workspace: str | None, origin: str) -> bool:
        if not origin or origin == "null" or len(origin) > 300:
            return False
        held = self._known.get((workspace, origin))
        now = time.monotonic()
        if held is not None and now - held[0] < REMEMBERED_SECONDS:
            return held[1]
        if len(self._known) > 1_000:
            self._known.clear()
        try:
            listed = await self._ask(workspace, origin)
        except TirageError:
            return False  # the database is away: the answer itself says so
        self._known[workspace, origin] = (now, listed)
        return listed


class _Preflight:
    """An ASGI answer that asks the database first."""

    def __init__(self, cors: Cors, request: Headers) -> None:
        self._cors = cors
        self._request = request

    async def __call__(self, scope: Scope, receive: object, send: object) -> None:
        origin = self._request.get("origin", "")
        headers = {"vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
        if await self._cors.is_listed(origin):
            headers |= {
                "access-control-allow-origin": origin,
                "access-control-allow-methods": ", ".join(METHODS),
                "access-control-allow-headers": ", ".join(ALLOWED_HEADERS),
                "access-control-max-age": "600",
            }
        await Response(status_code=204, headers=headers)(scope, receive, send)  # type: ignore[arg-type]
