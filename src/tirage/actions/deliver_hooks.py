"""The outbox → POSTs to the hooks that asked, signed as Standard Webhooks, each attempt recorded.

Delivery is at least once: a sender that dies between the POST and its record has the message sent again, with the same
`webhook-id`, by which receivers know it. Messages of different events may arrive in any order; `tirage-sequence` tells
the order of the workspace's events.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import orjson

from tirage.actions.event_types import HOOK_DISABLED
from tirage.assets.freshness import retry_after
from tirage.assets.post import Poster
from tirage.context import Service
from tirage.engine.errors import ResourceProblem, TirageError
from tirage.faults import fault
from tirage.store import deliveries, events
from tirage.store.deliveries import Due, Outcome, Recorded
from tirage.store.hooks import SECRET_PREFIX

log = logging.getLogger("tirage.hooks")

MAX_MESSAGE = 20_000
"""Bytes of a message (Standard Webhooks, "Payload size")."""
UNDER_WAY = 200
"""Attempts at once, over all hooks; one hook has no more than `deliveries.PER_HOOK` of them."""
IDLE_SECONDS = 0.5
_CUT_METADATA = 2_000


def signature(secrets: Sequence[str], message_id: str, moment: datetime, message: bytes) -> str:
    """The value of `webhook-signature`: one `v1` signature a secret (`whsec_…`), separated by blanks.

    HMAC-SHA256 over id, seconds since 1970 and message, joined by dots (Standard Webhooks, "Signature scheme").
    """
    signed = f"{message_id}.{int(moment.timestamp())}.".encode() + message
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode() for secret in secrets
    )


def message_of(payload: str) -> bytes:
    """A payload as it is sent: whole, or within the size limit without what can be read from the picture's record."""
    message = payload.encode()
    if len(message) <= MAX_MESSAGE:
        return message
    value = orjson.loads(message)
    for member in ("warnings", "files", "palette"):
        value.pop(member, None)
    if isinstance(value.get("metadata"), str):
        value["metadata"] = value["metadata"][:_CUT_METADATA]
    return orjson.dumps({**value, "truncated": True})


async def deliver(service: Service, poster: Poster, due: Due, chance: float) -> Recorded | None:
    """Carry out one claimed attempt and record what came of it; None where the claim was lost meanwhile."""
    outcome = await _attempt(service, poster, due)
    fault("hook_sent_not_recorded")
    now = service.clock.now()
    async with service.database.system() as system:
        recorded = await deliveries.record(system, due, outcome, now, chance)
    if recorded is not None and recorded.disabled is not None:
        log.warning("The hook %s of workspace %s was disabled: %s.", due.hook_id, due.workspace_id, recorded.disabled)
        await _tell_disabled(service, due, recorded.disabled, now)
    return recorded


class HookSender:
    """Sends what is due, for as long as it runs; several processes may do so beside each other."""

    def __init__(
        self, service: Service, poster: Poster | None = None, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._service = service
        self._poster = poster or service.fetcher.poster()
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled. An outage of the database is waited for."""
        try:
            while True:
                try:
                    begun = await self.begin()
                except TirageError as error:
                    log.warning("Hooks wait: %s", error)
                    begun = 0
                except Exception:
                    log.exception("Hooks wait.")
                    begun = 0
                if not begun or len(self._tasks) >= UNDER_WAY:
                    await asyncio.sleep(IDLE_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._poster.aclose()

    async def begin(self) -> int:
        """Begin the attempts that are due, how many. A slow receiver keeps none of the others waiting."""
        free = UNDER_WAY - len(self._tasks)
        if free <= 0:
            return 0
        async with self._service.database.system() as system:
            claimed = await deliveries.claim_due(system, self._service.clock.now(), limit=free)
        for due in claimed:
            task = asyncio.create_task(self._carry_out(due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed)

    async def settle(self) -> None:
        """Wait until every attempt begun has been recorded."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _carry_out(self, due: Due) -> None:
        try:
            await deliver(self._service, self._poster, due, self._chance())
        except TirageError as error:
            # The lease ends and the message is sent again.
            log.warning("An attempt to deliver %s could not be recorded: %s", due.event_id, error)
        except Exception:
            log.exception("An attempt to deliver %s failed.", due.event_id)


async def send_hooks(service: Service) -> None:
    """Send what is due until it is cancelled: what a process of the service runs beside its requests."""
    await HookSender(service).run()


async def _tell_disabled(service: Service, due: Due, reason: str, now: datetime) -> None:
    said = {"id": due.hook_id, "targetUrl": due.target_url, "eventType": due.type, "reason": reason}
    async with service.database.workspace(due.workspace_id) as tx:
        await events.enqueue(tx, HOOK_DISABLED, orjson.dumps(said).decode(), now)


async def _attempt(service: Service, poster: Poster, due: Due) -> Outcome:
    now = service.clock.now()
    message = message_of(due.payload)
    headers = {
        "content-type": "application/json",
        "webhook-id": due.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(due.secrets(service.vault, now), due.event_id, now, message),
        "tirage-event": due.type,
        "tirage-sequence": str(due.sequence),
    }
    started = time.monotonic()
    try:
        answer = await poster.post(due.target_url, message, headers)
    except ResourceProblem as error:
        return Outcome(None, _since(started), error.code)
    asked = retry_after(answer.headers.get("retry-after"), now.timestamp()) if answer.status in (429, 503) else None
    pause = None if asked is None else min(timedelta(seconds=min(asked, 1e9)), timedelta(days=1))
    said = "" if 200 <= answer.status < 300 else "http_status"
    return Outcome(answer.status, _since(started), said, answer.body[: deliveries.EXCERPT_BYTES], pause)


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
