"""Pause, resume, cancel and retry: the states that a person moves a batch to."""

from __future__ import annotations

from tirage.actions.end_batch import drop_table_of, end_batch
from tirage.actions.lanes import LANES, enqueue_lanes
from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.jobs.kinds import ExpandBatch
from tirage.jobs.queue import enqueue
from tirage.store import batches
from tirage.store.batches import ENDED, Batch
from tirage.store.errors import Conflict


async def pause_batch(service: Service, workspace: str, uid: str) -> Batch:
    """No further row is begun; those in work are finished. Raises NotFound, Conflict `batch_ended`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid, lock=True)
        _require_open(batch)
        return await batches.set_state(tx, uid, "paused")


async def resume_batch(service: Service, workspace: str, uid: str) -> Batch:
    """A paused batch goes on. Raises NotFound, Conflict `batch_ended`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid, lock=True)
        _require_open(batch)
        if batch.state != "paused":
            return batch
        if not batch.expanded:
            await enqueue(tx, ExpandBatch(workspace, uid))
            return await batches.set_state(tx, uid, "queued")
        if batch.done + batch.failed == batch.total:
            return await end_batch(service, tx, uid, "finished")
        # A chunk that was in work when the batch was paused may still be so; it submits the next by itself.
        await enqueue_lanes(service, tx, workspace, uid, LANES)
        return await batches.set_state(tx, uid, "running")


async def cancel_batch(service: Service, workspace: str, uid: str) -> Batch:
    """End a batch; what is drawn stays. A second time changes nothing. Raises NotFound, Conflict `batch_ended`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid, lock=True)
        if batch.state == "cancelled":
            return batch
        _require_open(batch)
        ended = await end_batch(service, tx, uid, "cancelled")
    await drop_table_of(service, ended)
    return ended


async def delete_batch(service: Service, workspace: str, uid: str) -> None:
    """Forget a batch and its rows; its pictures stay. Raises NotFound, Conflict `batch_not_ended`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid, lock=True)
        if batch.state not in ENDED:
            message = f"The batch is {batch.state}; cancel it before it is deleted."
            raise Conflict(Problem("batch_not_ended", message))
        await batches.delete(tx, uid)
    await drop_table_of(service, batch)


async def retry_batch(service: Service, workspace: str, uid: str) -> Batch:
    """Draw the failed rows of a finished batch once more. Raises NotFound, Conflict `batch_not_finished`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid, lock=True)
        if batch.state != "finished":
            message = f"The batch is {batch.state}; failed rows are drawn again once it has finished."
            raise Conflict(Problem("batch_not_finished", message))
        if await batches.again(tx, uid) == 0:
            return batch
        await enqueue_lanes(service, tx, workspace, uid, await batches.free_chunks(tx, uid))
        return await batches.set_state(tx, uid, "running")


def _require_open(batch: Batch) -> None:
    if batch.state in ENDED:
        raise Conflict(Problem("batch_ended", f"The batch is {batch.state} already."))
