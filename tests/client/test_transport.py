"""How the client behaves towards servers that are slow, busy, cut off, or no servers of ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.client import ApiError, Client
from tirage.client.download import file_name
from tirage.client.events import Event, read_events
from tirage.client.models import BatchRow
from tirage.client.retries import Retries, retry_after
from tirage.client.transport import Transport

KEY = "tir_live_testkey"
BATCH = {
    "id": "b1", "templateId": "d1", "format": "png", "state": "running", "createdAt": "2026-11-22T12:00:00Z",
    "counts": {"total": 2, "done": 1, "failed": 0, "pending": 1}, "someday": "more",
}  # fmt: skip


@dataclass
class Scripted:
    """A server that answers with what was put into `answers`, one after the other, and keeps what it was asked."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    base: str = ""
    slept: list[float] = field(default_factory=list)

    def add(self, status: int, body: Any = None, **headers: str) -> None:
        """The next answer; a status of 0 closes the connection without one."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {name.replace("_", "-"): each for name, each in headers.items()}, data))

    def transport(self, tries: int = 4) -> Transport:
        """A transport to this server that only notes how long it would wait."""
        return Transport(self.base, KEY, timeout=10, retries=Retries(tries), sleep=self.slept.append)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A scripted server on loopback."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.asked.append((self.command, self.path, headers, body))
            status, more, data = script.answers.pop(0)
            if status == 0:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if "content-length" not in more:
                self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            if "content-length" in more:
                self.close_connection = True

        do_GET = do_POST = do_DELETE = do_PUT = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    script.base = f"http://127.0.0.1:{http.server_address[1]}"
    yield script
    http.shutdown()
    http.server_close()


def test_a_busy_server_is_asked_again_when_it_says(server: Scripted) -> None:
    """429 and 503 are waited out as Retry-After says, in seconds or as a date; the same key goes along each time."""
    server.add(429, {"code": "rate_limited"}, retry_after="7")
    server.add(503, {"code": "renderer_busy"}, retry_after=formatdate(time() + 30, usegmt=True))
    server.add(200, {"id": 1})
    assert server.transport().json("POST", "/designs/d1", body={"a": 1}, once=True) == {"id": 1}
    assert server.slept[0] == 7 and 25 < server.slept[1] <= 30
    keys = {headers["idempotency-key"] for _, _, headers, _ in server.asked}
    assert len(keys) == 1 and len(server.asked) == 3


def test_it_does_not_wait_for_ever(server: Scripted) -> None:
    """A server that asks for an hour is not waited for; one that stays busy is given up after so many tries."""
    server.add(503, {"code": "storage_unavailable"}, retry_after="3600")
    with pytest.raises(ApiError) as caught:
        server.transport().json("GET", "/templates")
    assert (caught.value.retry_after, caught.value.retryable, server.slept) == (3600, True, [])
    for _ in range(4):
        server.add(503, {"code": "renderer_busy"})
    with pytest.raises(ApiError) as caught:
        server.transport().json("GET", "/templates")
    assert caught.value.code == "renderer_busy" and len(server.slept) == 3


def test_what_may_have_been_done_is_not_done_twice(server: Scripted) -> None:
    """After a lost answer a request with a key, or one that may be repeated, is sent again; another is not."""
    server.add(0)
    server.add(200, [])
    assert server.transport().json("GET", "/templates") == []
    server.add(0)
    server.add(201, {})
    assert server.transport().json("POST", "/templates", body={}, once="mine") == {}
    assert [headers.get("idempotency-key") for *_, headers, _ in server.asked[2:]] == ["mine", "mine"]
    server.add(0)
    with pytest.raises(ApiError) as caught:
        server.transport().json("POST", "/batches/b1/retry")
    assert caught.value.code == "server_unreachable" and len(server.asked) == 5


def test_a_problem_document_is_told_whole(server: Scripted) -> None:
    """Code, sentence, request id and every problem with its place and hint; unknown members change nothing."""
    problem = {
        "code": "body_invalid", "message": "Two things.", "requestId": "r1", "title": "x", "future": [1],
        "errors": [{"code": "a", "message": "One.", "pointer": "/a", "hint": "Do.", "closest": "b"}, "odd"],
    }  # fmt: skip
    server.add(422, problem)
    with pytest.raises(ApiError) as caught:
        server.transport().json("GET", "/templates")
    error = caught.value
    assert (error.code, error.message, error.status, error.request_id) == ("body_invalid", "Two things.", 422, "r1")
    assert [(each.code, each.pointer, each.hint, each.closest) for each in error.problems] == [("a", "/a", "Do.", "b")]
    assert not error.retryable and not server.slept


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"text"', b'{"errors": 5}'])
def test_whoever_answers_otherwise_is_no_server_of_ours(server: Scripted, body: bytes) -> None:
    """A proxy's page or anything else that is no problem document gives an error with the status."""
    server.add(404, body)
    with pytest.raises(ApiError) as caught:
        server.transport().json("GET", "/templates")
    assert (caught.value.status, caught.value.code) == (404, "http_404")
    server.add(200, b"<html>")
    with pytest.raises(ApiError) as page:
        server.transport().json("GET", "/templates")
    assert page.value.code == "answer_invalid"


def test_answers_of_another_shape_are_no_tracebacks(server: Scripted) -> None:
    """JSON that is not what was asked for is the one error as well."""
    with Client(server.base, KEY) as client:
        for ask in (client.templates.list, lambda: client.batches.get("b1"), lambda: client.designs.render("d1")):
            for body in ({"x": 1}, 5, None):
                server.add(200, body)
                with pytest.raises(ApiError) as caught:
                    ask()
                assert caught.value.code == "answer_invalid"


def test_the_key_goes_to_its_server_only(server: Scripted, tmp_path: Path) -> None:
    """Pictures may lie elsewhere: there the key is not shown, and a redirect is not followed with it."""
    transport = server.transport()
    elsewhere = server.base.replace("127.0.0.1", "localhost")
    for address in (f"{server.base}/images/a.png", f"{elsewhere}/images/a.png"):
        server.add(200, b"bytes")
        with transport.stream(address) as answer:
            assert answer.read() == b"bytes"
    assert [("authorization" in headers) for *_, headers, _ in server.asked] == [True, False]
    server.add(302, b"", location=f"{elsewhere}/other")
    with pytest.raises(ApiError) as caught:
        transport.json("GET", "/templates")
    assert caught.value.status == 302 and len(server.asked) == 3


def test_a_file_is_sent_whole_each_time(server: Scripted, tmp_path: Path) -> None:
    """The fields come before the file; a second try reads the file from its beginning again."""
    file = tmp_path / "rows.csv"
    file.write_bytes(b"title\nOne\n" * 20_000)
    server.add(503, {"code": "renderer_busy"})
    server.add(202, BATCH)
    server.transport().upload("/batches", {"templateId": "d1"}, file, "rows.csv")
    bodies = [body for *_, body in server.asked]
    for body in bodies:
        assert file.read_bytes() in body and body.index(b"templateId") < body.index(b"rows.csv")


def test_a_batch_is_watched_by_asking_where_there_are_no_events(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change is told once, the last is the end; members that are not known yet are passed over."""
    monkeypatch.setattr("tirage.client.batches.POLL_SECONDS", 0)
    ended = BATCH | {"state": "finished", "counts": {"total": 2, "done": 2, "failed": 0, "pending": 0}}
    server.add(200, BATCH)
    server.add(404, {"code": "not_found"})
    for answer in (BATCH, BATCH, ended):
        server.add(200, answer)
    with Client(server.base, KEY) as client:
        assert [each.state for each in client.batches.watch("b1")] == ["running", "finished"]


def test_events_are_listened_to(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream's states are told as they come; a stream that breaks off is opened again."""
    monkeypatch.setattr("tirage.client.batches.POLL_SECONDS", 0)
    half = BATCH | {"counts": {"total": 2, "done": 2, "failed": 0, "pending": 0}}
    ended = half | {"state": "finished"}
    server.add(200, BATCH)
    stream = f": hello\n\nevent: batch\ndata: {json.dumps(half)}\n\ndata: other\n\n".encode()
    server.add(200, stream, content_type="text/event-stream")
    server.add(200, half)
    server.add(200, f"data: {json.dumps(ended)}\n\n".encode(), content_type="text/event-stream")
    with Client(server.base, KEY) as client:
        assert [(each.state, each.counts.done) for each in client.batches.watch("b1")] == [
            ("running", 1),
            ("running", 2),
            ("finished", 2),
        ]


def test_a_damaged_picture_is_not_kept(server: Scripted, tmp_path: Path) -> None:
    """Other bytes than were recorded, or fewer than were announced, are fetched again and never saved."""
    page = {"rows": [{"row": 1, "state": "done", "imageUrl": f"{server.base}/images/a.png", "sha256": "0" * 64}]}
    for _ in range(2):
        server.add(200, page | {"next": None})
        server.add(200, b"other")
        server.add(200, b"cut", content_length="10")
        server.add(200, b"other")
        with Client(server.base, KEY) as client, pytest.raises(ApiError) as caught:
            list(client.batches.download("b1", tmp_path / "out"))
        assert caught.value.code == "digest_mismatch" and list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["../a.png", "a/b.png", "C:\\x.png", "..", "", "a\0.png", "\u202egnp.exe\n"])
def test_names_stay_in_the_folder(name: str) -> None:
    """A server's name that is no plain name is not used."""
    row = BatchRow(row=7, state="done", image_url="http://a/images/x/y.jpg", name=name)
    assert file_name(row) == "00007.jpg"


def test_a_client_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and key come from the environment where they are not given; without them it says so."""
    for name in ("TIRAGE_URL", "TIRAGE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    cases = (((None, KEY), "url_missing"), (("http://a", None), "key_missing"), (("a", KEY), "url_invalid"),
             (("http://u:p@a", KEY), "url_invalid"), (("http://a", "two words"), "key_missing"))  # fmt: skip
    for (url, key), code in cases:
        with pytest.raises(ApiError) as caught:
            Client(url, key)
        assert caught.value.code == code
    monkeypatch.setenv("TIRAGE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TIRAGE_API_KEY", KEY)
    with Client(tries=1) as client, pytest.raises(ApiError) as away:
        client.templates.list()
    assert away.value.code == "server_unreachable" and away.value.status is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("5", 5), (" 5 ", 5), ("-1", None), ("soon", None), ("", None), (None, None), ("9" * 30, 1e9)]
)
def test_retry_after_in_odd_forms(text: str | None, seconds: float | None) -> None:
    """Numbers are taken, absurd ones bounded, anything else is as if it were not there."""
    assert retry_after(text) == seconds


@given(st.lists(st.tuples(st.text("ab:\u00e9 ", max_size=5), st.text("xyz ", max_size=5))))
def test_events_are_read_as_they_were_written(events: list[tuple[str, str]]) -> None:
    """Whatever is sent as event and data is read as that, comments and empty lines between them aside."""
    lines: list[str] = []
    for name, data in events:
        lines += [": comment", f"event: {name}", f"data: {data}", "", ""]
    assert list(read_events(lines)) == [Event(name or "message", data) for name, data in events]
