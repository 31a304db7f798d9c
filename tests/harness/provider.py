"""A service on loopback that speaks the Images API, well or badly as a test wants, and remembers what it was asked."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.harness.evil import png


@dataclass(frozen=True)
class Asked:
    """One request: its path, its fields, and the files as (field, name, bytes)."""

    path: str
    authorization: str
    fields: dict[str, Any]
    files: list[tuple[str, str, bytes]]


@dataclass(frozen=True)
class Answer:
    """What is sent back, after `delay` seconds."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class ImagesService:
    """The running service. Answers are taken from `answers` while there are some, then every picture is `picture`."""

    port: int = 0
    picture: bytes = png(12, 8)
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def told(self, **entry: Any) -> Answer:
        """An answer with one picture, as base 64 or where it lies."""
        return Answer(body=json.dumps({"created": 1, "data": [entry]}).encode())

    def refusal(self, status: int, message: str = "", code: str = "", **headers: str) -> Answer:
        """An error of the API's own form."""
        body = json.dumps({"error": {"message": message, "code": code}}).encode()
        return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@contextmanager
def images_service() -> Iterator[ImagesService]:
    """The service for as long as this lasts."""
    service = ImagesService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.headers["Content-Type"]
            fields, files = _form(kind, body) if kind.startswith("multipart/") else (json.loads(body), [])
            service.asked.append(Asked(self.path, self.headers.get("Authorization", ""), fields, files))
            packed = base64.b64encode(service.picture).decode()
            self._send(service.answers.pop(0) if service.answers else service.told(b64_json=packed))

        def do_GET(self) -> None:
            service.fetched.append(self.path)
            self._send(Answer(body=service.picture, headers={"Content-Type": "image/png"}))

        def _send(self, answer: Answer) -> None:
            time.sleep(answer.delay)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            pass

        def handle_error(self) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:  # a client that hangs up early is what some tests are about
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        service.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _form(kind: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, str, bytes]]]:
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields: dict[str, Any] = {}
    files = []
    for part in message.get_payload():
        assert not isinstance(part, str)
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if (file := part.get_filename()) is not None:
            files.append((name, file, content))
        else:
            fields[name] = content.decode()
    return fields, files
