"""EVIL: a source host on 127.0.0.2 with one path per way of misbehaving, and every request it got."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

ADDRESS = "127.0.0.2"


class Keep:
    """Yielded by a behaviour: go on with the next request on this connection."""


class Reset:
    """Yielded by a behaviour: end the connection with a reset instead of an orderly close."""


@dataclass(frozen=True)
class Request:
    """One request as EVIL saw it; `connection` numbers the TCP connections."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    def query(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return parse_qs(urlsplit(self.target).query).get(name, [default])[0]


Step = bytes | float | type[Keep] | type[Reset]
"""What a behaviour yields: bytes to send, seconds to wait, or one of the two marks."""
Behaviour = Callable[[Request], AsyncIterator[Step]]


def png(width: int = 1, height: int = 1, grey: int = 128) -> bytes:
    """A small grey PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([grey]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    image = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + image


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A response with its length; underscores in header names stand for hyphens."""
    lines = {"Content-Type": "image/png", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


@dataclass
class EvilHost:
    """The running host. `behaviours` maps paths to what happens there; tests may add their own."""

    tls: ssl.SSLContext | None = None
    address: str = ADDRESS
    port: int = 0
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _thread: threading.Thread | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __enter__(self) -> Self:
        listener = socket.create_server((self.address, self.port))
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="evil", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(listener), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop.close()

    @property
    def place(self) -> str:
        """`address:port`, as an allow list takes it."""
        return f"{self.address}:{self.port}"

    def url(self, target: str, host: str = "") -> str:
        """The URL of a target on this host."""
        scheme = "https" if self.tls is not None else "http"
        return f"{scheme}://{host or self.address}:{self.port}{target}"

    def count(self, path: str) -> int:
        """How many requests a path got."""
        return sum(request.path == path for request in self.requests)

    async def _start(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._serve, sock=listener, ssl=self.tls)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        connection = self.connections
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(reader, writer, connection):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        request = Request(method, target, headers, connection)
        self.requests.append(request)
        behaviour = self.behaviours.get(request.path)
        if behaviour is None:
            writer.write(response(b"", "404 Not Found"))
            return True
        async for step in behaviour(request):
            if step is Keep:
                await writer.drain()
                return True
            if step is Reset:
                writer.transport.abort()
                return False
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
        return False
