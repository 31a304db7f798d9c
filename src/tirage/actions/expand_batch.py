"""A batch's uploaded table → its rows and chunks, all in one transaction: a reader that dies leaves nothing behind."""

from __future__ import annotations

from tirage.actions.end_batch import drop_table_of, end_batch, fail_batch
from tirage.actions.fetch_table import fetch_for_batch
from tirage.actions.lanes import enqueue_lanes
from tirage.actions.map_columns import AUTO, guessed_order
from tirage.actions.open_design import OpenDesigns
from tirage.actions.read_table import RowGroups, reading_table
from tirage.context import Service
from tirage.engine.errors import TirageError
from tirage.faults import fault
from tirage.store import batch_orders, batches
from tirage.store.batches import ENDED

EXPAND_SECONDS = 1_800.0


async def expand_batch(service: Service, workspace: str, uid: str) -> None:
    """Read the rows. A table that cannot be read fails the batch; a bad row is a failed row.

    Raises TirageError where the same may succeed later, such as StorageProblem and DatabaseUnavailable.
    """
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid)
        order = await batch_orders.get(tx, uid)
    if batch.expanded or batch.state in ENDED:
        return
    try:
        key = batch.source_key or await fetch_for_batch(service, workspace, uid, order)
        if not key:
            return  # cancelled meanwhile, or fetched by another
        if order.mapping == AUTO:
            design = await OpenDesigns().open(service, workspace, batch.template_id, batch.template_version)
            order = await guessed_order(service, design.template, key, order)
        async with reading_table(service, key, order) as rows:
            await _expand(service, workspace, uid, rows)
    except TirageError as error:
        if error.retryable:
            raise
        await fail_batch(service, workspace, uid, error.problems[0])


async def _expand(service: Service, workspace: str, uid: str, rows: RowGroups) -> None:
    async with service.database.workspace(workspace, deadline=EXPAND_SECONDS) as tx:
        batch = await batches.get(tx, uid, lock=True)
        if batch.expanded or batch.state in ENDED:
            return
        total = failed = 0
        async for group in rows.groups():
            await batches.put_rows(tx, uid, group)
            fault("ingest_half")
            total += len(group)
            failed += sum(bool(problem) for _, _, problem, _ in group)
        now = service.clock.now()
        chunks = await batches.expanded(tx, uid, total, failed, now)
        if chunks == 0:
            await end_batch(service, tx, uid, "finished")
        elif batch.state != "paused":
            await enqueue_lanes(service, tx, workspace, uid, chunks)
    await drop_table_of(service, batch)
