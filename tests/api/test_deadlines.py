"""Slow, silent and greedy clients against the server's protocol, with deadlines short enough to wait for."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from tirage.api.deadlines import BoundedProtocol, Deadlines

SOAK = bool(os.environ.get("TIRAGE_SOAK"))
QUICK = Deadlines(head=0.6, silent=0.8, body_rate=1_000, body_grace=0.3, look_every=0.1)


class _Quick(BoundedProtocol):
    deadlines = QUICK


async def _echo(scope: dict[str, object], receive: object, send: object) -> None:
    """Reads the whole body and tells its length."""
    size, more = 0, True
    while more:
        message = await receive()  # type: ignore[operator]
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(size).encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": body})  # type: ignore[operator]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with short deadlines."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(_echo, http=_Quick, lifespan="off", log_config=None, access_log=False, ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(listening.getsockname()[1])
    server.should_exit = True
    thread.join(10)


def connect(port: int) -> socket.socket:
    """A connection that waits long enough for every deadline."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def drain(client: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    data = b""
    try:
        while piece := client.recv(65_536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def trickle(client: socket.socket, piece: bytes, seconds: float) -> bytes:
    """Send a piece every tenth of a second until the server ends it; what it said."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.1):
            try:
                client.sendall(piece)
            except OSError:
                return

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        client.settimeout(seconds)
        return drain(client)
    finally:
        stop.set()
        thread.join()


@pytest.mark.check(5)
def test_a_head_that_trickles_is_cut(port: int) -> None:
    """408 after the head's deadline, though bytes keep coming."""
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert trickle(client, b"a", 8).startswith(b"HTTP/1.1 408 ")


@pytest.mark.check(5, 6)
def test_many_slow_clients_cost_the_others_nothing(port: int) -> None:
    """Half of them trickle their heads, half say nothing; a quick one is answered all the while, then all are cut."""
    slow = [connect(port) for _ in range(1_000 if SOAK else 200)]
    try:
        for client in slow[::2]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        for _ in range(20):
            with connect(port) as quick:
                quick.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
                assert quick.recv(65_536).startswith(b"HTTP/1.1 200 ")
            for client in slow[::2]:
                with contextlib.suppress(OSError):
                    client.sendall(b"a")
        told = [drain(client) for client in slow]
    finally:
        for client in slow:
            client.close()
    assert all(each == b"" or each.startswith(b"HTTP/1.1 408 ") for each in told)
    assert sum(each != b"" for each in told) >= len(slow) // 4 and set(told[1::2]) == {b""}


@pytest.mark.check(6)
def test_a_silent_connection_is_closed(port: int) -> None:
    """Without a word: there is no request to answer."""
    with connect(port) as client:
        assert drain(client) == b""


@pytest.mark.check(6)
def test_a_body_that_trickles_is_cut(port: int) -> None:
    """408 when it comes slower than the rate, with a length and in chunks."""
    for head, piece in (
        (b"Content-Length: 10000000", b"x"),
        (b"Transfer-Encoding: chunked", b"1\r\nx\r\n"),
    ):
        with connect(port) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
            assert trickle(client, piece, 8).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_stops_is_cut(port: int) -> None:
    """Silence in the middle of a body that began fast."""
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 50_000)
        assert drain(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.check(165)
def test_a_head_has_a_bound(port: int) -> None:
    """One endless header, or too many, are 431 before they are held."""
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 16_384)
        assert drain(client).startswith(b"HTTP/1.1 431 ")
    with connect(port) as client:
        lines = b"".join(b"X-%d: a\r\n" % number for number in range(200))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
        assert drain(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.check(165)
@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_ambiguous_or_broken_is_refused(port: int, request_: bytes) -> None:
    """400, and the connection ends: nothing behind it is read as another request."""
    with connect(port) as client:
        client.sendall(request_ + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = drain(client)
        assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1


def test_quick_clients_are_served(port: int) -> None:
    """Requests one after the other on one connection, pauses shorter than the deadline between them."""
    with connect(port) as client:
        for size in (0, 1, 70_000):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            answer = client.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n" + str(size).encode())
            time.sleep(0.2)


def test_expect_continue_is_answered(port: int) -> None:
    """A client may ask before it sends."""
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(1_000).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"xx")
        assert client.recv(1_000).startswith(b"HTTP/1.1 200 ")
