"""A batch's next chunk → its pictures, each stored before its record, all results committed together and fenced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from tirage.actions.batch_outputs import read_wanted
from tirage.actions.destinations import Delivery
from tirage.actions.draw_batch_row import FinishedRow, RowDrawing
from tirage.actions.end_batch import end_batch, fault_of, tell_progress
from tirage.actions.keep_pictures import KeptFile
from tirage.actions.lanes import enqueue_lane, widen
from tirage.actions.open_design import OpenDesigns
from tirage.actions.quota import QuotaExceeded, begin_quota, take_quota
from tirage.actions.table_child import problem_text
from tirage.context import Service
from tirage.faults import fault
from tirage.jobs.engine import is_passing
from tirage.jobs.kinds import RenderChunk
from tirage.store import batch_orders, batches, images
from tirage.store.batches import Batch, Claim, Fenced, PendingRow, Result

log = logging.getLogger(__name__)

CHUNK_SECONDS = 3.0
"""After so long no further row of a chunk is begun: what is done is committed, the rest waits for its turn."""
_TRIES = 2
LOOK_SECONDS = 0.5
"""How often a chunk in work looks whether its batch was paused or cancelled."""


async def render_chunk(
    service: Service, designs: OpenDesigns, workspace: str, uid: str, job: int, *, tries: int = 0, lane: int = 0
) -> None:
    """Claim a chunk, draw what is pending of it and commit; then submit the next, or end the batch.

    Raises StorageProblem, DatabaseUnavailable: the job is tried again, and a repeated row writes the same object. A
    row at which this program fails again and again (`tries`) becomes a failed row: the others are not lost with it.
    """
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid)
        held = await batches.claim(tx, uid, job, service.clock.now()) if batch.state == "running" else None
        if held is not None and await batches.has_free_chunks(tx, uid):
            await widen(service, tx, workspace, uid)
        rows = [] if held is None else await batches.pending(tx, uid, held.number)
        order = await batch_orders.get(tx, uid)
        delivery = await Delivery.of(service, tx, order.destination, uid)
    if held is None:
        return
    fault("claimed")
    wanted = [
        (each, await designs.open(service, workspace, each.template, each.version))
        for each in read_wanted(order.outputs, batch)
    ]
    chunk = RowDrawing(service, batch, wanted, delivery, order.base_batch)
    finished = await _draw(service, chunk, batch, rows, forgiving=tries >= _TRIES)
    fault("stored_not_committed")
    try:
        await _commit(service, workspace, batch, held, finished, lane)
    except Fenced:
        log.warning("Chunk %d of the batch %s was taken over; its results are dropped.", held.number, uid)
    fault("committed_not_acked")


async def _draw(
    service: Service, chunk: RowDrawing, batch: Batch, rows: list[PendingRow], *, forgiving: bool
) -> list[FinishedRow]:
    stop_at = time.monotonic() + CHUNK_SECONDS
    waiting = iter(rows)
    finished: list[FinishedRow] = []
    async with _flag(service, batch) as flag:

        async def lane() -> None:
            for row in waiting:
                try:
                    finished.append(await chunk.draw(row))
                except Exception as error:
                    if not forgiving or is_passing(error):
                        raise
                    log.exception("Row %d of the batch %s could not be drawn", row.number, batch.id)
                    told = problem_text(fault_of("The row could not be drawn"))
                    finished.append(FinishedRow(row.number, problem=told))
                if time.monotonic() > stop_at or flag.is_set():
                    return

        async with asyncio.TaskGroup() as lanes:
            for _ in range(service.pool.workers * 2):
                lanes.create_task(lane())
    return finished


async def _commit(
    service: Service, workspace: str, batch: Batch, held: Claim, finished: list[FinishedRow], lane: int
) -> None:
    now = service.clock.now()
    async with service.database.workspace(workspace, deadline=30.0) as tx:
        await begin_quota(service, tx, now)
        results = []
        for each in finished:
            try:
                await take_quota(service, tx, sum(isinstance(file, KeptFile) for file in each.files), now)
            except QuotaExceeded as error:  # a failed row is a result: it can be tried again next month
                results.append(Result(each.number, problem=problem_text(error.problems[0])))
                continue
            kept = [
                file if isinstance(file, str) else (await images.insert(tx, file.new, now)).id for file in each.files
            ]
            results.append(Result(each.number, tuple(kept), each.problem))
        # Settling serialises the chunks of a batch, so the last one knows that it is the last. Pictures are recorded
        # before that: however many workers draw one batch, they wait for each other's few statements only.
        before = await batches.get(tx, batch.id, lock=True)
        settled = await batches.settle(tx, batch.id, held, results)
        running = before.state == "running"
        if running and settled.done + settled.failed == settled.total:
            await end_batch(service, tx, batch.id, "finished")
        elif running:
            if await batches.has_free_chunks(tx, batch.id):
                await enqueue_lane(service, tx, RenderChunk(workspace, batch.id, lane))
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
