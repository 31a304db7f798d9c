"""A batch's next chunk → its pictures, each stored before its record, all results committed together and fenced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from tirage.actions.destinations import Delivery
from tirage.actions.draw_order import Output
from tirage.actions.end_batch import end_batch, fault_of, tell_progress
from tirage.actions.keep_pictures import PATHS, Asked, KeptFile, file_of, store
from tirage.actions.open_design import Design, OpenDesigns
from tirage.actions.origin import origin_of
from tirage.actions.quota import QuotaExceeded, begin_quota, take_quota
from tirage.actions.render_request import drawn_output, order_of, origin_of_row, read_row
from tirage.actions.table_child import problem_text
from tirage.context import Service
from tirage.engine import formats
from tirage.engine.errors import RenderProblem, ResourceProblem, RowProblem
from tirage.faults import fault
from tirage.jobs.engine import is_passing
from tirage.jobs.kinds import RenderChunk
from tirage.jobs.queue import enqueue
from tirage.store import batches, images
from tirage.store.batches import Batch, Claim, Fenced, PendingRow, Result

log = logging.getLogger(__name__)

CHUNK_SECONDS = 3.0
"""After so long no further row of a chunk is begun: what is done is committed, the rest waits for its turn."""
_TRIES = 2
LOOK_SECONDS = 0.5
"""How often a chunk in work looks whether its batch was paused or cancelled."""


@dataclass(frozen=True, slots=True)
class _Finished:
    number: int
    files: tuple[KeptFile, ...] = ()
    problem: str = ""


async def render_chunk(
    service: Service, designs: OpenDesigns, workspace: str, uid: str, job: int, *, tries: int = 0
) -> None:
    """Claim a chunk, draw what is pending of it and commit; then submit the next, or end the batch.

    Raises StorageProblem, DatabaseUnavailable: the job is tried again, and a repeated row writes the same object. A
    row at which this program fails again and again (`tries`) becomes a failed row: the others are not lost with it.
    """
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid)
        held = await batches.claim(tx, uid, job, service.clock.now()) if batch.state == "running" else None
        rows = [] if held is None else await batches.pending(tx, uid, held.number)
        delivery = await Delivery.of(service, tx, uid)
    if held is None:
        return
    fault("claimed")
    design = await designs.open(service, workspace, batch.template_id, batch.template_version)
    finished = await _draw(service, design, batch, rows, delivery, forgiving=tries >= _TRIES)
    fault("stored_not_committed")
    try:
        await _commit(service, workspace, batch, held, finished)
    except Fenced:
        log.warning("Chunk %d of the batch %s was taken over; its results are dropped.", held.number, uid)
    fault("committed_not_acked")


async def _draw(
    service: Service, design: Design, batch: Batch, rows: list[PendingRow], delivery: Delivery, *, forgiving: bool
) -> list[_Finished]:
    stop_at = time.monotonic() + CHUNK_SECONDS
    waiting = iter(rows)
    finished: list[_Finished] = []
    async with _flag(service, batch) as flag:

        async def lane() -> None:
            for row in waiting:
                try:
                    finished.append(await _row(service, design, batch, row, delivery))
                except Exception as error:
                    if not forgiving or is_passing(error):
                        raise
                    log.exception("Row %d of the batch %s could not be drawn", row.number, batch.id)
                    told = problem_text(fault_of("The row could not be drawn"))
                    finished.append(_Finished(row.number, problem=told))
                if time.monotonic() > stop_at or flag.is_set():
                    return

        async with asyncio.TaskGroup() as lanes:
            for _ in range(service.pool.workers * 2):
                lanes.create_task(lane())
    return finished


async def _row(service: Service, design: Design, batch: Batch, row: PendingRow, delivery: Delivery) -> _Finished:
    values = orjson.loads(row.row_values)
    try:
        read = await read_row(service, design, (), values=values)
        fault("fetched")
        output = Output(formats.get(batch.format).name)
        order = order_of(service, read, output)
        reply = await asyncio.wrap_future(service.pool.submit(order.job))
    except (RowProblem, ResourceProblem, RenderProblem) as error:
        return _Finished(row.number, problem=problem_text(error.problems[0]))
    fault("rendered")
    origin = origin_of([origin_of_row(service, read)])
    drawn = drawn_output(output, order.recipe, reply, read.bound, origin)
    # The path is of batch and row: a row that is drawn again after a crash writes the same object.
    asked = Asked(f"batch {batch.id} row {row.number}", (), values)
    secret = service.vault.derive(PATHS)
    made = [file_of(secret, design, asked, batch.format, 0, drawn, each) for each in drawn.files]
    files = tuple([await store(service, each) for each in made])
    fault("stored")
    undelivered = await delivery.hand_over(row.name, files)
    if undelivered is not None:
        return _Finished(row.number, problem=problem_text(undelivered))
    return _Finished(row.number, files)


async def _commit(service: Service, workspace: str, batch: Batch, held: Claim, finished: list[_Finished]) -> None:
    now = service.clock.now()
    async with service.database.workspace(workspace, deadline=30.0) as tx:
        # Settling serialises the chunks of a batch, so the last one knows that it is the last.
        before = await batches.get(tx, batch.id, lock=True)
        await begin_quota(service, tx, now)
        results = []
        for each in finished:
            try:
                await take_quota(service, tx, len(each.files), now)
            except QuotaExceeded as error:  # a failed row is a result: it can be tried again next month
                results.append(Result(each.number, problem=problem_text(error.problems[0])))
                continue
            kept = [await images.insert(tx, file.new, now) for file in each.files]
            results.append(Result(each.number, tuple(image.id for image in kept), each.problem))
        settled = await batches.settle(tx, batch.id, held, results)
        running = before.state == "running"
        if running and settled.done + settled.failed == settled.total:
            await end_batch(service, tx, batch.id, "finished")
        elif running:
            if await batches.free_chunks(tx, batch.id):
                await enqueue(tx, RenderChunk(workspace, batch.id))
            await tell_progress(service, tx, before, settled)
        fault("counters_half")


@contextlib.asynccontextmanager
async def _flag(service: Service, batch: Batch) -> AsyncIterator[asyncio.Event]:
    """An event that is set once the batch no longer runs."""
    flag = asyncio.Event()

    async def look() -> None:
        while not flag.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            async with service.database.workspace(batch.workspace_id) as tx:
                if (await batches.get(tx, batch.id)).state != "running":
                    flag.set()

    task = asyncio.create_task(look())
    try:
        yield flag
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
