"""Batches: their state and counts, claims of chunks with fencing tokens, results committed in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, LiteralString

from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.store.errors import Conflict, NotFound
from tirage.store.paging import Page, Position, read_cursor
from tirage.store.unique import with_new_uid

State = Literal["queued", "running", "paused", "finished", "failed", "cancelled"]
ENDED: frozenset[State] = frozenset({"finished", "failed", "cancelled"})
CHUNK_ROWS = 200
LEASE = timedelta(seconds=60)
"""How long a claim is believed; far longer than a chunk takes, and not what rescues jobs: it lets a sweep judge."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as recorded. `done + failed <= total`; `problem` is JSON where the whole batch failed."""

    id: str
    workspace_id: str
    template_id: str
    template_version: int
    format: str
    state: State
    source_key: str
    source_name: str
    expanded: bool
    total: int
    done: int
    failed: int
    problem: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to commit results of a chunk, as long as no newer claim took it over."""

    number: int
    epoch: int


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A row to be drawn; `row_values` is a JSON object, `name` its file's without an extension."""

    number: int
    row_values: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row as lists show it; `name` is its files' without what tells them apart and without an extension.

    `files` are its pictures in their order, each with path, extension, sha256 (hex), page, format, size, locale,
    and its design where that is not the batch's.
    """

    number: int
    state: str
    problem: str
    name: str
    files: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a row became: the ids of its pictures, one a page, or its problem as JSON."""

    number: int
    image_ids: tuple[str, ...] = ()
    problem: str = ""


class Fenced(Conflict):
    """Somebody else holds the chunk now: nothing of this claim may be written."""

    @classmethod
    def of(cls, uid: str, number: int) -> Fenced:
        """Code `chunk_fenced`."""
        return cls(Problem("chunk_fenced", f"Chunk {number} of the batch {uid} is in other hands by now."))


_COLUMNS: LiteralString = """
    id, workspace_id, template_id, template_version, format, state, source_key, source_name, expanded, total, done,
    failed, problem, created_at, started_at, finished_at
"""
_INSERT: LiteralString = (
    """
INSERT INTO batches (id, workspace_id, template_id, template_version, format, state, source_key, source_name,
                     created_at)
VALUES (%(uid)s, %(workspace)s, %(template_id)s, %(version)s, %(format)s, 'queued', %(source_key)s, %(source_name)s,
        %(now)s)
ON CONFLICT DO NOTHING RETURNING """
    + _COLUMNS
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM batches WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_LOCK: LiteralString = _GET + " FOR UPDATE"
_PUT_ROWS: LiteralString = """
INSERT INTO batch_rows (batch_id, number, chunk, workspace_id, row_values, state, problem, name)
SELECT %(uid)s, number, (number - 1) / %(size)s, %(workspace)s, row_values,
       CASE WHEN problem = '' THEN 'pending' ELSE 'failed' END, problem, name
FROM unnest(%(numbers)s::integer[], %(values)s::text[], %(problems)s::text[], %(names)s::text[])
    AS given (number, row_values, problem, name)
"""
_MAKE_CHUNKS: LiteralString = """
INSERT INTO batch_chunks (batch_id, number, workspace_id, state)
SELECT %(uid)s, chunk, %(workspace)s, 'queued' FROM batch_rows
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'pending'
GROUP BY chunk
"""
_EXPANDED: LiteralString = """
UPDATE batches SET expanded = true, total = %(total)s, failed = %(failed)s, started_at = %(now)s,
    state = CASE WHEN state = 'queued' THEN 'running' ELSE state END
WHERE workspace_id = %(workspace)s AND id = %(uid)s
"""
_CLAIM: LiteralString = """
UPDATE batch_chunks SET state = 'running', epoch = epoch + 1, lease_until = %(until)s, job = %(job)s
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND number = (
    SELECT number FROM batch_chunks
    WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s
      AND (state = 'queued' OR (state = 'running' AND (lease_until < %(now)s OR job = %(job)s)))
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING number, epoch
"""
_PENDING: LiteralString = """
SELECT number, row_values, name FROM batch_rows
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND chunk = %(chunk)s AND state = 'pending' ORDER BY number
"""
_RELEASE: LiteralString = """
UPDATE batch_chunks SET lease_until = NULL, state = CASE WHEN EXISTS (
    SELECT FROM batch_rows WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND chunk = %(number)s
      AND state = 'pending') THEN 'queued' ELSE 'done' END
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND number = %(number)s AND epoch = %(epoch)s
  AND state = 'running'
"""
_SETTLE: LiteralString = """
UPDATE batch_rows SET state = CASE WHEN given.problem = '' THEN 'done' ELSE 'failed' END,
    image_id = given.image_ids[1], more_images = COALESCE(given.image_ids[2:], '{}'), problem = given.problem
FROM (SELECT number, string_to_array(NULLIF(images, ''), ' '), problem
      FROM unnest(%(numbers)s::integer[], %(images)s::text[], %(problems)s::text[]) AS told (number, images, problem))
    AS given (number, image_ids, problem)
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND batch_rows.number = given.number
  AND batch_rows.state = 'pending'
"""
_COUNT: LiteralString = (
    """
UPDATE batches SET done = done + %(done)s, failed = failed + %(failed)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s RETURNING """
    + _COLUMNS
)
_STATE: LiteralString = (
    """
UPDATE batches SET state = %(state)s, problem = %(problem)s, finished_at = %(finished)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s RETURNING """
    + _COLUMNS
)
_FREE: LiteralString = """
SELECT count(*) FROM batch_chunks WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'queued'
"""
_HAS_FREE: LiteralString = """
SELECT EXISTS (SELECT FROM batch_chunks
               WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'queued')
"""
_AGAIN: LiteralString = """
WITH again AS (
    UPDATE batch_rows SET state = 'pending', problem = ''
    WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'failed' AND row_values <> ''
    RETURNING chunk
), chunks AS (
    INSERT INTO batch_chunks (batch_id, number, workspace_id, state)
    SELECT DISTINCT %(uid)s, chunk, %(workspace)s, 'queued' FROM again
    ON CONFLICT (batch_id, number) DO UPDATE SET state = 'queued'
)
SELECT count(*) FROM again
"""
_PAGE: LiteralString = (
    "SELECT "
    + _COLUMNS
    + """ FROM batches WHERE workspace_id = %(workspace)s AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(after)s::timestamptz IS NULL OR (created_at, id) < (%(after)s, %(after_id)s))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
)
_DELETE: LiteralString = "DELETE FROM batches WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_ROWS: LiteralString = """
SELECT number, batch_rows.state, batch_rows.problem, batch_rows.name, COALESCE((
    SELECT jsonb_agg(jsonb_build_object(
        'path', path_folder || '/' || path_name || '.' || extension, 'extension', extension,
        'sha256', encode(sha256, 'hex'), 'page', page_index, 'format', images.format,
        'size', options::jsonb ->> 'size', 'locale', options::jsonb ->> 'locale',
        'design', NULLIF(images.template_id, batches.template_id)
    ) ORDER BY images.id <> image_id, array_position(more_images, images.id::text), page_index)
    FROM images WHERE images.workspace_id = batch_rows.workspace_id
        AND (images.id = image_id OR images.id = ANY(more_images))
    ), '[]') AS files
FROM batch_rows JOIN batches ON batches.id = batch_id AND batches.workspace_id = batch_rows.workspace_id
WHERE batch_rows.workspace_id = %(workspace)s AND batch_id = %(uid)s AND number > %(after)s
  AND (%(state)s::text IS NULL OR batch_rows.state = %(state)s)
ORDER BY number LIMIT %(limit)s
"""


async def create(
    tx: Transaction, template_id: str, version: int, format_: str, source: tuple[str, str], now: datetime
) -> Batch:
    """A new batch, queued; `source` is the key of its uploaded table and the name it came with."""

    async def attempt(uid: str) -> Batch | None:
        return await tx.one(
            Batch, _INSERT, uid=uid, template_id=template_id, version=version, format=format_,
            source_key=source[0], source_name=source[1], now=now,
        )  # fmt: skip

    return await with_new_uid(attempt)


async def get(tx: Transaction, uid: str, *, lock: bool = False) -> Batch:
    """One batch; with `lock` nobody else changes it before this transaction ends. Raises NotFound `batch_not_found`."""
    batch = await tx.one(Batch, _LOCK if lock else _GET, uid=uid)
    if batch is None:
        raise NotFound.of("batch", uid)
    return batch


async def put_rows(tx: Transaction, uid: str, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Rows as (number, values as JSON, problem as JSON, file name without extension); a problem: failed already."""
    numbers, values, problems, names = (list(each) for each in zip(*rows, strict=True))
    await tx.execute(
        _PUT_ROWS, uid=uid, size=CHUNK_ROWS, numbers=numbers, values=values, problems=problems, names=names
    )


async def expanded(tx: Transaction, uid: str, total: int, failed: int, now: datetime) -> int:
    """All rows are there: make the chunks, and say how many."""
    await tx.execute(_EXPANDED, uid=uid, total=total, failed=failed, now=now)
    return await tx.execute(_MAKE_CHUNKS, uid=uid)


async def claim(tx: Transaction, uid: str, job: int, now: datetime) -> Claim | None:
    """The next chunk that nobody works on, whose claim has run out, or that this job held before its worker died."""
    return await tx.one(Claim, _CLAIM, uid=uid, job=job, now=now, until=now + LEASE)


async def pending(tx: Transaction, uid: str, chunk: int) -> list[PendingRow]:
    """The rows of a chunk that are still to be drawn."""
    return await tx.all(PendingRow, _PENDING, uid=uid, chunk=chunk)


async def settle(tx: Transaction, uid: str, held: Claim, results: Sequence[Result]) -> Batch:
    """Commit what rows became and give the chunk back; the caller holds the batch's lock.

    Raises Fenced where another claim has taken the chunk over.
    """
    await tx.execute(
        _SETTLE, uid=uid, numbers=[each.number for each in results],
        images=[" ".join(each.image_ids) for each in results], problems=[each.problem for each in results],
    )  # fmt: skip
    if await tx.execute(_RELEASE, uid=uid, number=held.number, epoch=held.epoch) != 1:
        raise Fenced.of(uid, held.number)
    failed = sum(bool(each.problem) for each in results)
    batch = await tx.one(Batch, _COUNT, uid=uid, done=len(results) - failed, failed=failed)
    assert batch is not None
    return batch


async def set_state(
    tx: Transaction, uid: str, state: State, *, finished: datetime | None = None, problem: str = ""
) -> Batch:
    """Move a batch to another state."""
    batch = await tx.one(Batch, _STATE, uid=uid, state=state, finished=finished, problem=problem)
    assert batch is not None
    return batch


async def free_chunks(tx: Transaction, uid: str) -> int:
    """How many chunks wait for a worker."""
    return int(await tx.value(_FREE, uid=uid))


async def has_free_chunks(tx: Transaction, uid: str) -> bool:
    """Whether a chunk waits for a worker."""
    return bool(await tx.value(_HAS_FREE, uid=uid))


async def again(tx: Transaction, uid: str) -> int:
    """Failed rows become pending once more, in chunks that wait; how many. Rows that could not be read stay failed."""
    count = int(await tx.value(_AGAIN, uid=uid))
    await tx.execute(
        "UPDATE batches SET failed = failed - %(count)s WHERE workspace_id = %(workspace)s AND id = %(uid)s",
        uid=uid, count=count,
    )  # fmt: skip
    return count


async def rows(tx: Transaction, uid: str, state: str | None, after: int, limit: int) -> list[BatchRow]:
    """Rows by number, from behind `after`: pages do not shift while rows finish."""
    return await tx.all(BatchRow, _ROWS, uid=uid, state=state, after=after, limit=limit)


async def page(tx: Transaction, state: State | None, cursor: str | None, limit: int) -> Page[Batch]:
    """The workspace's batches, newest first. Raises Invalid `cursor_invalid`."""
    after = None if cursor is None else read_cursor(cursor, tx.workspace, state or "")
    found = await tx.all(
        Batch, _PAGE, state=state, after=after.created_at if after else None, after_id=after.id if after else None,
        limit=limit + 1,
    )  # fmt: skip
    shown = found[:limit]
    more = Position(shown[-1].created_at, shown[-1].id).cursor(tx.workspace, state or "") if found[limit:] else None
    return Page(tuple(shown), more)


async def delete(tx: Transaction, uid: str) -> None:
    """Remove a batch and its rows; pictures stay."""
    await tx.execute(_DELETE, uid=uid)
