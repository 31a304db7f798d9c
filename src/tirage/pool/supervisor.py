"""The pool's parent side: jobs in, futures out; one thread keeps all children busy, in bounds and alive.

Whatever a child does: crash, hang, lie, it ends as a problem of its job, never as an exception of the pool.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import count
from queue import SimpleQueue
from types import TracebackType

import orjson

from tirage.engine.errors import TirageError
from tirage.pool import failures
from tirage.pool.forkserver import ServerConfig
from tirage.pool.job import MAX_FILES, Job, PoolLimits, PoolStats, Reply
from tirage.pool.reactor import Reactor
from tirage.pool.sandbox import Mode, SandboxReport, probe
from tirage.pool.slots import Task

_CLOSE_SECONDS = 3.0


class Pool:
    """Render slots over child processes; a context manager, usable from any thread.

    - `handler`: `module:function`, called in a child as `handler(header, parts) -> (header, parts)`.
    - `warm`: modules (imported) and `module:function`s (called) in the fork server before the first child.
    - `sandbox`: `strict` (refuses to start where a wall is missing), `best-effort` or `off`.
    - `readable`: files and folders that children may read beside the installed libraries.
    - `python_path`: folders put in front of the children's module search path.
    - `prefetch`: how many jobs may wait inside a busy child: 1 keeps children busy in a batch, 0 keeps an interactive
      job from waiting behind a slow one.
    - `max_waiting`: the length of the line, beyond which `submit` raises a retryable `RenderProblem` `pool_full`.
    """

    def __init__(
        self,
        *,
        handler: str,
        warm: Sequence[str] = (),
        workers: int | None = None,
        limits: PoolLimits | None = None,
        sandbox: Mode = "best-effort",
        readable: Sequence[str] = (),
        python_path: Sequence[str] = (),
        prefetch: int = 1,
        max_waiting: int | None = None,
    ) -> None:
        self.workers = workers if workers is not None else default_workers()
        if self.workers < 1:
            raise ValueError(f"A pool needs at least one worker, not {self.workers}.")
        self.limits = limits or PoolLimits()
        self.sandbox_report: SandboxReport = probe()
        if sandbox == "strict" and self.sandbox_report.level != "strict":
            missing = "; ".join(self.sandbox_report.reasons)
            raise failures.refused(f"The renderer's sandbox is not complete on this machine: {missing}.")
        config = ServerConfig(
            handler=handler,
            warm=tuple(warm),
            python_path=tuple(python_path),
            readable=tuple(readable),
            sandbox=sandbox,
            limits=self.limits,
            debug=bool(os.environ.get("TIRAGE_DEBUG")),
        )
        self._max_waiting = max_waiting
        self._ids = count(1)
        self._reactor = Reactor(config, workers=self.workers, prefetch=prefetch)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, job: Job) -> Future[Reply]:
        """Queues a job. The future gives the reply or raises a `TirageError`; its callbacks run in the pool's thread.

        In asyncio: `await asyncio.wrap_future(pool.submit(job))`. Cancelling a future that is still waiting takes the
        job out of the line. Raises `RenderProblem` with `pool_full`, `pool_closed` or `pool_unavailable`.
        """
        if self._max_waiting is not None and self._reactor.backlog() >= self._max_waiting:
            raise failures.full(self._max_waiting)
        if sum(not isinstance(part, bytes) for part in job.parts) > MAX_FILES:
            raise ValueError(f"A job has at most {MAX_FILES} open files.")
        task = Task(next(self._ids), job, orjson.dumps(dict(job.header)), Future())
        self._reactor.enqueue(task)
        return task.future

    def map(
        self, jobs: Iterable[Job], *, max_pending: int | None = None, ordered: bool = True
    ) -> Iterator[tuple[int, Reply | TirageError]]:
        """Runs all jobs, reading at most `max_pending` ahead: constant memory however many there are.

        Gives `(index, reply or error)`, in the order of the jobs or as they are done. Leaving the iteration early
        cancels what has not begun.
        """
        bound = max(1, max_pending if max_pending is not None else max(8, 4 * self.workers))
        source = enumerate(jobs)
        return self._in_order(source, bound) if ordered else self._as_done(source, bound)

    def wait_ready(self, timeout: float | None = None) -> None:
        """Waits until children can start at once. Raises `RenderProblem` `pool_unavailable` if they never will."""
        if not self._reactor.settled.wait(timeout):
            raise failures.refused("The renderer did not start in time.")
        if self._reactor.broken is not None:
            raise self._reactor.broken

    def waiting(self) -> int:
        """How many jobs wait for a child; as in `stats`, which takes longer."""
        return self._reactor.backlog()

    def stats(self) -> PoolStats:
        """Counters and the present state; a snapshot that may be a moment old."""
        return self._reactor.stats()

    def close(self) -> None:
        """Ends all children, running or not, and waits for them; jobs not done fail with `pool_closed`."""
        self._reactor.close(_CLOSE_SECONDS)

    def _in_order(self, source: Iterator[tuple[int, Job]], bound: int) -> Iterator[tuple[int, Reply | TirageError]]:
        pending: deque[tuple[int, Future[Reply]]] = deque()
        try:
            for index, job in source:
                pending.append((index, self.submit(job)))
                if len(pending) >= bound:
                    yield _outcome(*pending.popleft())
            while pending:
                yield _outcome(*pending.popleft())
        finally:
            for _, future in pending:
                future.cancel()

    def _as_done(self, source: Iterator[tuple[int, Job]], bound: int) -> Iterator[tuple[int, Reply | TirageError]]:
        done: SimpleQueue[Future[Reply]] = SimpleQueue()
        pending: dict[Future[Reply], int] = {}

        def next_done() -> tuple[int, Reply | TirageError]:
            future = done.get()
            return _outcome(pending.pop(future), future)

        try:
            for index, job in source:
                future = self.submit(job)
                pending[future] = index
                future.add_done_callback(done.put)
                if len(pending) >= bound:
                    yield next_done()
            while pending:
                yield next_done()
        finally:
            for future in pending:
                future.cancel()


def default_workers() -> int:
    """As many children as this process may use cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _outcome(index: int, future: Future[Reply]) -> tuple[int, Reply | TirageError]:
    try:
        return index, future.result()
    except TirageError as error:
        return index, error
