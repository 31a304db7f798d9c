"""Nothing is lost and nothing doubled, whatever is killed: histories of kills, named points, stopped workers, copies.

The short forms run always; TIRAGE_SOAK=1 runs the long ones. Every history prints its seed; TIRAGE_SEED repeats it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from tests.harness.installation import (
    Installation,
    all_rows,
    installation,
    objects,
    prove,
    until_ended,
    until_told,
)
from tests.harness.receiver import Receiver

SOAK = bool(os.environ.get("TIRAGE_SOAK"))
SEED = int(os.environ.get("TIRAGE_SEED") or (random.SystemRandom().randrange(10**6) if SOAK else 5))
POINTS = (
    "claimed", "fetched", "rendered", "tmp_written", "renamed", "stored_not_committed", "committed_not_acked",
    "outbox_written", "hook_sent_not_recorded", "counters_half", "ingest_half", "zip_half",
)  # fmt: skip
PLACES = [(point, nth) for point in POINTS for nth in (1, 7, 0)] if SOAK else [("outbox_written", 1)]
"""Fault points with the passage at which everything dies; 0 is the last row's."""
ROWS = 230
"""Two chunks of rows."""
RESCUE_SECONDS = 30.0
LONG_ROWS = 20_000
"""A million is measured by `make bench-full`; here it is the kills that count."""


@pytest.fixture
def town() -> Iterator[Installation]:
    """An installation of processes that may be killed."""
    with installation() as made:
        yield made


def submit(client: httpx.Client, town: Installation, rows: int, key: str, mark: str = "row") -> str:
    """A batch, asked for with the same key until it is acknowledged; its id."""
    body = {"templateId": town.design, "rows": [{"title": f"{mark} {number}"} for number in range(rows)]}
    headers = {"idempotency-key": key}
    told = until_told(lambda: client.post("/batches", json=body, headers=headers))
    return str(told["id"])


def draw(client: httpx.Client, town: Installation, key: str) -> str:
    """One picture, asked for until it is acknowledged; its address."""
    body = {"params": [{"name": "title", "text": key}]}
    headers = {"idempotency-key": key}
    told = until_told(lambda: client.post(f"/designs/{town.design}", json=body, headers=headers), (200, 201))
    return str(told["imageUrl"])


def check_whole(town: Installation, batches: dict[str, int], pictures: list[str]) -> None:
    """Every acknowledged batch has one picture a row, every acknowledged picture is there, and nothing else is."""
    with town.client() as client:
        kept = set(pictures)
        for uid, count in batches.items():
            batch = until_ended(client, uid)
            assert batch["state"] == "finished"
            assert batch["counts"] == {"total": count, "done": count, "failed": 0, "pending": 0}
            rows = all_rows(client, uid)
            assert [each["row"] for each in rows] == list(range(1, count + 1))
            kept |= {each["imageUrl"] for each in rows}
        assert len(kept) == sum(batches.values()) + len(pictures)
        for address in pictures:
            assert client.get(address.removeprefix(town.base)).status_code == 200
        assert {each["id"] for each in client.get("/batches").json()["batches"]} == set(batches)
    assert town.violations() == []
    assert len(objects(town.folder)) == len(kept)


@pytest.mark.check(9)
@pytest.mark.check(10)
@pytest.mark.check(12)
@pytest.mark.check(13)
def test_a_history_of_kills(town: Installation) -> None:
    """Worker, API, database and everything are killed in the middle of work: all that was acknowledged is there."""
    print(f"TIRAGE_SEED={SEED}")
    chance = random.Random(SEED)
    kills = ["worker", "api", "database", "everything"]
    kills = [chance.choice(kills) for _ in range(1_000)] if SOAK else chance.sample(kills, len(kills))
    town.start_api()
    town.start_worker()
    batches: dict[str, int] = {}
    pictures: list[str] = []
    with town.client(timeout=10) as client:
        for number, kill in enumerate(kills):
            if number % 50 == 0:
                batches[submit(client, town, ROWS, f"batch {number}", f"batch {number}")] = ROWS
            pictures.append(draw(client, town, f"picture {number}"))
            time.sleep(chance.uniform(0, 1))
            if kill == "worker":
                town.kill_worker(town.workers[0])
                town.start_worker()
            elif kill == "api":
                half = _half_an_upload(town)
                town.kill_api()
                half.close()
                town.start_api()
            elif kill == "database":
                town.kill_database()
                # Asked at once: told so within seconds, or served by the server that was started again meanwhile.
                asked = client.get("/batches")
                assert asked.status_code in (200, 503) and ("retry-after" in asked.headers) == (
                    asked.status_code == 503
                )
                assert client.get("/livez").status_code == 200
            else:
                town.kill_everything()
                town.start_api()
                town.start_worker()
    check_whole(town, batches, pictures)


def _half_an_upload(town: Installation) -> socket.socket:
    """A table of which half is sent. Its client goes on waiting."""
    host, _, port = town.base.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)))
    body = (
        f'--edge\r\nContent-Disposition: form-data; name="templateId"\r\n\r\n{town.design}\r\n--edge\r\n'
        'Content-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\ntitle\n' + "half\n" * 1_000
    )
    line.sendall(
        (
            f"POST /batches HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {town.key}\r\nContent-Length: 1000000\r\n"
            f"Content-Type: multipart/form-data; boundary=edge\r\n\r\n{body}"
        ).encode()
    )
    return line


@pytest.mark.check(11)
@pytest.mark.parametrize(("point", "nth"), PLACES)
def test_everything_dies_at_a_named_point(town: Installation, point: str, nth: int) -> None:
    """The process that passes the point dies, all others with it; started again, one picture a row and one message."""
    rows = 12
    passages = {"claimed": 1, "stored_not_committed": 1, "committed_not_acked": 1, "counters_half": 1, "ingest_half": 1}
    once = passages | {"outbox_written": 1, "hook_sent_not_recorded": 1}
    at = min(nth or rows, once.get(point, rows))
    with Receiver() as receiver:
        allowed = {"TIRAGE_ALLOW_HOSTS": receiver.place}
        given = {"FAULTS": f"{point}:{at}:kill"} | allowed
        town.start_api(**allowed)
        with town.client(timeout=10) as client:
            hook = {"targetUrl": receiver.url(), "eventType": "BATCH_FINISHED", "templateId": town.design}
            assert client.post("/hooks", json=hook).status_code == 200
            uid = submit(client, town, rows, "the batch")
            if point in ("hook_sent_not_recorded", "zip_half"):
                town.kill_api()
                town.start_api(**given)
                town.start_worker()
                assert town.api is not None
                dying: subprocess.Popen[str] = town.api.process
                if point == "zip_half":
                    until_ended(client, uid)
                    with pytest.raises(httpx.TransportError):
                        client.get(f"/batches/{uid}/archive.zip")
            else:
                dying = town.start_worker(**given)
            assert dying.wait(60) == -signal.SIGKILL
            town.kill_everything()
            town.start_api(**allowed)
            town.start_worker()
            check_whole(town, {uid: rows}, [])
            assert client.get(f"/batches/{uid}/archive.zip").status_code == 200
        end = time.monotonic() + 90
        while not receiver.messages and time.monotonic() < end:
            time.sleep(0.1)
        assert len({each.headers["webhook-id"] for each in receiver.messages}) == 1


@pytest.mark.check(17)
def test_a_worker_that_was_stopped_writes_nothing(town: Installation) -> None:
    """Stopped in the middle of a chunk, it is taken for dead; what it says when it goes on is refused."""
    town.start_api()
    with town.client() as client:
        uid = submit(client, town, 40, "the batch")
        stopped = town.start_worker(FAULTS="rendered:5:delay:3")
        end = time.monotonic() + 60
        while 'state="running"} 1' not in client.get("/metrics").text:
            assert time.monotonic() < end, town.told()
            time.sleep(0.1)
        stopped.send_signal(signal.SIGSTOP)
        town.start_worker()
        assert until_ended(client, uid)["counts"]["done"] == 40
        stopped.send_signal(signal.SIGCONT)
        while "was taken over" not in town.told():
            assert time.monotonic() < end + 60, town.told()
            time.sleep(0.1)
    check_whole(town, {uid: 40}, [])


@pytest.mark.check(15)
def test_a_copy_of_the_folder_at_any_moment_starts(
    town: Installation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What lies on the disk at one moment starts by itself and holds all that was acknowledged before."""
    print(f"TIRAGE_SEED={SEED}")
    chance = random.Random(SEED)
    town.start_api()
    town.start_worker()
    with town.client() as client:
        for number in range(200 if SOAK else 1):
            uid = submit(client, town, ROWS, f"batch {number}", f"batch {number}")
            until_told(lambda: client.get(f"/batches/{uid}/rows"))  # noqa: B023 - called at once
            time.sleep(chance.uniform(0.5, 3))
            seen = client.get(f"/batches/{uid}").json()["counts"]["done"]
            with installation() as copy:
                _copy(town, copy)
                copy.start_api()
                with copy.client() as again:
                    assert again.get(f"/batches/{uid}").json()["counts"]["done"] >= seen
                    assert prove(copy.folder) == []
                    if SOAK:
                        copy.start_worker()
                        until_ended(again, uid)


def _copy(town: Installation, copy: Installation) -> None:
    """The folder as it is while nobody writes: what a machine that stops at this moment leaves."""
    processes = town.processes()
    for each in processes:
        each.suspend()
    try:
        for name in ("postgres", "blobs"):
            subprocess.run(["cp", "-a", str(town.folder / name), str(copy.folder)], check=True)
        for each in town.folder.iterdir():
            if each.is_file() and each.suffix != ".log":
                shutil.copy2(each, copy.folder)
    finally:
        for each in processes:
            each.resume()
    copy.key, copy.design = town.key, town.design


@pytest.mark.check(8)
@pytest.mark.skipif(not SOAK, reason="a minute; TIRAGE_SOAK=1 runs it")
def test_drawing_processes_are_killed_all_the_time(town: Installation) -> None:
    """Two thousand rows while every half second a drawing process dies: all of them are drawn."""
    chance = random.Random(SEED)
    town.start_api()
    worker = town.start_worker()
    with town.client() as client:
        uid = submit(client, town, 2_000, "the batch")
        while client.get(f"/batches/{uid}").json()["finishedAt"] is None:
            drawing = [each for each in _below(worker.pid) if each.children() == []]
            if drawing:
                chance.choice(drawing).kill()
            time.sleep(0.5)
    check_whole(town, {uid: 2_000}, [])


@pytest.mark.check(9)
@pytest.mark.skipif(not SOAK, reason="some minutes; TIRAGE_SOAK=1 runs it")
def test_a_worker_is_killed_all_the_time(town: Installation) -> None:
    """Two thousand rows while the worker is killed at 25 moments: none is lost or doubled, the rescue is in time."""
    print(f"TIRAGE_SEED={SEED}")
    chance = random.Random(SEED)
    town.start_api()
    town.start_worker()
    with town.client() as client:
        uid = submit(client, town, 2_000, "the batch")
        for _ in range(25):
            time.sleep(chance.uniform(0, 4))
            town.kill_worker(town.workers[0])
            town.start_worker()
        killed = time.monotonic()
        before = client.get(f"/batches/{uid}").json()["counts"]["done"]
        while client.get(f"/batches/{uid}").json()["counts"]["done"] == before < 2_000:
            assert time.monotonic() < killed + RESCUE_SECONDS
            time.sleep(0.2)
    check_whole(town, {uid: 2_000}, [])


@pytest.mark.check(20)
@pytest.mark.skipif(not SOAK, reason="an hour; TIRAGE_SOAK=1 runs it")
def test_a_long_table_outlives_twenty_kills(town: Installation) -> None:
    """API and worker are killed twenty times while it is read and drawn: no process grows, pages of rows stay still."""
    print(f"TIRAGE_SEED={SEED}")
    chance = random.Random(SEED)
    town.start_api()
    town.start_worker()
    with town.client() as client:
        table = b"title\n" + b"".join(b"row %d\n" % number for number in range(LONG_ROWS))
        made = client.post("/batches", data={"templateId": town.design}, files={"file": ("long.csv", table)})
        uid = made.json()["id"]
        before: dict[int, str] = {}
        for kill in range(20):
            time.sleep(chance.uniform(0, 10))
            assert max(each.memory_info().rss for each in town.processes()) < 512 * 2**20
            if kill % 2:
                town.kill_api()
                town.start_api()
            else:
                town.kill_worker(town.workers[0])
                town.start_worker()
            page = until_told(lambda: client.get(f"/batches/{uid}/rows?limit=100"))["rows"]
            assert [each["row"] for each in page] == list(range(1, len(page) + 1))
            now = {each["row"]: each["imageUrl"] for each in page if each.get("imageUrl")}
            assert now | before == now
            before = now
        until_ended(client, uid, patience=20 * 3_600)
        assert [each["row"] for each in all_rows(client, uid)] == list(range(1, LONG_ROWS + 1))
    check_whole(town, {uid: LONG_ROWS}, [])


def _below(pid: int) -> list[Any]:
    return list(psutil.Process(pid).children(recursive=True))


def test_every_point_of_the_list_is_passed_somewhere() -> None:
    """Each name that the long form kills at is a fault point of the code."""
    source = "".join(each.read_text() for each in Path("src/tirage").rglob("*.py"))
    assert [point for point in POINTS if f'fault("{point}")' not in source] == []
