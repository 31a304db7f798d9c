"""The clock → batches: schedules that are due are looked at, and where their source has changed a batch is started."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from tirage.actions.fetch_table import fetch_source, fetch_table
from tirage.actions.open_design import OpenDesigns
from tirage.actions.start_batch import Source, start_batch
from tirage.actions.store_table import StoredTable, drop_table
from tirage.actions.table_child import problem_text
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, RowProblem, TirageError
from tirage.store import batch_schedules, batches
from tirage.store.batch_schedules import Outcome, Run, Schedule
from tirage.store.batches import Batch
from tirage.store.errors import Conflict, NotFound

IDLE_SECONDS = 5.0
"""How often it is looked for what is due."""
AT_ONCE = 4
LEAST_SECONDS = 60
log = logging.getLogger(__name__)


async def run_schedules(service: Service) -> None:
    """Start what is due until it is cancelled: what a process of the service runs beside its requests."""
    designs = OpenDesigns()
    while True:
        try:
            begun = await run_due(service, designs)
        except TirageError as error:
            log.warning("Schedules cannot be looked at: %s", error)
            begun = 0
        if begun < AT_ONCE:
            await asyncio.sleep(IDLE_SECONDS)


async def run_due(service: Service, designs: OpenDesigns) -> int:
    """Carry out what is due at the moment, how many. A process that dies at it leaves the rest to another."""
    async with service.database.system() as system:
        due = await batch_schedules.claim_due(system, service.clock.now(), AT_ONCE)
    await asyncio.gather(*(_run(service, designs, each) for each in due))
    return len(due)


def next_time(now: datetime, every_seconds: int | None, cron: str, time_zone: str) -> datetime:
    """When it is due after `now`, in UTC.

    Raises RowProblem `schedule_invalid` for an interval below a minute, a time zone or a line of cron that is none.
    """
    if every_seconds is not None:
        if every_seconds < LEAST_SECONDS:
            raise _invalid(
                f"A schedule runs every {LEAST_SECONDS} seconds at most, not every {every_seconds}.", "/every"
            )
        return now + timedelta(seconds=every_seconds)
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _invalid(f"There is no time zone {time_zone[:60]!r}.", "/timeZone") from None
    if len(cron.split()) != 5:
        raise _invalid("A cron line has five fields: minute, hour, day, month, weekday.", "/cron")
    try:
        found: datetime = croniter(cron, now.astimezone(zone), max_years_between_matches=5).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        raise _invalid(f"The cron line {cron[:60]!r} cannot be used: {error}."[:300], "/cron") from None
    return found.astimezone(UTC)


async def _run(service: Service, designs: OpenDesigns, schedule: Schedule) -> None:
    try:
        async with service.database.workspace(schedule.workspace_id) as tx:
            waits = await _under_way(tx, schedule)
        if waits:
            await _record(service, schedule, "waiting")
            return
        await _draw(service, designs, schedule)
    except TirageError as error:
        log.warning("The schedule %s failed: %s", schedule.id, error.code)
        await _record(service, schedule, "failed", problem_text(error.problems[0]))
    except Exception:
        log.exception("The schedule %s failed.", schedule.id)
        told = Problem("internal_error", "Something went wrong inside.")
        await _record(service, schedule, "failed", problem_text(told))


async def _under_way(tx: Transaction, schedule: Schedule) -> bool:
    """Whether the batch before is still drawn: a source that changes faster than it is drawn piles up nothing."""
    if schedule.last_batch is None:
        return False
    try:
        return (await batches.get(tx, schedule.last_batch)).state in ("queued", "running", "paused")
    except NotFound:
        return False


async def _draw(service: Service, designs: OpenDesigns, schedule: Schedule) -> None:
    workspace = schedule.workspace_id
    table, etag = await _table(service, schedule)
    if table is None or (schedule.only_changed and table.sha256 == schedule.sha256):
        if table is not None:
            await drop_table(service, table)
        await _record(service, schedule, "unchanged")
        return
    now = service.clock.now()

    async def answering(tx: Transaction, made: Batch) -> None:
        run = Run(now, _next(schedule, now), "started", made.id, etag=etag, sha256=table.sha256)
        if not await batch_schedules.settle(tx, schedule, run):
            raise Conflict(Problem("schedule_taken", "Another process carries this schedule out."))

    try:
        design = await designs.open(service, workspace, schedule.template_id)
        source = Source(schedule.source_url or "query", table.key, schedule.order)
        await start_batch(service, design, source, schedule.format, answering)
    except BaseException:
        await drop_table(service, table)
        raise


async def _table(service: Service, schedule: Schedule) -> tuple[StoredTable | None, str]:
    if schedule.source_query:
        return await fetch_source(service, schedule.workspace_id, schedule.order), ""
    etag = schedule.etag if schedule.only_changed else ""
    found = await fetch_table(service, schedule.workspace_id, schedule.source_url, etag=etag)
    return found.table, found.etag


async def _record(service: Service, schedule: Schedule, outcome: Outcome, problem: str = "") -> None:
    now = service.clock.now()
    async with service.database.workspace(schedule.workspace_id) as tx:
        await batch_schedules.settle(tx, schedule, Run(now, _next(schedule, now), outcome, problem=problem))


def _next(schedule: Schedule, now: datetime) -> datetime:
    return next_time(now, schedule.every_seconds, schedule.cron, schedule.time_zone)


def _invalid(message: str, pointer: str) -> RowProblem:
    return RowProblem(Problem("schedule_invalid", message, pointer))
