"""The end of a batch, and its tenths on the way: state and event committed together, the table removed after."""

from __future__ import annotations

import contextlib

from tirage.actions.batch_answer import batch_answer
from tirage.actions.event_types import BATCH_FINISHED, BATCH_PROGRESS
from tirage.actions.table_child import problem_text
from tirage.blobs.problems import StorageProblem
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.faults import fault
from tirage.store import batches, events
from tirage.store.batches import ENDED, Batch, State

FIRST_ERRORS = 10
"""Failed rows that a batch tells of itself; all of them are in its list of errors."""
_TENTHS = 10


async def end_batch(service: Service, tx: Transaction, uid: str, state: State, problem: Problem | None = None) -> Batch:
    """Move a batch, which the transaction has locked, to its last state, and tell the hooks."""
    told = problem_text(problem) if problem else ""
    batch = await batches.set_state(tx, uid, state, finished=service.clock.now(), problem=told)
    await _tell(service, tx, BATCH_FINISHED, batch)
    return batch


async def fail_batch(service: Service, workspace: str, uid: str, problem: Problem) -> None:
    """End a batch that can come to nothing; one that has ended stays as it is."""
    async with service.database.workspace(workspace) as tx:
        if (await batches.get(tx, uid, lock=True)).state in ENDED:
            return
        batch = await end_batch(service, tx, uid, "failed", problem)
    await drop_table_of(service, batch)


async def tell_progress(service: Service, tx: Transaction, before: Batch, after: Batch) -> None:
    """Tell the hooks where a further tenth of the rows has ended."""
    if after.total and _tenth(before, after.total) != _tenth(after, after.total):
        await _tell(service, tx, BATCH_PROGRESS, after)


async def drop_table_of(service: Service, batch: Batch) -> None:
    """Remove the uploaded table of a batch whose rows are all read, or never will be; its key stays as a record."""
    if batch.source_key:
        with contextlib.suppress(StorageProblem):  # it stays, as an object that nothing will read
            await service.blobs.delete(batch.source_key)


def fault_of(what: str) -> Problem:
    """A problem of this program, of which its log tells more."""
    return Problem("internal_error", f"{what} because of a fault of the service; its log tells more.")


async def _tell(service: Service, tx: Transaction, kind: str, batch: Batch) -> None:
    now = service.clock.now()
    failed = await batches.rows(tx, batch.id, "failed", 0, FIRST_ERRORS) if batch.failed else []
    said = batch_answer(service.public_url, batch, now, failed).model_dump_json(exclude_none=True)
    await events.enqueue(tx, kind, said, now, template_id=batch.template_id)
    fault("outbox_written")


def _tenth(batch: Batch, total: int) -> int:
    return (batch.done + batch.failed) * _TENTHS // total
