"""Deliveries of events to hooks: claimed under a lease, logged attempt by attempt, retried, given up, replayed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, LiteralString

from tirage.db.connect import Transaction
from tirage.ids import new_token
from tirage.store.errors import NotFound
from tirage.store.hooks import SECRET_PREFIX
from tirage.store.paging import Page, Position, read_cursor
from tirage.store.schedule import GIVEN_UP_AFTER, next_pause
from tirage.store.vault import Vault

State = Literal["pending", "delivered", "exhausted", "cancelled"]
DisabledReason = Literal["gone", "failing"]

LEASE = timedelta(seconds=60)
"""How long a claim is believed: longer than an attempt may take (15 s), so only a dead sender loses it."""
PER_HOOK = 8
"""How many deliveries of one hook are under way at once: a dead endpoint must not hold up the others."""
EXCERPT_BYTES = 1024
GONE = 410


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery claimed by this sender, with all that it takes to send it."""

    event_id: str
    hook_id: str
    workspace_id: str
    claim: str
    attempts: int
    step: int
    type: str
    payload: str
    sequence: int
    target_url: str
    happened_at: datetime
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_until: datetime | None

    def secrets(self, vault: Vault, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with (`whsec_…`), the newest first: two within a day of a rotation."""
        sealed = [self.secret]
        if self.previous_secret is not None and self.previous_until is not None and now < self.previous_until:
            sealed.append(self.previous_secret)
        opened = (vault.open(each, "hooks", self.workspace_id, self.hook_id) for each in sealed)
        return tuple(SECRET_PREFIX + base64.b64encode(each).decode() for each in opened)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. `status` is None where no answer came; then `error` is a code that says why."""

    status: int | None
    latency_ms: int
    error: str = ""
    excerpt: bytes = b""
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        """Only 2xx is success; a redirect is not followed and is a failure."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Recorded:
    """How the delivery stands after an attempt; `disabled` where that ended the hook, whose owner must be told."""

    state: State
    due_at: datetime | None
    disabled: DisabledReason | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one hook."""

    event_id: str
    hook_id: str
    workspace_id: str
    state: State
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the delivery log."""

    number: int
    attempted_at: datetime
    status: int | None
    latency_ms: int
    error: str
    excerpt: bytes


# The hooks that have something due and are not busy, a few deliveries of each, the longest due first.
_CLAIM: LiteralString = """
WITH ready AS (
    SELECT id FROM hooks
    WHERE disabled_at IS NULL
      AND EXISTS (
          SELECT FROM deliveries
          WHERE hook_id = hooks.id AND state = 'pending' AND due_at <= %(now)s
            AND (claimed_until IS NULL OR claimed_until <= %(now)s))
      AND (
          SELECT count(*) FROM deliveries
          WHERE hook_id = hooks.id AND state = 'pending' AND claim IS NOT NULL AND claimed_until > %(now)s
      ) < %(per_hook)s
), chosen AS (
    SELECT due.event_id, due.hook_id
    FROM ready CROSS JOIN LATERAL (
        SELECT event_id, hook_id, due_at FROM deliveries
        WHERE hook_id = ready.id AND state = 'pending' AND due_at <= %(now)s
          AND (claimed_until IS NULL OR claimed_until <= %(now)s)
        ORDER BY due_at
        LIMIT %(per_hook)s
        FOR UPDATE SKIP LOCKED
    ) AS due
    ORDER BY due.due_at
    LIMIT %(limit)s
)
UPDATE deliveries SET claim = %(token)s, claimed_until = %(until)s
FROM chosen
    JOIN events ON events.id = chosen.event_id
    JOIN hooks ON hooks.id = chosen.hook_id
WHERE deliveries.event_id = chosen.event_id AND deliveries.hook_id = chosen.hook_id
RETURNING deliveries.event_id, deliveries.hook_id, deliveries.workspace_id, deliveries.claim, deliveries.attempts,
    deliveries.step, events.type, events.payload, events.sequence, hooks.target_url, events.created_at AS happened_at,
    hooks.secret, hooks.previous_secret, hooks.previous_until
"""
_FINISH: LiteralString = """
UPDATE deliveries
SET state = %(state)s, attempts = attempts + 1, step = step + 1, due_at = coalesce(%(due_at)s, due_at),
    claim = NULL, claimed_until = NULL, finished_at = %(finished_at)s
WHERE event_id = %(event_id)s AND hook_id = %(hook_id)s AND claim = %(claim)s
RETURNING attempts
"""
_LOG: LiteralString = """
INSERT INTO delivery_attempts
    (event_id, hook_id, number, workspace_id, attempted_at, status, latency_ms, error, excerpt)
VALUES
    (%(event_id)s, %(hook_id)s, %(number)s, %(of_workspace)s, %(now)s, %(status)s, %(latency_ms)s, %(error)s,
     %(excerpt)s)
"""
_WELL: LiteralString = "UPDATE hooks SET failing_since = NULL WHERE id = %(hook_id)s AND failing_since IS NOT NULL"
_FAILING: LiteralString = """
UPDATE hooks SET failing_since = coalesce(failing_since, %(now)s) WHERE id = %(hook_id)s
RETURNING failing_since
"""
_DISABLE: LiteralString = """
UPDATE hooks SET disabled_at = %(now)s, disabled_reason = %(reason)s
WHERE id = %(hook_id)s AND disabled_at IS NULL
RETURNING id
"""
_CANCEL: LiteralString = """
UPDATE deliveries
SET state = 'cancelled', claim = NULL, claimed_until = NULL, finished_at = %(now)s
WHERE hook_id = %(hook_id)s AND state = 'pending'
"""
_REPLAY: LiteralString = """
INSERT INTO deliveries (event_id, hook_id, workspace_id, state, due_at, created_at)
SELECT events.id, hooks.id, events.workspace_id, 'pending', %(now)s, %(now)s
FROM events JOIN hooks USING (workspace_id)
WHERE workspace_id = %(workspace)s AND hooks.id = %(hook_id)s AND hooks.disabled_at IS NULL
  AND hooks.event_type = events.type AND (hooks.template_id IS NULL OR hooks.template_id = events.template_id)
  AND (%(event_id)s::text IS NULL OR events.id = %(event_id)s)
  AND (%(since)s::timestamptz IS NULL OR events.created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR events.created_at < %(until)s)
ON CONFLICT (event_id, hook_id) DO UPDATE
SET state = 'pending', step = 0, due_at = excluded.due_at, finished_at = NULL
WHERE deliveries.state <> 'pending'
"""
_COLUMNS: LiteralString = "event_id, hook_id, workspace_id, state, attempts, due_at, created_at, finished_at"
_PAGE: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM deliveries
WHERE workspace_id = %(workspace)s AND hook_id = %(hook_id)s
  AND (%(after)s::timestamptz IS NULL OR (created_at, event_id) < (%(after)s, %(after_id)s))
ORDER BY created_at DESC, event_id DESC
LIMIT %(limit)s
"""
)
_ATTEMPTS: LiteralString = """
SELECT number, attempted_at, status, latency_ms, error, excerpt FROM delivery_attempts
WHERE workspace_id = %(workspace)s AND event_id = %(event_id)s AND hook_id = %(hook_id)s
ORDER BY number
"""


_EXISTS: LiteralString = """
SELECT EXISTS (
    SELECT FROM deliveries WHERE workspace_id = %(workspace)s AND event_id = %(event_id)s AND hook_id = %(hook_id)s)
"""


async def claim_due(system: Transaction, now: datetime, *, limit: int = 50, per_hook: int = PER_HOOK) -> list[Due]:
    """Take deliveries that are due, of all tenants, each for one sender only, for as long as a lease lasts.

    In a transaction of the system; commit it before sending. A sender that dies after the POST and before `record`
    has its deliveries sent again, with the same `webhook-id`, when the lease is over.
    """
    return await system.all(Due, _CLAIM, now=now, until=now + LEASE, token=new_token(), limit=limit, per_hook=per_hook)


async def record(system: Transaction, due: Due, outcome: Outcome, now: datetime, chance: float) -> Recorded | None:
    """Log an attempt and decide how it goes on; `chance` in 0 … 1 spreads the retries. In a transaction of the system.

    None where the claim was lost meanwhile (the lease ended, the hook was disabled): then nothing is written.
    """
    pause = None if outcome.succeeded or outcome.status == GONE else _pause(due, outcome, chance)
    state: State = "delivered" if outcome.succeeded else "exhausted"
    if outcome.status == GONE:
        state = "cancelled"
    elif pause is not None:
        state = "pending"
    due_at = None if pause is None else now + pause
    place = {"event_id": due.event_id, "hook_id": due.hook_id}
    number = await system.value(
        _FINISH, state=state, due_at=due_at, finished_at=None if due_at else now, claim=due.claim, **place
    )
    if number is None:
        return None
    await system.execute(
        _LOG,
        number=number,
        of_workspace=due.workspace_id,
        now=now,
        status=outcome.status,
        latency_ms=outcome.latency_ms,
        error=outcome.error,
        excerpt=outcome.excerpt[:EXCERPT_BYTES],
        **place,
    )
    disabled = await _judge_hook(system, due.hook_id, outcome, now)
    if disabled is not None and state == "pending":
        return Recorded("cancelled", None, disabled)
    return Recorded(state, due_at, disabled)


async def replay(
    tx: Transaction,
    hook: str,
    now: datetime,
    *,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Deliver events to a hook once more under their old ids: one, those of a time range, or all; how many there are.

    What is still under way stays as it is, a disabled hook gets nothing, an exhausted delivery begins a new round.
    """
    return await tx.execute(_REPLAY, hook_id=hook, event_id=event, since=since, until=until, now=now)


async def page(tx: Transaction, hook: str, *, cursor: str | None = None, limit: int = 50) -> Page[Delivery]:
    """A hook's deliveries, newest first. Raises Invalid `cursor_invalid`."""
    after = None if cursor is None else read_cursor(cursor, tx.workspace, hook)
    rows = await tx.all(
        Delivery,
        _PAGE,
        hook_id=hook,
        after=after.created_at if after else None,
        after_id=after.id if after else None,
        limit=limit + 1,
    )
    shown = rows[:limit]
    more = Position(shown[-1].created_at, shown[-1].event_id).cursor(tx.workspace, hook) if len(rows) > limit else None
    return Page(tuple(shown), more)


async def attempts(tx: Transaction, hook: str, event: str) -> list[Attempt]:
    """The log of one delivery, oldest first. Raises NotFound `event_not_found` where the hook has no such delivery."""
    found = await tx.all(Attempt, _ATTEMPTS, hook_id=hook, event_id=event)
    if not found and not await tx.value(_EXISTS, hook_id=hook, event_id=event):
        raise NotFound.of("event", event)
    return found


def _pause(due: Due, outcome: Outcome, chance: float) -> timedelta | None:
    return next_pause(due.step + 1, chance, outcome.retry_after)


async def _judge_hook(system: Transaction, hook: str, outcome: Outcome, now: datetime) -> DisabledReason | None:
    """Note how the hook fares; disable it where it is gone, or has given nothing but failures for days."""
    if outcome.succeeded:
        await system.execute(_WELL, hook_id=hook)
        return None
    reason: DisabledReason = "gone"
    if outcome.status != GONE:
        since = await system.value(_FAILING, hook_id=hook, now=now)
        if since is None or now - since < GIVEN_UP_AFTER:
            return None
        reason = "failing"
    if await system.value(_DISABLE, hook_id=hook, reason=reason, now=now) is None:
        return None
    await system.execute(_CANCEL, hook_id=hook, now=now)
    return reason
