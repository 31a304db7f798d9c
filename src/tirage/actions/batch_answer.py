"""A batch and its rows → what is said of them, in answers, in event streams and in webhooks alike."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from tirage.actions.picture_answer import Wire, image_url
from tirage.store.batch_files import file_label
from tirage.store.batches import Batch, BatchRow, State

_KIND = operator.itemgetter("design", "format", "size", "locale")
"""What files of a row may differ in, but for the page."""


class WireCounts(Wire):
    """Rows by state; `done`, `failed` and `pending` add up to `total`."""

    total: int
    done: int
    failed: int
    pending: int


class WireFile(Wire):
    """One of a row's files, with the name that it has among those of all rows."""

    name: str
    format: str
    image_url: str
    sha256: str


class WireRow(Wire):
    """A row: its picture with the file name that the batch's pattern gives it, or its problem.

    Where it has several files, `pages` are the addresses of all of them and `files` tell them apart.
    """

    row: int
    state: str
    name: str | None = None
    image_url: str | None = None
    pages: list[str] | None = None
    files: list[WireFile] | None = None
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
    alike = Counter(map(_KIND, row.files))
    files = [
        WireFile(
            name=f"{row.name or f'{row.number:05d}'}{_label(each, alike[_KIND(each)] > 1)}.{each['extension']}",
            format=each["format"],
            image_url=image_url(public_url, each["path"]),
            sha256=each["sha256"],
        )
        for each in row.files
    ]
    several = files if len(files) > 1 else None
    return WireRow(
        row=row.number,
        state=row.state,
        name=files[0].name if row.name and files else None,
        image_url=files[0].image_url if files else None,
        pages=[each.image_url for each in files] if several else None,
        files=several,
        sha256=files[0].sha256 if files else None,
        error=orjson.loads(row.problem) if row.problem else None,
    )


def _label(file: Mapping[str, Any], several: bool) -> str:
    page = file["page"] if several else None
    return file_label(file["design"] or "", file["size"] or "", file["locale"] or "", page)
