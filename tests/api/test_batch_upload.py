"""Tables as they are uploaded: streamed into the store, whole or not at all, once however often they are sent."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from tests.harness.site import Site, running_site

BOUNDARY = "xxBOUNDARYxx"


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


def tables(site: Site) -> list[Path]:
    """The tables that lie in the store."""
    return sorted(path for path in (site.folder / "blobs").rglob("*") if path.is_file() and "batches" in path.parts)


def part(name: str, body: bytes, filename: str | None = None) -> bytes:
    """One part of a form."""
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + body + b"\r\n"


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    """A form as these bytes."""
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.post("/batches", content=body, headers={**kind, **headers})


def form(site: Site, data: bytes, name: str = "rows.csv", **fields: str) -> bytes:
    """A whole form for the design `card`, the file last."""
    members = {"templateId": site.alice.designs["card"], **fields}
    texts = b"".join(part(each, text.encode()) for each, text in members.items())
    return texts + part("file", data, name) + f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.check(140)
def test_an_upload_that_is_cut_leaves_nothing(site: Site, alice: httpx.Client) -> None:
    """Half a body, by length or by boundary, starts no batch and leaves no table; sent again, it starts one."""
    before, body = tables(site), form(site, b"title\n" + b"One\n" * 100_000)
    place = urlsplit(site.base)
    head = (
        f"POST /batches HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {site.alice.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n"
        "Idempotency-Key: cut-upload\r\n\r\n"
    ).encode()
    with socket.create_connection((str(place.hostname), place.port or 80)) as connection:
        connection.sendall(head + body[: len(body) // 2])
    short = post(alice, body[: -len(BOUNDARY) - 8], **{"idempotency-key": "cut-upload"})
    assert (short.status_code, short.json()["code"]) == (422, "upload_invalid")
    until = time.monotonic() + 10
    while tables(site) != before and time.monotonic() < until:
        time.sleep(0.05)
    assert tables(site) == before
    assert post(alice, body, **{"idempotency-key": "cut-upload"}).status_code == 202


@pytest.mark.check(140)
def test_the_same_file_twice_is_one_batch(site: Site, alice: httpx.Client) -> None:
    """By its key a repeated upload is the batch from before, whatever its boundary; another file is a mistake."""
    headers = {"idempotency-key": "upload-once"}
    first = post(alice, form(site, b"title\nOne\n"), **headers)
    kept = tables(site)
    other = form(site, b"title\nOne\n").replace(BOUNDARY.encode(), b"another-boundary")
    kind = {"content-type": "multipart/form-data; boundary=another-boundary"}
    again = alice.post("/batches", content=other, headers={**kind, **headers})
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (first.json()["id"], "true")
    assert post(alice, form(site, b"title\nTwo\n"), **headers).json()["code"] == "idempotency_mismatch"
    assert post(alice, form(site, b"title\nOne\n", naming="{title}"), **headers).status_code == 422
    assert tables(site) == kept
    assert post(alice, form(site, b"title\nOne\n")).json()["id"] != first.json()["id"]


def test_the_file_may_come_before_the_fields(site: Site, alice: httpx.Client) -> None:
    """Browsers send parts in the order of the page; what lies in the store is what was sent, byte for byte."""
    before, data = set(tables(site)), b"title\r\n" + "Zoë \0 --xxBOUNDARY\r\n".encode() * 9_000
    body = part("file", data, 'a"b.csv'.replace('"', "%22"))
    body += part("templateId", site.alice.designs["card"].encode()) + f"--{BOUNDARY}--".encode()
    assert post(alice, body).status_code == 202
    (stored,) = set(tables(site)) - before
    assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(data).digest()


def test_forms_are_bounded_and_refused_with_a_reason(site: Site, alice: httpx.Client) -> None:
    """Wrong fields, files, names, boundaries and designs leave no table behind."""
    before, end = tables(site), f"--{BOUNDARY}--\r\n".encode()
    design = part("templateId", site.alice.designs["card"].encode())
    cases = {
        "upload_invalid": [
            design + end,
            design + part("file", b"a\n1", "a.csv") + part("file", b"a\n1", "b.csv") + end,
            design + part("table", b"a\n1", "a.csv") + end,
            design + design + part("file", b"a\n1", "a.csv") + end,
            b"".join(part(f"f{number}", b"x") for number in range(60)) + end,
            design + part("naming", b"x" * 200_000) + end,
            b"not a form at all",
        ],
        "table_format_unknown": [form(site, b"a\n1\n", "rows.exe"), form(site, b"a\n1\n", "rows")],
        "body_invalid": [
            part("file", b"a\n1\n", "a.csv") + end,
            form(site, b"a\n1\n", mapping="not json"),
            form(site, b"a\n1\n", mapping='{"a":1}'),
            form(site, b"a\n1\n", mapping='["a"]'),
        ],
        "name_pattern_invalid": [form(site, b"a\n1\n", naming="{a")],
        "format_unknown": [form(site, b"a\n1\n", format="bmp")],
        "template_not_found": [form(site, b"a\n1\n").replace(site.alice.designs["card"].encode(), b"0" * 10)],
    }
    for code, bodies in cases.items():
        for body in bodies:
            answer = post(alice, body)
            assert answer.json()["code"] == code, (code, body[:200], answer.text)
            assert answer.status_code in (404, 422)
    nameless = alice.post("/batches", content=b"x", headers={"content-type": "multipart/form-data"})
    assert nameless.json()["code"] == "upload_invalid"
    assert tables(site) == before


def test_a_large_table_is_not_held(site: Site, alice: httpx.Client) -> None:
    """While a table of 60 MB comes in, the service's memory grows by a small part of that."""
    process, line = psutil.Process(), b"title,city\n" + b"One,Rome\n" * 100
    pieces = 60_000_000 // len(line)
    peak = start = process.memory_info().rss

    def body() -> Iterator[bytes]:
        nonlocal peak
        yield part("templateId", site.alice.designs["card"].encode())
        yield part("file", b"", "rows.csv")[:-2]
        for number in range(pieces):
            if number % 1_000 == 0:
                peak = max(peak, process.memory_info().rss)
            yield line
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = alice.post("/batches", content=body(), headers=kind)
    assert answer.status_code == 202
    assert peak - start < 30_000_000
    alice.post(f"/batches/{answer.json()['id']}/cancel")


def test_a_boundary_of_any_length_is_told(alice: httpx.Client) -> None:
    """One that no form has is the caller's mistake."""
    kind = {"content-type": f"multipart/form-data; boundary={'x' * 5_000}"}
    answer = alice.post("/batches", content=b"x", headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_invalid")


def test_sources_that_cannot_be_are_refused_at_once(site: Site, alice: httpx.Client) -> None:
    """No source or several, our own network, a query without the scope or the database: told before anything starts."""
    design = {"templateId": site.alice.designs["card"]}
    cases: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({}, 422, "source_missing"),
        ({"rows": [{"title": "One"}], "source": "https://example.com/a.csv"}, 422, "source_missing"),
        ({"source": "http://169.254.169.254/a.csv"}, 422, "source_blocked"),
        ({"source": "file:///etc/passwd"}, 422, "source_invalid"),
        ({"query": "SELECT 1"}, 422, "query_unavailable"),
    )
    for members, status, code in cases:
        answer = alice.post("/batches", json={**design, **members})
        assert (answer.status_code, answer.json()["code"]) == (status, code), members
