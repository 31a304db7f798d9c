"""An uploaded table and a design → a batch in the queue; the request reads no row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tirage.actions.open_design import Design
from tirage.blobs.port import type_of
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.faults import fault
from tirage.ids import new_token
from tirage.jobs.kinds import ExpandBatch
from tirage.jobs.queue import enqueue
from tirage.store import batches
from tirage.store.batches import Batch


@dataclass(frozen=True, slots=True)
class Source:
    """A table as it came; `extension` tells how to read it."""

    name: str
    extension: str
    data: bytes


async def start_batch(
    service: Service,
    design: Design,
    source: Source,
    format_: str,
    answering: Callable[[Transaction, Batch], Awaitable[None]],
) -> Batch:
    """Store the table and queue its expansion; `answering` is called at the end of the transaction.

    Raises StorageProblem, DatabaseUnavailable.
    """
    await service.blobs.admit(len(source.data))
    key = f"{design.workspace}/batches/{new_token().lower()}.{source.extension}"
    await service.blobs.put(key, source.data, type_of(key))
    fault("upload_stored")
    async with service.database.workspace(design.workspace) as tx:
        made = await batches.create(
            tx, design.id, design.version, format_, (key, source.name[:200]), service.clock.now()
        )
        await enqueue(tx, ExpandBatch(design.workspace, made.id))
        await answering(tx, made)
    return made
