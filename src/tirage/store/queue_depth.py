"""How much of all batches waits for a worker: what autoscaling goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from tirage.db.connect import Transaction

_DEPTH: LiteralString = """
SELECT
    (SELECT count(*) FROM batch_chunks JOIN batches ON batches.id = batch_chunks.batch_id
     WHERE batch_chunks.state = 'queued' AND batches.state = 'running')::int AS waiting,
    (SELECT count(*) FROM batch_chunks JOIN batches ON batches.id = batch_chunks.batch_id
     WHERE batch_chunks.state = 'running' AND batches.state = 'running')::int AS running,
    (SELECT count(*) FROM batches WHERE state = 'queued')::int AS unread
"""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Chunks of rows that wait and that are in work, and batches whose table is still to be read."""

    waiting: int
    running: int
    unread: int


async def queue_depth(system: Transaction) -> QueueDepth:
    """The depth over all tenants; needs the system's transaction."""
    found = await system.one(QueueDepth, _DEPTH)
    assert found is not None
    return found
