"""A multipart body → its fields, and its one file handed on while it comes in: neither is held whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from tirage.api.errors import Refused
from tirage.api.json_body import too_large
from tirage.api.upload import FRAME_BYTES
from tirage.engine.errors import Problem, RowProblem

T = TypeVar("T")
Take = Callable[[str, Mapping[str, str], AsyncIterator[bytes]], Awaitable[T]]
"""Called when the file begins, with its name and the fields that came before it; must read the bytes to their end."""
MAX_FIELDS = 40
_AHEAD = 8
"""Pieces of the file that wait for whoever takes them; more, and the connection is not read."""


@dataclass(frozen=True, slots=True)
class StreamedForm(Generic[T]):
    """What a form held: its fields, and what its file became (None where it had none)."""

    fields: Mapping[str, str]
    filename: str
    taken: T | None


async def read_form(request: Request, max_bytes: int, take: Take[T]) -> StreamedForm[T]:
    """Read a form whose file is the part `file`.

    Raises Refused `body_too_large`, `request_timeout`, RowProblem `upload_invalid`, and whatever `take` raises.
    """
    limit = max_bytes + FRAME_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise _invalid("the Content-Type names no boundary")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
    except FormParserError as error:
        raise _invalid(str(error)) from None
    sink: _Sink[T] | None = None
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            try:
                parser.write(chunk)
            except FormParserError as error:
                raise _invalid(str(error)) from None
            for event in parts.drain():
                if isinstance(event, _Begin):
                    if sink is not None:
                        raise _invalid("it holds more than one file")
                    sink = _Sink(take, event.filename, dict(parts.fields))
                elif sink is not None:
                    await sink.send(event)
        if not parts.ended:
            raise _invalid("it ends before its closing boundary")
        taken = None if sink is None else await sink.finish()
        return StreamedForm(parts.fields, "" if sink is None else sink.filename, taken)
    except ClientDisconnect:
        raise Refused("request_timeout", "The request's body ended before it was whole.") from None
    finally:
        if sink is not None:
            await sink.abandon()


def _invalid(why: str) -> RowProblem:
    return RowProblem(Problem("upload_invalid", f"The multipart body cannot be read: {why}."[:300]))


@dataclass(frozen=True, slots=True)
class _Begin:
    filename: str


@dataclass(slots=True)
class _Parts:
    """What the parser has met: fields, gathered here, and the file's pieces, given on."""

    fields: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    _events: list[_Begin | bytes] = field(default_factory=list)
    _name: bytes = b""
    _value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _field: str = ""
    _text: bytearray = field(default_factory=bytearray)
    _in_file: bool = False
    _held: int = 0

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finished,
        }

    def drain(self) -> list[_Begin | bytes]:
        """What has come since the last time."""
        events, self._events = self._events, []
        return events

    def _begin(self) -> None:
        self._headers, self._name, self._value, self._text = {}, b"", b"", bytearray()
        self._in_file = False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise _invalid("a part has no name")
        self._field = options[b"name"].decode("utf-8", "replace")
        self._in_file = b"filename" in options
        if self._in_file:
            if self._field != "file":
                raise _invalid(f"the part {self._field[:40]!r} is a file; the table is the part 'file'")
            # Browsers write a quotation mark in a name so (HTML, multipart/form-data encoding).
            self._events.append(_Begin(options[b"filename"].decode("utf-8", "replace").replace("%22", '"')))
        elif self._field in self.fields:
            raise _invalid(f"the field {self._field[:40]!r} stands more than once")
        elif len(self.fields) >= MAX_FIELDS:
            raise _invalid(f"it has more than {MAX_FIELDS} fields")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._events.append(bytes(data[start:end]))
            return
        self._held += end - start
        if self._held > FRAME_BYTES:
            raise _invalid(f"its fields hold more than {FRAME_BYTES:,} bytes")
        self._text += data[start:end]

    def _end(self) -> None:
        if not self._in_file:
            self.fields[self._field] = self._text.decode("utf-8", "replace")

    def _finished(self) -> None:
        self.ended = True


class _Sink(Generic[T]):
    """Whoever takes the file, running beside the reading of the request."""

    def __init__(self, take: Take[T], filename: str, fields: Mapping[str, str]) -> None:
        self.filename = filename
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        self._task = asyncio.ensure_future(take(filename, fields, self._stream()))

    async def send(self, data: bytes) -> None:
        """Give a piece on. Raises what the taker failed with."""
        await self._put(data)

    async def finish(self) -> T:
        """What the file became."""
        await self._put(None)
        return await self._task

    async def abandon(self) -> None:
        """Nothing more comes: a taker that still waits is ended before it has the whole."""
        if not self._task.done():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task

    async def _put(self, data: bytes | None) -> None:
        putting = asyncio.ensure_future(self._queue.put(data))
        await asyncio.wait({putting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()
        if self._task.done() and self._task.exception() is not None:
            await self._task

    async def _stream(self) -> AsyncIterator[bytes]:
        while (data := await self._queue.get()) is not None:
            yield data
