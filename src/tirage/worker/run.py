"""Kinds of jobs → actions, until the process is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import Any

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

TAKES_JOBS = b"."
"""What a worker beside a service says on its standard output once it takes jobs."""
START_SECONDS = 60.0
"""How long the drawing processes may take to start."""


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
    if not await _started(pool, stopping):
        return
    if until_closed is not None:
        os.write(1, TAKES_JOBS)
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


async def _started(pool: Pool, stopping: asyncio.Event) -> bool:
    """Wait until pictures can be drawn; False where the process is to end before. Raises RenderProblem.

    A process that stands back may wait for long on a busy machine: it must not keep whoever ends it waiting.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not ready.done():
            ready.set_result(None) if error is None else ready.set_exception(error)

    def wait() -> None:
        error: BaseException | None = None
        try:
            pool.wait_ready(START_SECONDS)
        except TirageError as problem:
            error = problem
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, error)

    # No worker of the loop's own: those are waited for at its end.
    threading.Thread(target=wait, name="tirage-renderer-start", daemon=True).start()
    ending = asyncio.create_task(stopping.wait())
    waited: set[asyncio.Future[Any]] = {ready, ending}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if ending.done():
        ready.cancel()
        return False
    ending.cancel()
    ready.result()
    return True


def _heed_end(loop: asyncio.AbstractEventLoop, descriptor: int, stopping: asyncio.Event) -> None:
    if not os.read(descriptor, 1024):
        loop.remove_reader(descriptor)
        stopping.set()
