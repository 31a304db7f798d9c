"""Batches through the real service and a real worker process: every row one picture or one error, whatever dies."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.harness.site import Site, running_site

POINTS: tuple[str, ...] = ("stored_not_committed",)
if os.environ.get("TIRAGE_SOAK"):
    POINTS += ("committed_not_acked", "claimed", "fetched", "rendered", "stored", "counters_half")


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


@contextmanager
def worker(site: Site, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process on the site's database and storage."""
    given = {
        "TIRAGE_DATABASE_URL": site.address.application,
        "TIRAGE_DATA_DIR": str(site.folder),
        "TIRAGE_PUBLIC_URL": site.base,
        "TIRAGE_CACHE_SIZE": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tirage", "worker", "--workers", "1", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **given, **environment},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=40)
        # SIGTERM ends one that is still starting at once.
        assert process.returncode in (0, -signal.SIGTERM, -signal.SIGKILL), said


def start(client: httpx.Client, site: Site, rows: list[dict[str, Any]], **headers: str) -> str:
    """A batch of these rows; its id."""
    body = {"templateId": site.alice.designs["card"], "rows": rows}
    answer = client.post("/batches", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def wait(client: httpx.Client, uid: str, state: str = "finished") -> dict[str, Any]:
    """The batch once it is in a state."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        batch: dict[str, Any] = client.get(f"/batches/{uid}").json()
        if batch["state"] == state:
            return batch
        time.sleep(0.2)
    raise AssertionError(batch)


def check_rows(client: httpx.Client, uid: str, count: int) -> None:
    """Each row has one picture of its own, whose bytes have the recorded digest."""
    rows = client.get(f"/batches/{uid}/rows", params={"limit": 1000}).json()["rows"]
    assert [each["row"] for each in rows] == list(range(1, count + 1))
    assert len({each["imageUrl"] for each in rows}) == count
    for each in rows[:: max(1, count // 10)]:
        assert hashlib.sha256(client.get(each["imageUrl"]).content).hexdigest() == each["sha256"]


def test_rows_become_pictures_or_errors(site: Site, alice: httpx.Client) -> None:
    """Good rows have their picture, the bad one its error, the counts add up; another tenant sees no batch."""
    with worker(site):
        uid = start(alice, site, [{"title": "One"}, {"photo": "file:///etc/passwd"}, {"title": "Three"}])
        batch = wait(alice, uid)
        assert batch["counts"] == {"total": 3, "done": 2, "failed": 1, "pending": 0}
        assert [each["row"] for each in batch["errors"]] == [2] and batch["errors"][0]["error"]["code"]
        with site.client(site.bob.key) as bob:
            assert bob.get(f"/batches/{uid}").status_code == 404
            assert bob.post(f"/batches/{uid}/cancel").status_code == 404
        assert alice.post(f"/batches/{uid}/pause").status_code == 409
        assert alice.post(f"/batches/{uid}/retry").json()["counts"]["pending"] == 1
        assert wait(alice, uid)["counts"]["failed"] == 1


def test_a_file_is_a_batch_and_a_broken_one_fails_whole(site: Site, alice: httpx.Client) -> None:
    """A CSV of rows is drawn; one with two columns of a name fails the batch with the reader's problem."""
    fields = {"templateId": site.alice.designs["card"]}
    with worker(site):
        good = alice.post("/batches", data=fields, files={"file": ("rows.csv", b"title\nOne\nTwo\n")}).json()
        bad = alice.post("/batches", data=fields, files={"file": ("rows.csv", b"a,a\n1,2\n")}).json()
        assert wait(alice, good["id"])["counts"]["done"] == 2
        assert wait(alice, bad["id"], "failed")["error"]["code"] == "header_duplicate"


@pytest.mark.check(23)
@pytest.mark.check(24)
def test_a_repeated_key_starts_one_batch(site: Site, alice: httpx.Client) -> None:
    """The same key gives the same answer, another body with it none."""
    first = start(alice, site, [{"title": "One"}], **{"idempotency-key": "batch-once"})
    assert start(alice, site, [{"title": "One"}], **{"idempotency-key": "batch-once"}) == first
    body = {"templateId": site.alice.designs["card"], "rows": [{"title": "Two"}]}
    assert alice.post("/batches", json=body, headers={"idempotency-key": "batch-once"}).status_code == 422


@pytest.mark.check(21)
def test_pause_resume_and_cancel(site: Site, alice: httpx.Client) -> None:
    """A paused batch rests until it is resumed; a cancelled one stays so, its counts adding up."""
    uid = start(alice, site, [{"title": str(number)} for number in range(20)])
    assert alice.post(f"/batches/{uid}/pause").json()["state"] == "paused"
    gone = start(alice, site, [{"title": "never"}])
    assert [alice.post(f"/batches/{gone}/cancel").json()["state"] for _ in range(2)] == ["cancelled", "cancelled"]
    with worker(site):
        last = start(alice, site, [{"title": "after"}])
        wait(alice, last)
        assert alice.get(f"/batches/{uid}").json()["counts"]["done"] == 0
        alice.post(f"/batches/{uid}/resume")
        wait(alice, uid)
        check_rows(alice, uid, 20)
    assert alice.get(f"/batches/{gone}").json()["state"] == "cancelled"


@pytest.mark.check(11)
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_worker_loses_nothing(site: Site, alice: httpx.Client, point: str) -> None:
    """After SIGKILL at a named point another worker finishes: one picture a row, none lost, none doubled."""
    uid = start(alice, site, [{"title": f"{point} {number}"} for number in range(7)])
    with worker(site, FAULTS=f"{point}:1:kill") as dying:
        assert dying.wait(60) == -signal.SIGKILL
    with worker(site):
        assert wait(alice, uid)["counts"] == {"total": 7, "done": 7, "failed": 0, "pending": 0}
        check_rows(alice, uid, 7)
