"""Batches: a table over a design, watched, steered and fetched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import ValidationError

from tirage.client.download import Downloaded, download_rows, fetch
from tirage.client.errors import ApiError
from tirage.client.events import read_events
from tirage.client.models import Batch, BatchPage, BatchRow, Preview, RowPage, RowState
from tirage.client.transport import Transport

POLL_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A stream of events without a word for so long, its comments included, is opened anew."""


class Batches:
    """`/batches`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(
        self,
        design: str,
        *,
        data: Path | str | None = None,
        rows: Iterable[Mapping[str, Any]] | None = None,
        source: str | None = None,
        format: str = "png",
        options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Start a batch: of a table on this machine, which is streamed; of rows at hand; or of a table at an address.

        `options` are further members of the request, such as `mapping`, `naming` or `encoding`. A lost answer is asked
        for again and starts nothing twice. Raises ApiError; OSError from the file.
        """
        said = self._send("/batches", design, data, rows, source, format, options, idempotency_key or True)
        return Batch.of(said)

    def preview(
        self,
        design: str,
        *,
        data: Path | str | None = None,
        rows: Iterable[Mapping[str, Any]] | None = None,
        source: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Preview:
        """What a table would be drawn as: its columns with a guess for each, and its first rows. Starts nothing.

        Raises as `submit`.
        """
        said = self._send("/batches/preview", design, data, rows, source, "png", options, False)
        return Preview.of(said)

    def _send(
        self,
        path: str,
        design: str,
        data: Path | str | None,
        rows: Iterable[Mapping[str, Any]] | None,
        source: str | None,
        format: str,
        options: Mapping[str, Any] | None,
        once: str | bool,
    ) -> Any:
        if sum(each is not None for each in (data, rows, source)) != 1:
            raise ApiError("source_missing", "A batch takes one of data, rows and source.")
        members: dict[str, Any] = {"templateId": design, "format": format, **(options or {})}
        if data is not None:
            file = Path(data)
            return self._transport.upload(path, form_fields(members), file, file.name, once=once)
        members |= {"rows": [dict(each) for each in rows]} if rows is not None else {"source": source}
        return self._transport.json("POST", path, body=members, once=once)

    def get(self, batch: str) -> Batch:
        """One batch as it is now. Raises ApiError `batch_not_found`."""
        return Batch.of(self._transport.json("GET", f"/batches/{batch}"))

    def list(self, state: str | None = None) -> Iterator[Batch]:
        """Batches, newest first, page after page as they are asked for. Raises ApiError."""
        cursor: str | None = None
        while True:
            said = self._transport.json("GET", "/batches", params={"state": state, "cursor": cursor})
            page = BatchPage.of(said)
            yield from page.batches
            if page.next is None:
                return
            cursor = page.next

    def rows(self, batch: str, state: RowState | None = None) -> Iterator[BatchRow]:
        """Rows by number, page after page as they are asked for. Raises ApiError."""
        cursor: str | None = None
        while True:
            asked = {"state": state, "cursor": cursor, "limit": 1_000}
            page = RowPage.of(self._transport.json("GET", f"/batches/{batch}/rows", params=asked))
            yield from page.rows
            if page.next is None:
                return
            cursor = page.next

    def pause(self, batch: str) -> Batch:
        """Begin no further row. Raises ApiError `batch_ended`."""
        return self._steer(batch, "pause")

    def resume(self, batch: str) -> Batch:
        """Go on with a paused batch. Raises ApiError `batch_ended`."""
        return self._steer(batch, "resume")

    def cancel(self, batch: str) -> Batch:
        """End it; what is drawn stays. Raises ApiError `batch_ended`."""
        return self._steer(batch, "cancel")

    def retry(self, batch: str) -> Batch:
        """Draw the failed rows of a finished batch once more. Raises ApiError `batch_not_finished`."""
        return self._steer(batch, "retry")

    def watch(self, batch: str, *, timeout: float | None = None) -> Iterator[Batch]:
        """The batch each time it has changed, the last time when it has ended.

        Listens to the server's events, and asks every second where there are none. Raises ApiError, `watch_timeout`
        after `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        shown = self.get(batch)
        yield shown
        listening = True
        while not shown.ended:
            left = SILENT_SECONDS if until is None else min(SILENT_SECONDS, max(0.1, until - time.monotonic()))
            try:
                for told in self._listen(batch, left) if listening else ():
                    if told != shown:
                        shown = told
                        yield shown
            except _NoEventsError:
                listening = False
            if not shown.ended:
                time.sleep(POLL_SECONDS)
                # What happened while nobody listened is asked for.
                now = self.get(batch)
                if now != shown:
                    shown = now
                    yield shown
            if until is not None and time.monotonic() > until and not shown.ended:
                raise ApiError("watch_timeout", f"The batch {batch} is still {shown.state}.", retryable=True)

    def wait(self, batch: str, *, timeout: float | None = None) -> Batch:
        """The batch once it has ended. Raises as `watch`."""
        last: Batch | None = None
        for each in self.watch(batch, timeout=timeout):
            last = each
        assert last is not None
        return last

    def download(self, batch: str, folder: Path | str) -> Iterator[Downloaded]:
        """Save the pictures of all finished rows; right ones that are there already stay. Raises as `download_rows`."""
        yield from download_rows(self._transport, self.rows(batch, "done"), Path(folder))

    def save(
        self,
        batch: str,
        file: Literal["archive.zip", "manifest.csv", "manifest.ndjson", "errors.csv", "merged.pdf"],
        path: Path | str,
    ) -> tuple[Path, ...]:
        """Save a file of the batch whole; an archive above 4 GB comes as several. Raises ApiError, OSError."""
        target = Path(path)
        saved: list[Path] = []
        parts = 1
        while len(saved) < parts:
            number = len(saved) + 1
            place = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
            query = f"?part={number}" if number > 1 else ""
            headers = fetch(self._transport, f"/batches/{batch}/{file}{query}", place, None)[1]
            told = headers.get("tirage-parts", "1")
            parts = int(told) if told.isdigit() else 1
            saved.append(place)
        return tuple(saved)

    def delete(self, batch: str) -> None:
        """Forget a batch that has ended, its rows and their values; its pictures stay. Raises ApiError."""
        self._transport.json("DELETE", f"/batches/{batch}")

    def _steer(self, batch: str, verb: str) -> Batch:
        return Batch.of(self._transport.json("POST", f"/batches/{batch}/{verb}"))

    def _listen(self, batch: str, seconds: float) -> Iterator[Batch]:
        """What the server tells of, until it ends the stream or is silent for so long. Raises _NoEventsError."""
        try:
            headers = {"accept": "text/event-stream"}
            with self._transport.stream(f"/batches/{batch}/events", headers=headers, timeout=seconds) as answer:
                if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                    raise _NoEventsError
                until = time.monotonic() + seconds
                for event in read_events(answer.iter_lines()):
                    told = _told(event.data)
                    if told is not None:
                        yield told
                        if told.ended:
                            return
                    if time.monotonic() > until:
                        return
        except (httpx.TransportError, ValueError):
            return
        except ApiError as error:
            if not error.retryable:
                # A server or proxy without events; what else is wrong, asking will tell.
                raise _NoEventsError from error


class _NoEventsError(Exception):
    """The server tells no events."""


def form_fields(members: Mapping[str, Any]) -> dict[str, str]:
    """Members of a request as fields of a form: texts as they are, anything else as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in members.items()
        if value is not None
    }


def _told(data: str) -> Batch | None:
    try:
        return Batch.model_validate_json(data)
    except ValidationError:
        return None
