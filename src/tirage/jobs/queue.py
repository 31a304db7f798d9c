"""Jobs → PostgreSQL, in the transaction of what they are about."""

from __future__ import annotations

from dataclasses import asdict
from typing import LiteralString

import orjson

from tirage.db.connect import Transaction
from tirage.jobs.kinds import JobKind

QUEUE = "batches"

# Qualified: the transaction searches the application's schema.
_DEFER: LiteralString = """
SELECT tirage_jobs.procrastinate_defer_jobs_v1(array_agg(
    ROW(%(queue)s, %(task)s, 0, %(lock)s, NULL, %(arguments)s::jsonb, NULL)::tirage_jobs.procrastinate_job_to_defer_v1))
"""


async def enqueue(tx: Transaction, job: JobKind, lock: str | None = None) -> None:
    """Submit a job; workers hear of it when the transaction commits. Of jobs with one `lock`, one at a time is run."""
    arguments = orjson.dumps(asdict(job)).decode()
    await tx.execute(_DEFER, queue=QUEUE, task=job.kind, arguments=arguments, lock=lock)
