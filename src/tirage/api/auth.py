"""Request → caller: the key of its header, checked offline, then by its hash; scopes and reach."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from tirage.actions.open_design import OpenDesigns
from tirage.api.errors import Refused
from tirage.api.limits import Limits
from tirage.context import Service
from tirage.ids import hash_key, verify_key_format
from tirage.store import keys
from tirage.store.errors import NotFound
from tirage.store.keys import Key, Scope

REMEMBERED_SECONDS = 2.0
"""How long a key that was found is taken as valid without asking again; a revoked key works no longer than this."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a valid key. `workspace` is that of requests that name none."""

    key: Key
    workspace: str

    def reaches(self, workspace: str) -> bool:
        """Whether the key may touch a workspace."""
        return workspace in self.key.workspaces

    def require_template(self, template: str) -> None:
        """Refuse a key that is bound to other designs. Raises Refused `insufficient_scope`."""
        if not self.key.allows_template(template):
            raise Refused("insufficient_scope", f"This API key may not use the design {template[:40]!r}.")

    def require_workspace(self, workspace: str) -> str:
        """The workspace of a path, where the key may touch it; a foreign one is no different from none.

        Raises NotFound `workspace_not_found`.
        """
        if not self.reaches(workspace):
            raise NotFound.of("workspace", workspace)
        return workspace


class KeyCache:
    """Keys that were found a moment ago, by their hash."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, tuple[float, Key]] = OrderedDict()

    async def find(self, service: Service, text: str) -> Key | None:
        """The valid key with this text. A text of the wrong form or checksum costs no query."""
        if not verify_key_format(text):
            return None
        mark, moment, now = hash_key(text), time.monotonic(), service.clock.now()
        held = self._found.get(mark)
        if held is not None and moment - held[0] < REMEMBERED_SECONDS and held[1].valid(now):
            return held[1]
        key = await keys.authenticate(service.database, text, now)
        if key is None:
            self._found.pop(mark, None)
        else:
            self._found[mark] = (moment, key)
            self._found.move_to_end(mark)
            if len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
        return key

    def knows(self, text: str) -> bool:
        """Whether a key was found not long ago, valid then or still."""
        return hash_key(text) in self._found

    def forget(self) -> None:
        """Ask the database again for every key: a workspace was made or deleted."""
        self._found.clear()


def service_of(request: Request) -> Service:
    """The parts that this application works with."""
    service: Service = request.app.state.service
    return service


def designs_of(request: Request) -> OpenDesigns:
    """The designs that are kept parsed."""
    designs: OpenDesigns = request.app.state.designs
    return designs


def forget_keys(request: Request) -> None:
    """Let the next request of every key see workspaces that were just made or deleted."""
    cache: KeyCache = request.app.state.keys
    cache.forget()


def caller(scope: Scope) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """A dependency: the caller, whose key has the scope; requests that draw are counted.

    Raises Refused `unauthorized`, `insufficient_scope`, `rate_limited`.
    """

    async def found(request: Request) -> Caller:
        text = _presented(request)
        cache: KeyCache = request.app.state.keys
        limits: Limits = request.app.state.limits
        # Guessing costs no query once an address has failed too often; a key that worked goes on working.
        guessing = bool(text) and limits.failing(request) and not cache.knows(text)
        key = await cache.find(service_of(request), text) if text and not guessing else None
        if key is None or key.workspace is None:
            if text:
                limits.count_failure(request)
            # The sentence is part of the contract: clients show it, some compare it.
            message = "Valid API key is required. Add request header like Authorization: Bearer API_KEY"
            raise Refused("unauthorized", message)
        request.scope["tirage.workspace"] = key.workspace
        if not key.allows(scope):
            have = ", ".join(key.scopes)
            raise Refused("insufficient_scope", f"This needs an API key with the scope {scope}; yours has {have}.")
        if scope == "render":
            limits.admit_render(request, key.id, key.workspace)
        return Caller(key, key.workspace)

    return found


def _presented(request: Request) -> str:
    """The key in `Authorization: Bearer` or `X-API-Key`; one in the query is not looked at: addresses are logged."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text.strip():
        return text.strip()
    return request.headers.get("x-api-key", "").strip()
