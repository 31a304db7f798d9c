"""The lanes of a batch: how many of its chunks, and of its workspace's, are drawn at once."""

from __future__ import annotations

from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.jobs.kinds import RenderChunk
from tirage.jobs.queue import enqueue

LANES = 4
"""Chunks of one batch that may be drawn at once; a finished chunk submits the next, so that batches take turns."""


async def enqueue_lanes(service: Service, tx: Transaction, workspace: str, batch: str, chunks: int) -> None:
    """Open as many lanes as there are chunks for, and as a batch may have."""
    for lane in range(min(LANES, chunks)):
        await enqueue_lane(service, tx, RenderChunk(workspace, batch, lane))


async def enqueue_lane(service: Service, tx: Transaction, job: RenderChunk) -> None:
    """Submit a lane's next chunk. Where a workspace's chunks are counted, all its lanes share so many locks."""
    most = service.settings.workspace_chunks
    await enqueue(tx, job, lock=f"{job.workspace}/{job.lane % most}" if most else None)
