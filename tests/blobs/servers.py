"""Servers that speak S3 on loopback: moto's, which keeps objects, and a scripted one, which misbehaves."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["busy", "reset", "wrong_tag", "wrong_bytes", "denied"]


@contextmanager
def moto() -> Iterator[str]:
    """A running moto server's address. It enforces conditional puts and checks no signatures."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            send(f"http://127.0.0.1:{port}", "GET", "/")
            return
        except OSError:
            assert process.poll() is None, "moto's server has ended"
            assert time.monotonic() < end, "moto's server does not answer"
            time.sleep(0.05)


def send(base: str, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """One plain request: status, headers in lower case, body."""
    with closing(http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@dataclass(slots=True)
class Scripted:
    """A store that goes through `faults` put by put (`denied` for every request) and behaves afterwards.

    `foreign_tags` makes every tag one that is no digest, as with keys of the customer's.
    """

    faults: list[Fault] = field(default_factory=list)
    foreign_tags: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)
    puts: int = 0
    gets: int = 0
    base: str = ""

    def next_fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else None


@contextmanager
def scripted() -> Iterator[Scripted]:
    """The misbehaving store, running."""
    state = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            return

        def answer(self, status: int, body: bytes = b"", tag: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
            if tag:
                self.send_header("ETag", f'"{tag}"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_PUT(self) -> None:
            state.puts += 1
            fault = state.next_fault()
            length = int(self.headers["Content-Length"])
            if fault == "reset":
                self.rfile.read(length // 2)
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            if fault == "busy":
                self.answer(503, b"<Error><Code>SlowDown</Code></Error>")
            elif fault == "denied":
                self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            else:
                state.objects[self.path] = body[:-1] + b"?" if fault == "wrong_bytes" else body
                wrong = fault in ("wrong_tag", "wrong_bytes") or state.foreign_tags
                self.answer(200, tag="0" * 32 if wrong else hashlib.md5(body).hexdigest())

        def do_GET(self) -> None:
            state.gets += 1
            body = state.objects.get(self.path)
            if body is None:
                self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self.answer(200, body, "0" * 32 if state.foreign_tags else hashlib.md5(body).hexdigest())

        do_HEAD = do_GET

        def do_POST(self) -> None:
            """Remove several objects, the way the client removes one as well."""
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            keys = re.findall("<Key>([^<]*)</Key>", asked)
            for key in keys:
                state.objects.pop(f"{self.path.partition('?')[0]}/{key}", None)
            gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self.answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
