"""Jobs → PostgreSQL, in the transaction of what they are about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import LiteralString

import orjson

from tirage.db.connect import Transaction
from tirage.jobs.kinds import JobKind

QUEUE = "batches"

# Qualified: the transaction searches the application's schema.
_DEFER: LiteralString = """
SELECT tirage_jobs.procrastinate_defer_jobs_v1(array_agg(
    ROW(%(queue)s, %(task)s, %(priority)s, %(lock)s, NULL, %(arguments)s::jsonb, NULL)
    ::tirage_jobs.procrastinate_job_to_defer_v1))
"""
_LINE: LiteralString = """
SELECT count(*) FILTER (WHERE status = 'todo')::int AS waiting,
    count(*) FILTER (WHERE args ->> 'batch' = %(batch)s)::int AS own
FROM tirage_jobs.procrastinate_jobs
WHERE queue_name = %(queue)s AND status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at <= now())
"""


@dataclass(frozen=True, slots=True)
class Line:
    """The queue: how many jobs wait for a worker, and how many there are of one batch, in work or not."""

    waiting: int
    own: int


async def line_of(tx: Transaction, batch: str) -> Line:
    """How the queue stands at this moment, for a batch."""
    line = await tx.one(Line, _LINE, queue=QUEUE, batch=batch)
    assert line is not None
    return line


async def enqueue(tx: Transaction, job: JobKind, *, lock: str | None = None, priority: int = 0) -> None:
    """Submit a job; workers hear of it when the transaction commits.

    Of jobs with one `lock`, one at a time is run; those of a lower `priority` wait until no others do.
    """
    arguments = orjson.dumps(asdict(job)).decode()
    await tx.execute(_DEFER, queue=QUEUE, task=job.kind, arguments=arguments, lock=lock, priority=priority)
