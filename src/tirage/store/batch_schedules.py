"""Schedules of batches: what is drawn from where and when, and who is at it at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, LiteralString

from tirage.db.connect import Transaction
from tirage.store.batch_orders import TableOrder
from tirage.store.errors import NotFound
from tirage.store.unique import with_new_uid

LEASE = timedelta(minutes=20)
"""How long a run is believed to be under way; fetching a table takes at most half of that."""
MOST = 200
"""Schedules of one workspace."""
Outcome = Literal["", "started", "unchanged", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """What a schedule is made of. Either `every_seconds` or `cron` is given."""

    name: str
    template_id: str
    format: str
    order: TableOrder
    every_seconds: int | None
    cron: str
    time_zone: str
    only_changed: bool
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as recorded. `outcome` is what the last run came to, `problem` (JSON) why it failed."""

    id: str
    workspace_id: str
    template_id: str
    name: str
    format: str
    naming: str
    mapping: str
    encoding: str
    delimiter: str
    sheet: str
    source_url: str
    source_query: str
    destination: str | None
    every_seconds: int | None
    cron: str
    time_zone: str
    only_changed: bool
    paused: bool
    etag: str
    sha256: str
    next_at: datetime
    claimed_until: datetime | None
    last_at: datetime | None
    last_batch: str | None
    outcome: Outcome
    problem: str
    created_at: datetime

    @property
    def order(self) -> TableOrder:
        """How its table is read."""
        return TableOrder(
            self.naming,
            self.mapping,
            self.encoding,
            self.delimiter,
            self.sheet,
            self.source_url,
            self.source_query,
            self.destination,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to."""

    at: datetime
    next_at: datetime
    outcome: Outcome
    batch: str | None = None
    problem: str = ""
    etag: str = ""
    sha256: str = ""


_COLUMNS: LiteralString = """
    id, workspace_id, template_id, name, format, naming, mapping, encoding, delimiter, sheet, source_url, source_query,
    destination, every_seconds, cron, time_zone, only_changed, paused, etag, sha256, next_at, claimed_until, last_at,
    last_batch, outcome, problem, created_at
"""
_INSERT: LiteralString = (
    """
INSERT INTO batch_schedules (id, workspace_id, template_id, name, format, naming, mapping, encoding, delimiter, sheet,
    source_url, source_query, destination, every_seconds, cron, time_zone, only_changed, next_at, created_at)
VALUES (%(uid)s, %(workspace)s, %(template_id)s, %(name)s, %(format)s, %(naming)s, %(mapping)s, %(encoding)s,
    %(delimiter)s, %(sheet)s, %(source_url)s, %(source_query)s, %(destination)s, %(every)s, %(cron)s, %(time_zone)s,
    %(only_changed)s, %(next_at)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING """
    + _COLUMNS
)
_LIST: LiteralString = (
    "SELECT "
    + _COLUMNS
    + " FROM batch_schedules WHERE workspace_id = %(workspace)s ORDER BY created_at DESC, id DESC LIMIT %(limit)s"
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM batch_schedules WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_PAUSE: LiteralString = (
    """
UPDATE batch_schedules SET paused = %(paused)s, next_at = %(next_at)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s RETURNING """
    + _COLUMNS
)
_SOON: LiteralString = (
    """
UPDATE batch_schedules SET next_at = %(now)s, paused = false, etag = '', sha256 = ''
WHERE workspace_id = %(workspace)s AND id = %(uid)s RETURNING """
    + _COLUMNS
)
_DUE: LiteralString = (
    """
UPDATE batch_schedules SET claimed_until = %(until)s WHERE id IN (
    SELECT id FROM batch_schedules
    WHERE NOT paused AND next_at <= %(now)s AND (claimed_until IS NULL OR claimed_until < %(now)s)
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING """
    + _COLUMNS
)
_SETTLE: LiteralString = """
UPDATE batch_schedules SET claimed_until = NULL, last_at = %(at)s, next_at = %(next_at)s, outcome = %(outcome)s,
    problem = %(problem)s, last_batch = coalesce(%(batch)s, last_batch),
    etag = CASE WHEN %(sha256)s = '' THEN etag ELSE %(etag)s END,
    sha256 = CASE WHEN %(sha256)s = '' THEN sha256 ELSE %(sha256)s END
WHERE workspace_id = %(workspace)s AND id = %(uid)s AND claimed_until = %(claim)s
"""


async def create(tx: Transaction, new: NewSchedule, now: datetime) -> Schedule:
    """A new schedule."""
    order = new.order

    async def attempt(uid: str) -> Schedule | None:
        return await tx.one(
            Schedule, _INSERT, uid=uid, template_id=new.template_id, name=new.name, format=new.format,
            naming=order.naming, mapping=order.mapping, encoding=order.encoding, delimiter=order.delimiter,
            sheet=order.sheet, source_url=order.source_url, source_query=order.source_query,
            destination=order.destination, every=new.every_seconds,
            cron=new.cron, time_zone=new.time_zone, only_changed=new.only_changed, next_at=new.next_at, now=now,
        )  # fmt: skip

    return await with_new_uid(attempt)


async def every(tx: Transaction) -> Sequence[Schedule]:
    """The schedules of the workspace, newest first."""
    return await tx.all(Schedule, _LIST, limit=MOST)


async def get(tx: Transaction, uid: str) -> Schedule:
    """One schedule. Raises NotFound `schedule_not_found`."""
    return _there(await tx.one(Schedule, _GET, uid=uid), uid)


async def pause(tx: Transaction, uid: str, *, paused: bool, next_at: datetime) -> Schedule:
    """Let it rest, or go on at a time. Raises NotFound `schedule_not_found`."""
    return _there(await tx.one(Schedule, _PAUSE, uid=uid, paused=paused, next_at=next_at), uid)


async def run_soon(tx: Transaction, uid: str, now: datetime) -> Schedule:
    """Make it due, whether its source has changed or not. Raises NotFound `schedule_not_found`."""
    return _there(await tx.one(Schedule, _SOON, uid=uid, now=now), uid)


async def delete(tx: Transaction, uid: str) -> None:
    """Remove it; batches that it started stay. Raises NotFound `schedule_not_found`."""
    if (
        await tx.execute("DELETE FROM batch_schedules WHERE workspace_id = %(workspace)s AND id = %(uid)s", uid=uid)
        != 1
    ):
        raise NotFound.of("schedule", uid)


async def claim_due(system: Transaction, now: datetime, limit: int) -> list[Schedule]:
    """Schedules of all tenants that are due, each given to one process; needs the system's transaction."""
    return await system.all(Schedule, _DUE, now=now, until=now + LEASE, limit=limit)


async def settle(tx: Transaction, schedule: Schedule, run: Run) -> bool:
    """Record what a run came to; False where the claim has run out and another process is at it."""
    return await tx.execute(
        _SETTLE, uid=schedule.id, claim=schedule.claimed_until, at=run.at, next_at=run.next_at, outcome=run.outcome,
        problem=run.problem, batch=run.batch, etag=run.etag, sha256=run.sha256,
    ) == 1  # fmt: skip


def _there(found: Schedule | None, uid: str) -> Schedule:
    if found is None:
        raise NotFound.of("schedule", uid)
    return found
