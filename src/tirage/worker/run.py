"""Kinds of jobs → actions, until the process is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal

from tirage.actions.end_batch import fail_batch, fault_of
from tirage.actions.expand_batch import expand_batch
from tirage.actions.open_design import OpenDesigns
from tirage.actions.render_chunk import render_chunk
from tirage.context import open_service
from tirage.db.address import DatabaseAddress
from tirage.engine.errors import TirageError
from tirage.jobs.engine import Attempt, run_jobs
from tirage.jobs.kinds import ExpandBatch, RenderChunk
from tirage.pool.supervisor import Pool
from tirage.settings import Settings


async def work(
    settings: Settings,
    pool: Pool,
    address: DatabaseAddress,
    queues: tuple[str, ...],
    concurrency: int,
    *,
    until_closed: int | None = None,
) -> None:
    """Carry out jobs until SIGINT or SIGTERM; those in work are finished first.

    The end of file on the descriptor `until_closed` means the same: whoever held its other end is gone.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    if until_closed is not None:
        loop.add_reader(until_closed, _heed_end, loop, until_closed, stopping)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with open_service(settings, pool, address) as service:
        designs = OpenDesigns()

        async def expand(given: Attempt) -> None:
            await expand_batch(service, given.workspace, given.batch)

        async def render(given: Attempt) -> None:
            await render_chunk(
                service, designs, given.workspace, given.batch, given.job, tries=given.tries, lane=given.lane
            )

        async def give_up(given: Attempt, error: Exception) -> None:
            told = error.problems[0] if isinstance(error, TirageError) else fault_of("The batch could not go on")
            await fail_batch(service, given.workspace, given.batch, told)

        await run_jobs(
            address,
            {ExpandBatch: expand, RenderChunk: render},
            given_up=give_up,
            queues=queues,
            concurrency=concurrency,
            stopping=stopping,
        )


def _heed_end(loop: asyncio.AbstractEventLoop, descriptor: int, stopping: asyncio.Event) -> None:
    if not os.read(descriptor, 1024):
        loop.remove_reader(descriptor)
        stopping.set()
