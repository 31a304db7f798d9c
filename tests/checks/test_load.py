"""The service as its own processes under load, from one tenant and from several, and with too few of everything."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import simplejpeg
from tests.harness.serving import Running, left_running, serving

T = TypeVar("T")
SOAK = bool(os.environ.get("TIRAGE_SOAK"))
CLIENTS, SECONDS = (50, 60) if SOAK else (8, 3)
SOAK_SECONDS = float(os.environ.get("TIRAGE_SOAK_SECONDS", "600")) if SOAK else 4
FAILURES = 20
CARD = {
    "name": "Load",
    "width": 600,
    "height": 315,
    "background": "#123456",
    "layers": [
        {"type": "text", "name": "title", "text": "-", "x": 20, "y": 20, "width": 560, "fontSize": 40},
        {"type": "image", "name": "photo", "width": 100, "height": 100},
    ],
}


class Tenant:
    """A workspace's key and its design."""

    def __init__(self, running: Running, **where: str) -> None:
        self.client = httpx.Client(
            base_url=running.base,
            headers={"x-api-key": running.key or ""},
            timeout=60,
            limits=httpx.Limits(max_connections=400),
        )
        made = self.client.post("/templates", params=where, json=CARD)
        assert made.is_success, made.text
        self.design: str = made.json()["id"]

    def draw(self, title: str, *params: Any) -> httpx.Response:
        """A picture with this title."""
        params = ({"name": "title", "text": title}, *params)
        return self.client.post(f"/designs/{self.design}", json={"params": params, "format": "jpeg"})


class Place:
    """A running service with two tenants. Nobody reads what it logs."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.a = Tenant(running)
        other = self.a.client.post("/workspaces", json={"name": "Beta"}).json()
        self.b = Tenant(running, workspaceId=other["id"])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """One service for all of these tests; the last one ends it."""
    folder = Path(tempfile.mkdtemp(prefix="tirage-load-"))
    limits = {"TIRAGE_RATE_KEY": "0", "TIRAGE_RATE_FAILURES": str(FAILURES)}
    with serving(folder, "--workers=2", TIRAGE_BATCH_WORKERS="1", **limits) as running:
        yield Place(running, folder)
    shutil.rmtree(folder, ignore_errors=True)


def closed_loop(clients: int, seconds: float, act: Callable[[int], T]) -> list[T]:
    """What so many clients are answered, each of which asks again once it was answered."""
    until = time.monotonic() + seconds
    numbers = iter(range(10**9))
    lock = threading.Lock()

    def one() -> list[T]:
        answers = []
        while time.monotonic() < until:
            with lock:
                number = next(numbers)
            answers.append(act(number))
        return answers

    with ThreadPoolExecutor(clients) as pool:
        return [each for told in [pool.submit(one) for _ in range(clients)] for each in told.result()]


def codes(answers: list[httpx.Response]) -> Counter[int]:
    """How often each status came."""
    return Counter(each.status_code for each in answers)


@pytest.mark.check(1)
def test_every_client_gets_every_picture(place: Place) -> None:
    """Different texts from many clients at once: no answer but 200, and every body is the picture it says."""
    answers = closed_loop(CLIENTS, SECONDS, lambda number: place.a.draw(f"Number {number}"))
    assert set(codes(answers)) == {200} and len(answers) >= CLIENTS
    addresses = [each.json()["imageUrl"] for each in answers]
    assert len(set(addresses)) == len(addresses)
    for address in addresses[:: max(1, len(addresses) // 20)]:
        assert simplejpeg.decode_jpeg(httpx.get(address).content).shape == (315, 600, 3)


@pytest.mark.check(4)
def test_a_flood_of_one_tenant_fails_nobody_else(place: Place) -> None:
    """While A floods with requests and has a batch drawn, every request of B is answered with its picture."""
    rows = [{"title": f"Row {number}"} for number in range(5_000 if SOAK else 200)]
    batch = place.a.client.post("/batches", json={"templateId": place.a.design, "rows": rows}).json()["id"]
    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(closed_loop, 4 * CLIENTS, SECONDS, lambda number: place.a.draw(f"Flood {number}"))
        calm = []
        while not flood.done():
            calm.append(place.b.draw("calm"))
            time.sleep(0.2)
    assert set(codes(calm)) == {200} and calm
    assert set(codes(flood.result())) <= {200, 429, 503}
    place.a.client.post(f"/batches/{batch}/cancel")


@pytest.mark.check(80)
def test_a_bomb_a_hundred_times_is_refused_a_hundred_times(place: Place) -> None:
    """A PNG of 50,000 × 50,000 px as a data URL, at once from many clients: each is refused, B is served beside."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b""))
    )
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()
    with ThreadPoolExecutor(20) as pool:
        bombs = [
            pool.submit(place.a.draw, f"Bomb {number}", {"name": "photo", "imageUrl": url}) for number in range(100)
        ]
        calm = [place.b.draw(f"calm {number}") for number in range(10)]
        refused = codes([each.result() for each in bombs])
    assert set(refused) <= {422, 503} and refused[422] > 50, refused
    assert set(codes(calm)) == {200}


@pytest.mark.check(32)
def test_too_few_descriptors_stop_nothing_for_good(place: Place) -> None:
    """With 40 descriptors more and 300 connections some are turned away or wait; afterwards all is as before."""
    process = psutil.Process(place.running.process.pid)
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() + 40, before[1]))
    address = httpx.URL(place.running.base)
    try:
        with contextlib.ExitStack() as held:
            for _ in range(300):
                each = held.enter_context(socket.create_connection((address.host, address.port), timeout=5))
                each.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            time.sleep(1)
            assert place.running.process.poll() is None
        until = time.monotonic() + 30
        answered = False
        while not answered and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=place.running.base, timeout=5) as client:
                answered = client.get("/livez").status_code == 200
        assert answered
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, before)
    assert place.a.draw("Afterwards").status_code == 200


@pytest.mark.check(7)
def test_nothing_grows_under_mixed_work(place: Place) -> None:
    """Pictures, links' addresses, lists and hostile inputs for a while: no fault, descriptors come back.

    The long form also asks that the process has not grown by more than 1 MiB in ten minutes after it has warmed up.
    """
    process = psutil.Process(place.running.process.pid)

    def act(number: int) -> httpx.Response:
        kind = number % 50
        if kind == 0:
            return place.a.draw("x", {"name": "photo", "imageUrl": "http://169.254.169.254/latest"})
        if kind < 10:
            return place.a.client.get("/images", params={"limit": 5})
        if kind < 15:
            return place.b.draw(f"\N{ARABIC LETTER SEEN}{number}" * 20)
        return place.a.draw(f"Mixed {number}")

    closed_loop(4, SOAK_SECONDS / 4, act)
    descriptors, size = process.num_fds(), process.memory_info().rss
    answers = closed_loop(4, SOAK_SECONDS, act)
    told = codes(answers)
    assert set(told) <= {200, 422} and told[200] > told[422]
    assert process.num_fds() <= descriptors + 8
    if SOAK:
        assert process.memory_info().rss - size <= (SOAK_SECONDS / 600 + 1) * 2**20 * 4


@pytest.mark.check(147)
def test_addresses_that_a_stranger_claims_are_not_believed(place: Place) -> None:
    """Wrong keys are counted by the peer's address, whatever X-Forwarded-For says; keys that work go on working."""
    with httpx.Client(base_url=place.running.base, headers={"x-api-key": "tir_live_wrong"}) as client:
        told = [
            client.get("/templates", headers={"x-forwarded-for": f"198.51.100.{number}"}).status_code
            for number in range(2 * FAILURES)
        ]
    assert told[0] == 401 and told[-1] == 429
    assert place.a.draw("Still").status_code == 200


@pytest.mark.check(19)
def test_an_order_to_stop_under_load_ends_everything(place: Place) -> None:
    """Ctrl-C while many ask: what was begun is answered, nothing is answered with a fault, no process is left."""

    def act(number: int) -> httpx.Response | None:
        try:
            return place.a.draw(f"Last {number}")
        except httpx.TransportError:  # it no longer listens
            return None

    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(closed_loop, CLIENTS, 1.5, act)
        time.sleep(0.5)
        place.running.process.send_signal(signal.SIGINT)
        told = flood.result()
    assert {each.status_code for each in told if each} == {200}
    assert place.running.process.wait(60) == 0
    assert left_running(place.folder) == []
