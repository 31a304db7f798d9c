"""A batch and its rows → what is said of them, in answers, in event streams and in webhooks alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from tirage.actions.picture_answer import Wire, image_url
from tirage.store.batches import Batch, BatchRow, State


class WireCounts(Wire):
    """Rows by state; `done`, `failed` and `pending` add up to `total`."""

    total: int
    done: int
    failed: int
    pending: int


class WireRow(Wire):
    """A row: its picture with the file name that the batch's pattern gives it, or its problem.

    `pages` are the addresses of all pages where the design has several and the format holds one.
    """

    row: int
    state: str
    name: str | None = None
    image_url: str | None = None
    pages: list[str] | None = None
    sha256: str | None = None
    error: dict[str, Any] | None = None


class WireBatch(Wire):
    """A batch. `rate` in rows per second since it began, `estimate` in seconds that remain."""

    id: str
    template_id: str
    format: str
    state: State
    counts: WireCounts
    rate: float | None
    estimate: float | None
    created_at: datetime
    finished_at: datetime | None
    errors: list[WireRow]
    error: dict[str, Any] | None


def batch_answer(public_url: str, batch: Batch, now: datetime, failed: Sequence[BatchRow] = ()) -> WireBatch:
    """What is said of a batch at the moment `now`; `failed` are its first failed rows."""
    ended = batch.done + batch.failed
    pending = batch.total - ended
    rate = None
    if batch.started_at is not None:
        seconds = ((batch.finished_at or now) - batch.started_at).total_seconds()
        rate = round(ended / seconds, 2) if seconds > 0 and ended else None
    return WireBatch(
        id=batch.id,
        template_id=batch.template_id,
        format=batch.format,
        state=batch.state,
        counts=WireCounts(total=batch.total, done=batch.done, failed=batch.failed, pending=pending),
        rate=rate,
        estimate=round(pending / rate, 1) if rate and batch.state == "running" else None,
        created_at=batch.created_at,
        finished_at=batch.finished_at,
        errors=[row_answer(public_url, each) for each in failed],
        error=orjson.loads(batch.problem) if batch.problem else None,
    )


def row_answer(public_url: str, row: BatchRow) -> WireRow:
    """What is said of a row."""
    pages = [image_url(public_url, path) for path in row.paths]
    return WireRow(
        row=row.number,
        state=row.state,
        name=f"{row.name}.{row.extension}" if row.name and row.extension else None,
        image_url=pages[0] if pages else None,
        pages=pages if len(pages) > 1 else None,
        sha256=row.sha256.hex() if row.sha256 else None,
        error=orjson.loads(row.problem) if row.problem else None,
    )
