"""Deadlines for slow clients: uvicorn's HTTP protocol, with every connection bounded in time, rate and head.

A server without them keeps a connection that trickles bytes for ever (reliability, 3.7).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tirage.api.errors import Told, problem_document
from tirage.engine.errors import Problem

MAX_HEAD = 16_384
MAX_HEADERS = 100


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What a client may take: seconds for a head, seconds of silence, bytes a second of a body after a grace."""

    head: float = 10.0
    silent: float = 15.0
    body_rate: float = 1_000.0
    body_grace: float = 5.0
    look_every: float = 1.0


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Slow ones are told 408 while a request is read and closed without a word before."""

    deadlines = Deadlines()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_since: float | None = None
        self._head_bytes = 0
        self._body_since: float | None = None
        self._body_bytes = 0
        self._heard = 0.0
        self._begun = False
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the clock."""
        super().connection_made(transport)
        self._heard = self._head_since = self.loop.time()
        self._watch = self.loop.call_later(self.deadlines.look_every, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes in before it is parsed: a head is never held beyond its bound."""
        self._heard = self.loop.time()
        if self._body_since is None:
            if self._head_since is None:
                self._head_since = self._heard
            # The end of the head may lie in these bytes, with a body behind it: only what is surely head counts.
            self._head_bytes += len(data) if b"\r\n\r\n" not in data else data.index(b"\r\n\r\n")
            if self._head_bytes > MAX_HEAD:
                self._refuse(431, "Request Header Fields Too Large")
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is whole: refuse what is ambiguous, then watch the body's rate."""
        self._head_since, self._head_bytes = None, 0
        names = [name for name, _ in self.headers]
        if len(names) > MAX_HEADERS:
            self._refuse(431, "Request Header Fields Too Large")
            return
        if names.count(b"content-length") > 1 or (b"content-length" in names and b"transfer-encoding" in names):
            # Two lengths are how requests are smuggled past a proxy (RFC 9112, 6.3).
            self._refuse(400, "Bad Request")
            return
        self._body_since, self._body_bytes = self.loop.time(), 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the body."""
        self._body_bytes += len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._body_since = None
        if not self.transport.is_closing():
            super().on_message_complete()

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        now, bounds = self.loop.time(), self.deadlines
        if self._body_since is not None:
            # While the application does not read (`flow.read_paused`), it is not the client that is slow.
            took = now - self._body_since
            slow = took > bounds.body_grace and self._body_bytes < bounds.body_rate * (took - bounds.body_grace)
            if (slow or now - self._heard > bounds.silent) and not self.flow.read_paused:
                self._time_out()
                return
        elif self._head_since is not None:
            begun = self._head_bytes > 0
            if now - self._head_since > (bounds.head if begun else bounds.silent):
                self._refuse(408, "Request Timeout") if begun else self.transport.close()
                return
        self._watch = self.loop.call_later(bounds.look_every, self._look)

    def _time_out(self) -> None:
        """Cut a body that does not come: the application sees the client leave."""
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_started:
            self._refuse(408, "Request Timeout")
        else:
            self.transport.abort()

    def _refuse(self, status: int, phrase: str) -> None:
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        # As every other refusal, without what only a request that was read has: an address, an id.
        body = bytes(problem_document(Told(status, (_CODES[status],)), request_id="").body)
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed."""
        self._refuse(400, "Bad Request")


_CODES = {
    400: Problem("request_invalid", "Bad Request."),
    408: Problem("request_timeout", "Request Timeout."),
    431: Problem("header_too_large", "Request Header Fields Too Large."),
}
