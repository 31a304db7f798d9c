"""A stored table, or where to find one, and a design → a batch in the queue; the request reads no row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tirage.actions.open_design import Design
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.faults import fault
from tirage.jobs.kinds import ExpandBatch
from tirage.jobs.queue import enqueue
from tirage.store import batch_orders, batches
from tirage.store.batch_orders import TableOrder
from tirage.store.batches import Batch


@dataclass(frozen=True, slots=True)
class Source:
    """Where a batch's rows come from: the object at `key`, or what `order` says, which the worker fetches first."""

    name: str
    key: str = ""
    order: TableOrder = field(default_factory=TableOrder)


async def start_batch(
    service: Service,
    design: Design,
    source: Source,
    format_: str,
    answering: Callable[[Transaction, Batch], Awaitable[None]],
) -> Batch:
    """Queue the expansion of a table; `answering` is called at the end of the transaction. Raises DatabaseUnavailable.

    The table stays the caller's where this fails.
    """
    fault("upload_stored")
    async with service.database.workspace(design.workspace) as tx:
        made = await batches.create(
            tx, design.id, design.version, format_, (source.key, source.name[:200]), service.clock.now()
        )
        await batch_orders.put(tx, made.id, source.order)
        await enqueue(tx, ExpandBatch(design.workspace, made.id))
        await answering(tx, made)
    return made
