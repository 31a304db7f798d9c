"""Schedules: batches started by the clock, where the source has changed, once, whoever dies or comes second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from tests.db.fixtures import Tenant
from tests.harness.evil import EvilHost, Request, Step, response
from tests.harness.service import open_test_service
from tests.harness.site import CARD, add_design

from tirage.actions.open_design import OpenDesigns
from tirage.actions.run_schedules import next_time, run_due
from tirage.clock import StillClock
from tirage.context import Service
from tirage.engine.errors import RowProblem
from tirage.store import batch_schedules, batches
from tirage.store.batch_orders import TableOrder
from tirage.store.batch_schedules import NewSchedule, Schedule

pytestmark = pytest.mark.anyio


@dataclass
class Sheet:
    """A published sheet, a service that may fetch it, and a workspace with a design."""

    service: Service
    clock: StillClock
    host: EvilHost
    tenant: Tenant
    template: str = ""
    body: bytes = b"title\nOne\n"
    status: str = "200 OK"
    designs: OpenDesigns = field(default_factory=OpenDesigns)

    async def add(self, path: str = "/sheet.csv", *, only_changed: bool = True) -> str:
        """A schedule of this sheet, due at once and every hour; its id."""
        new = NewSchedule(
            "sheet", self.template, "png", TableOrder(source_url=self.host.url(path)), 3600, "", "UTC", only_changed,
            self.clock.now(),
        )  # fmt: skip
        async with self.service.database.workspace(self.tenant.id) as tx:
            return (await batch_schedules.create(tx, new, self.clock.now())).id

    async def look(self, uid: str) -> Schedule:
        """The schedule as it is now."""
        async with self.service.database.workspace(self.tenant.id) as tx:
            return await batch_schedules.get(tx, uid)

    async def run(self) -> int:
        """Carry out what is due."""
        return await run_due(self.service, self.designs)

    async def started(self) -> int:
        """How many batches there are."""
        async with self.service.database.workspace(self.tenant.id) as tx:
            count: int = await tx.value("SELECT count(*) FROM batches WHERE workspace_id = %(workspace)s")
        return count

    async def end(self, uid: str) -> None:
        """The batch that the schedule started last has been drawn."""
        last = (await self.look(uid)).last_batch
        assert last is not None
        async with self.service.database.workspace(self.tenant.id) as tx:
            await batches.set_state(tx, last, "finished", finished=self.clock.now())


@pytest.fixture
async def sheet(tmp_path: Path, clock: StillClock, alice: Tenant) -> AsyncIterator[Sheet]:
    """A published sheet that changes when a test changes `body`."""
    with EvilHost() as host:
        async with open_test_service(tmp_path, clock, allow_hosts=host.place) as service:
            made = Sheet(service, clock, host, alice)

            async def answer(request: Request) -> AsyncIterator[Step]:
                yield response(made.body, made.status, Content_Type="text/csv")

            host.behaviours["/sheet.csv"] = answer
            made.template = await add_design(service.database, alice.id, CARD)
            yield made


async def test_a_changed_sheet_is_drawn(sheet: Sheet) -> None:
    """The first look starts a batch, an unchanged sheet none, a changed one another; each at its time."""
    uid = await sheet.add()
    assert (await sheet.run(), await sheet.run(), await sheet.started()) == (1, 0, 1)
    first = await sheet.look(uid)
    assert (first.outcome, first.next_at - sheet.clock.now()) == ("started", timedelta(hours=1))
    await sheet.end(uid)
    sheet.clock.advance(timedelta(hours=1))
    assert await sheet.run() == 1 and (await sheet.look(uid)).outcome == "unchanged"
    sheet.body = b"title\nOne\nTwo\n"
    sheet.clock.advance(timedelta(hours=1))
    assert await sheet.run() == 1 and await sheet.started() == 2
    assert (await sheet.look(uid)).last_batch != first.last_batch
    kept = [each.key async for each in sheet.service.blobs.list(f"{sheet.tenant.id}/batches/")]
    assert len(kept) == 2


async def test_a_batch_that_is_still_drawn_is_waited_for(sheet: Sheet) -> None:
    """Nothing piles up behind a slow batch; without `only_changed` an equal sheet is drawn again afterwards."""
    uid = await sheet.add(only_changed=False)
    await sheet.run()
    sheet.clock.advance(timedelta(hours=1))
    assert await sheet.run() == 1
    assert ((await sheet.look(uid)).outcome, await sheet.started()) == ("waiting", 1)
    await sheet.end(uid)
    sheet.clock.advance(timedelta(hours=1))
    assert await sheet.run() == 1 and await sheet.started() == 2


async def test_what_fails_is_told_and_tried_again(sheet: Sheet) -> None:
    """A missing sheet is the run's problem; the next run, when it is back, starts a batch."""
    uid = await sheet.add()
    sheet.status = "404 Not Found"
    await sheet.run()
    failed = await sheet.look(uid)
    assert (failed.outcome, orjson.loads(failed.problem)["code"]) == ("failed", "source_http_error")
    sheet.status = "200 OK"
    sheet.clock.advance(timedelta(hours=1))
    await sheet.run()
    assert (await sheet.look(uid)).outcome == "started" and (await sheet.look(uid)).problem == ""


async def test_two_processes_start_one_batch(sheet: Sheet) -> None:
    """Whoever comes second finds nothing due; a claim whose process died is taken over, and it settles nothing."""
    uid = await sheet.add()
    async with sheet.service.database.system() as system:
        (dead,) = await batch_schedules.claim_due(system, sheet.clock.now(), 4)
    assert (await sheet.run(), await sheet.started()) == (0, 0)
    sheet.clock.advance(batch_schedules.LEASE + timedelta(seconds=1))
    begun = await asyncio.gather(sheet.run(), sheet.run())
    assert (sorted(begun), await sheet.started()) == ([0, 1], 1)
    async with sheet.service.database.workspace(sheet.tenant.id) as tx:
        run = batch_schedules.Run(sheet.clock.now(), sheet.clock.now(), "failed")
        assert await batch_schedules.settle(tx, dead, run) is False
    assert (await sheet.look(uid)).outcome == "started"


async def test_a_paused_one_rests(sheet: Sheet) -> None:
    """What is paused is not due; what is to run now is, whether its source has changed or not."""
    uid = await sheet.add()
    await sheet.run()
    await sheet.end(uid)
    now = sheet.clock.now()
    async with sheet.service.database.workspace(sheet.tenant.id) as tx:
        await batch_schedules.pause(tx, uid, paused=True, next_at=now)
    assert await sheet.run() == 0
    async with sheet.service.database.workspace(sheet.tenant.id) as tx:
        await batch_schedules.run_soon(tx, uid, now)
    assert (await sheet.run(), await sheet.started()) == (1, 2)


def test_times_are_those_of_the_zone() -> None:
    """An interval counts from now; a line of cron is read in its zone, summer time and all."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert next_time(noon, 90, "", "UTC") == noon + timedelta(seconds=90)
    assert next_time(noon, None, "0 7 * * 1-5", "Europe/Berlin") == datetime(2026, 11, 23, 6, tzinfo=UTC)
    july = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert next_time(july, None, "0 7 * * *", "Europe/Berlin") == datetime(2026, 7, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "cron", "zone"),
    [
        (59, "", "UTC"),
        (None, "0 7 * *", "UTC"),
        (None, "* * * * * *", "UTC"),
        (None, "99 7 * * *", "UTC"),
        (None, "0 0 30 2 *", "UTC"),
        (None, "0 7 * * *", "Mars/Base"),
        (None, "0 7 * * *", "../etc/passwd"),
    ],
)
def test_times_that_are_none_are_refused(every: int | None, cron: str, zone: str) -> None:
    """Intervals below a minute, lines that are no cron or never come, zones that are none."""
    with pytest.raises(RowProblem) as caught:
        next_time(datetime(2026, 11, 22, 12, tzinfo=UTC), every, cron, zone)
    assert caught.value.code == "schedule_invalid"
