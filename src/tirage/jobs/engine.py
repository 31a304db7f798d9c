"""Procrastinate on our database: jobs are fetched, kept alive by heartbeats, and taken back from workers that died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from tirage.db.address import DatabaseAddress
from tirage.db.jobs_schema import JOBS_SCHEMA
from tirage.engine.errors import TirageError
from tirage.jobs.kinds import JobKind

HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 15.0
"""A worker silent for so long is dead, and its jobs are another's: with the sweep, rescued within 20 s."""
ATTEMPTS = 50
"""Of a job that fails because something is away (the database, the storage): with growing pauses, twenty minutes."""
FAULTY_ATTEMPTS = 5
"""Of one that fails for a reason of its own."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A job being carried out. `job` stays the same when it is taken back from a dead worker; `tries` failed before.

    `lane` is one of a batch's, for the kind of jobs that has them.
    """

    workspace: str
    batch: str
    job: int
    tries: int
    lane: int = 0


Handler = Callable[[Attempt], Awaitable[None]]
GivenUp = Callable[[Attempt, Exception], Awaitable[None]]


async def run_jobs(
    address: DatabaseAddress,
    handlers: Mapping[type[JobKind], Handler],
    *,
    given_up: GivenUp,
    queues: tuple[str, ...],
    concurrency: int,
    stopping: asyncio.Event,
) -> None:
    """Carry out jobs until `stopping`; those in work are finished first. `given_up` hears of one that never will be."""
    # It tells every job at length, with its arguments; what goes wrong stays.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    connector = PsycopgConnector(
        conninfo=address.application, kwargs={"options": f"-c search_path={JOBS_SCHEMA}"}, min_size=1, max_size=6
    )
    app = App(connector=connector)
    retry = RetryStrategy(max_attempts=ATTEMPTS, wait=1, linear_wait=1)
    for kind, handler in handlers.items():
        app.task(name=kind.kind, retry=retry, pass_context=True)(_task(handler, given_up))
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=list(queues),
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                fetch_job_polling_interval=5.0,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                shutdown_graceful_timeout=30.0,
            )
        )
        rescue = asyncio.create_task(_rescue(app))
        ordered = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({worker, ordered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (worker, rescue, ordered):
                task.cancel()
            for task in (rescue, ordered, worker):
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def _task(handler: Handler, given_up: GivenUp) -> Callable[..., Awaitable[None]]:
    async def task(context: JobContext, workspace: str, batch: str, lane: int = 0) -> None:
        assert context.job.id is not None
        attempt = Attempt(workspace, batch, context.job.id, context.job.attempts, lane)
        try:
            await handler(attempt)
        except Exception as error:
            if attempt.tries + 1 < (ATTEMPTS if is_passing(error) else FAULTY_ATTEMPTS):
                raise
            log.exception("A job of the batch %s is given up", batch)
            await given_up(attempt, error)

    return task


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed later."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_passing(each) for each in error.exceptions)
    return isinstance(error, TirageError) and error.retryable


async def _rescue(app: App) -> None:
    """Give jobs of dead workers back, from every live worker: the rescue has no job that could itself stall."""
    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                log.warning("A job of a worker that no longer answers is taken back: %s.", job.task_name)
                await app.job_manager.retry_job(job)
        except ConnectorException as error:
            log.warning("Stalled jobs cannot be looked for: %s", error)
        await asyncio.sleep(HEARTBEAT_SECONDS)
