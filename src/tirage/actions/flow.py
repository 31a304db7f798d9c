"""Rows → outcomes, as they are done: fetching, drawing and the caller's writing overlap, and little is held at once."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition

from tirage.actions.row_jobs import Bound, DrawOrder, RowJobs
from tirage.assets.fetched import Fetched, LentFile
from tirage.context import Context
from tirage.engine.errors import TirageError
from tirage.engine.report import Warning_
from tirage.pool.job import Reply
from tirage.tables.rows import BadRow, Row

MAX_HELD_BYTES = 256_000_000
"""Pictures of rows that wait or are drawn; beyond this no further row is begun."""
_OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
MAX_LENT = 1000 if _OPEN_FILES == resource.RLIM_INFINITY else _OPEN_FILES // 4
"""Open files of rows that wait or are drawn."""
AHEAD = 12
"""Rows in the works for each renderer: one that it draws, one that lies ready for it, those to be dealt with next."""
AT_ONCE = 6
"""Rows for each renderer that are dealt with together."""
_PATIENCE = 0.1
"""Seconds that a finished row may wait for others to be dealt with together."""
ENDS_RUN = frozenset({"pool_unavailable", "pool_closed"})
"""Codes that say that no row could be drawn, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: drawn (`reply`), not drawn because that was done before (`done`), or failed (`error`)."""

    row: int
    recipe: str = ""
    reply: Reply | None = None
    error: TirageError | None = None
    warnings: tuple[Warning_, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the row's pictures are there from an earlier run."""
        return self.reply is None and self.error is None


@dataclass(slots=True)
class _Work:
    row: int
    bound: Bound
    order: DrawOrder | None = None
    held: int = 0
    lent: int = 0


@dataclass(frozen=True, slots=True)
class _Event:
    work: _Work
    found: Future[dict[str, Fetched | LentFile]] | None = None
    drawn: Future[Reply] | None = None


@dataclass(slots=True)
class _Arrivals:
    """Events of other threads, taken several at a time.

    The thread that reads rows is woken for every so many only: it finds the processor's caches full of the renderers'
    pictures each time, and working off a few rows in one go takes little more than half the time.
    """

    events: list[_Event] = field(default_factory=list)
    enough: int = 1
    arrived: Condition = field(default_factory=Condition)

    def put(self, event: _Event) -> None:
        with self.arrived:
            self.events.append(event)
            if len(self.events) >= self.enough:
                self.arrived.notify()

    def take(self, enough: int) -> list[_Event]:
        """At least one; fewer than `enough` where the others are long in coming."""
        with self.arrived:
            self.enough = enough
            self.arrived.wait_for(lambda: len(self.events) >= enough, _PATIENCE)
            self.enough = 1
            self.arrived.wait_for(lambda: self.events)
            taken, self.events = self.events, []
        return taken


def _never(row: int, recipe: str) -> bool:
    return False


class Flow:
    """Draws rows with bounded look-ahead. `known(row, recipe)` says that a row's pictures are there already.

    `most_begun` tells, afterwards, how many rows were in the works at once.
    """

    def __init__(self, context: Context, jobs: RowJobs, known: Callable[[int, str], bool] = _never) -> None:
        self._context = context
        self._jobs = jobs
        self._known = known
        self._arrivals = _Arrivals()
        self._begun = 0
        self._held = 0
        self._lent = 0
        self._fetching: ThreadPoolExecutor | None = None
        self._drawing: set[Future[Reply]] = set()
        self._at_once = AT_ONCE * context.pool.workers
        self._ahead = AHEAD * context.pool.workers
        self.most_begun = 0

    def run(self, rows: Iterable[Row | BadRow]) -> Iterator[Outcome]:
        """The outcomes, in the order in which they come to be. Leaving the iteration early cancels what waits."""
        try:
            for row in rows:
                outcome = self._begin(row)
                if outcome is not None:
                    yield outcome
                if self._is_full():
                    yield from self._settle_some()
            while self._begun:
                yield from self._next(1)
        finally:
            for future in list(self._drawing):
                future.cancel()
            if self._fetching is not None:
                self._fetching.shutdown(wait=False, cancel_futures=True)

    def _is_full(self) -> bool:
        limit = self._ahead if self._fetching is None else max(self._ahead, self._context.settings.look_ahead)
        much = self._held > MAX_HELD_BYTES or self._lent > MAX_LENT
        return self._begun >= limit or (much and self._begun > 0)

    def _settle_some(self) -> Iterator[Outcome]:
        """Make room for as many rows as are dealt with at once; while pictures are fetched, for one."""
        room = max(0, self._begun - (self._at_once if self._fetching is None else 1))
        while self._begun > room or self._is_full():
            yield from self._next(max(1, self._begun - room))

    def _begin(self, row: Row | BadRow) -> Outcome | None:
        if isinstance(row, BadRow):
            return Outcome(row.number, error=TirageError(row.problem))
        try:
            work = _Work(row.number, self._jobs.bind(row.values))
            if not self._jobs.is_remote(work.bound):
                return self._draw(work, self._jobs.resolve(work.bound))
        except TirageError as error:
            return _failed(row.number, error)
        if self._fetching is None:
            # A thread for each row that may wait: a slow host holds up its own rows only.
            self._fetching = ThreadPoolExecutor(self._context.settings.look_ahead, "tirage-fetch")
        self._count(1)
        future = self._fetching.submit(self._jobs.resolve, work.bound)
        future.add_done_callback(lambda found: self._arrivals.put(_Event(work, found=found)))
        return None

    def _draw(self, work: _Work, found: dict[str, Fetched | LentFile]) -> Outcome | None:
        work.order = self._jobs.order(work.bound, found)
        if work.order.recipe and self._known(work.row, work.order.recipe):
            return Outcome(work.row, work.order.recipe, warnings=work.bound.bound.warnings)
        read = work.order.job.read_parts
        work.held, work.lent = sum(map(len, read)), len(work.order.job.parts) - len(read)
        future = self._context.pool.submit(work.order.job)
        self._count(1, work.held, work.lent)
        self._drawing.add(future)
        future.add_done_callback(lambda drawn: self._arrivals.put(_Event(work, drawn=drawn)))
        return None

    def _count(self, rows: int, held: int = 0, lent: int = 0) -> None:
        self._begun += rows
        self._held += held
        self._lent += lent
        self.most_begun = max(self.most_begun, self._begun)

    def _next(self, enough: int) -> Iterator[Outcome]:
        for event in self._arrivals.take(enough):
            yield from self._heed(event)

    def _heed(self, event: _Event) -> Iterator[Outcome]:
        work = event.work
        self._count(-1, -work.held, -work.lent)
        try:
            if event.found is not None:
                outcome = self._draw(work, event.found.result())
                if outcome is not None:
                    yield outcome
            elif event.drawn is not None:
                self._drawing.discard(event.drawn)
                reply = event.drawn.result()
                recipe = (work.order.recipe if work.order else "") or str(reply.header.get("recipe", ""))
                yield Outcome(work.row, recipe, reply, warnings=work.bound.bound.warnings)
        except TirageError as error:
            yield _failed(work.row, error, work.bound.bound.warnings)


def _failed(row: int, error: TirageError, warnings: tuple[Warning_, ...] = ()) -> Outcome:
    """A failed row is an outcome; that nothing can be drawn at all is not, and ends the run."""
    if error.code in ENDS_RUN:
        raise error
    return Outcome(row, error=error, warnings=warnings)
