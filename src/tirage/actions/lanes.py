"""The lanes of a batch: how many of its chunks, and of its workspace's, are drawn at once.

A batch begins with a few lanes; each carries one chunk after the other, and the lanes of all batches take turns. While
workers are idle a batch gets more lanes, one with each chunk that is begun, so that all machines draw even where there
is one batch only. These come after the first lanes of all others.
"""

from __future__ import annotations

from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.jobs.kinds import RenderChunk
from tirage.jobs.queue import enqueue, line_of

LANES = 4
"""Lanes in which a batch takes turns with others."""
MOST_LANES = 512
"""Lanes that it has at most: as many chunks are drawn at once on a hundred machines and more."""


async def enqueue_lanes(service: Service, tx: Transaction, workspace: str, batch: str, chunks: int) -> None:
    """Open as many lanes as there are chunks for, and as a batch begins with."""
    for lane in range(min(LANES, chunks)):
        await enqueue_lane(service, tx, RenderChunk(workspace, batch, lane))


async def widen(service: Service, tx: Transaction, workspace: str, batch: str) -> None:
    """Open one more lane where no job waits: some worker is probably idle. For a batch with chunks that are free."""
    line = await line_of(tx, batch)
    if line.waiting == 0 and line.own < MOST_LANES:
        await enqueue_lane(service, tx, RenderChunk(workspace, batch, max(LANES, line.own)))


async def enqueue_lane(service: Service, tx: Transaction, job: RenderChunk) -> None:
    """Submit a lane's next chunk. Where a workspace's chunks are counted, all its lanes share so many locks."""
    most = service.settings.workspace_chunks
    lock = f"{job.workspace}/{job.lane % most}" if most else None
    await enqueue(tx, job, lock=lock, priority=0 if job.lane < LANES else -1)
