"""`Idempotency-Key`: a repeated request is answered with what it was answered before, byte for byte.

A route that creates asks `begin_once`, does its work inside `once.guarded()`, and hands its answer to `once.record` in
the transaction that records the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tirage.api.auth import service_of
from tirage.api.errors import Refused
from tirage.api.json_body import read_bytes
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.ids import new_token
from tirage.store import idempotency
from tirage.store.idempotency import Claimed, InProgress, Mismatch, Replay

HEADER = "idempotency-key"


@dataclass(frozen=True, slots=True)
class Once:
    """A request's right to be carried out, or the answer that it got before (`replay`).

    `identity` is the same for every repetition of a request with a key, and never twice the same without one.
    """

    identity: str
    replay: Response | None = None
    _service: Service | None = None
    _workspace: str = ""
    _endpoint: str = ""
    _key: str = ""
    _claim: Claimed | None = None

    @property
    def recorded(self) -> bool:
        """Whether the answer is to be kept for repetitions."""
        return self._claim is not None

    async def record(self, tx: Transaction, answer: Response) -> None:
        """Keep the answer for repetitions; in the transaction that records the work."""
        if self._claim is not None:
            kept = Replay(answer.status_code, answer.media_type or "application/json", bytes(answer.body))
            await idempotency.answer(tx, self._endpoint, self._key, self._claim, kept)

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """Give the right back where the work fails: only what was done is answered again."""
        try:
            yield
        except BaseException:
            if self._claim is not None and self._service is not None:
                async with self._service.database.workspace(self._workspace) as tx:
                    await idempotency.release(tx, self._endpoint, self._key, self._claim)
            raise


async def begin_once(request: Request, workspace: str, endpoint: str, *, content: bytes | None = None) -> Once:
    """Claim the request of an `Idempotency-Key`; without that header every request is one of its own.

    `content` stands for a body that was not kept: the same for every repetition of the request.
    Raises Invalid `idempotency_key_invalid`, Refused `idempotency_in_progress`, `idempotency_mismatch`.
    """
    given = request.headers.getlist(HEADER)
    if not given:
        return Once(new_token())
    if len(given) > 1:
        raise Refused("parameter_repeated", "The header Idempotency-Key stands more than once.")
    key = idempotency.check_key(given[0])
    service = service_of(request)
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(request.headers.get("accept", "").encode() + b"\n")
    digest.update(await read_bytes(request) if content is None else content)
    async with service.database.workspace(workspace) as tx:
        claim = await idempotency.claim(tx, endpoint, key, digest.digest(), service.clock.now())
    # The digest too: a day later the key is new again and may stand for another request.
    identity = f"{endpoint}\n{key}\n{digest.hexdigest()}"
    if isinstance(claim, Replay):
        headers = {"idempotent-replayed": "true"}
        return Once(identity, Response(claim.body, claim.status, headers, claim.media_type))
    if isinstance(claim, InProgress):
        raise Refused(
            "idempotency_in_progress",
            "A request with this Idempotency-Key is being worked on.",
            headers={"retry-after": str(claim.retry_after)},
        )
    if isinstance(claim, Mismatch):
        raise Refused("idempotency_mismatch", "This Idempotency-Key was used for another request.")
    return Once(identity, None, service, workspace, endpoint, key, claim)
