"""A batch's uploaded table → its rows and chunks, all in one transaction: a reader that dies leaves nothing behind."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from dataclasses import asdict
from typing import BinaryIO, cast

import orjson

from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.faults import fault
from tirage.jobs.kinds import RenderChunk
from tirage.jobs.queue import enqueue
from tirage.store import batches
from tirage.tables.open import open_table
from tirage.tables.rows import BadRow, Row, Table, TableProblem

GROUP = 2_000
"""Rows that go to the database at once."""
EXPAND_SECONDS = 1_800.0
LANES = 4
"""Chunks of one batch that may be drawn at once; a finished chunk submits the next, so that batches take turns."""


async def expand_batch(service: Service, workspace: str, uid: str) -> None:
    """Read the rows. A table that cannot be read fails the batch; a bad row is a failed row."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid)
    if batch.expanded or batch.state not in ("queued", "running", "paused"):
        return
    with tempfile.SpooledTemporaryFile(16_000_000) as spool:
        async for part in (await service.blobs.get(batch.source_key)).stream:
            spool.write(part)
        spool.seek(0)
        try:
            await _expand(service, workspace, uid, cast("BinaryIO", spool), batch.source_key.rpartition(".")[2])
        except TableProblem as error:
            async with service.database.workspace(workspace) as tx:
                await batches.get(tx, uid, lock=True)
                told = problem_text(error.problems[0])
                await batches.set_state(tx, uid, "failed", finished=service.clock.now(), problem=told)


def problem_text(problem: Problem) -> str:
    """A problem as rows and batches keep it."""
    return orjson.dumps({name: value for name, value in asdict(problem).items() if value}).decode()


async def _expand(service: Service, workspace: str, uid: str, source: BinaryIO, extension: str) -> None:
    table = await asyncio.to_thread(open_table, source, format=extension)
    async with service.database.workspace(workspace, deadline=EXPAND_SECONDS) as tx:
        batch = await batches.get(tx, uid, lock=True)
        if batch.expanded:
            return
        total = failed = 0
        while group := await asyncio.to_thread(_next, table):
            await batches.put_rows(tx, uid, group)
            fault("ingest_half")
            total += len(group)
            failed += sum(bool(problem) for _, _, problem, _ in group)
        now = service.clock.now()
        chunks = await batches.expanded(tx, uid, total, failed, now)
        if chunks == 0:
            await batches.set_state(tx, uid, "finished", finished=now)
        elif batch.state != "paused":
            await enqueue(tx, RenderChunk(workspace, uid), min(LANES, chunks))


def _next(table: Table) -> list[tuple[int, str, str, str]]:
    return [_stored(each) for each in itertools.islice(iter(table), GROUP)]


def _stored(row: Row | BadRow) -> tuple[int, str, str, str]:
    if isinstance(row, BadRow):
        return row.number, "", problem_text(row.problem), f"{row.number:05d}"
    # A NUL can be in no text of PostgreSQL, and in JSON it is written out.
    return row.number, orjson.dumps(dict(row.values)).decode(), "", f"{row.number:05d}"
