"""`tirage serve` in trouble: an order to stop under load, and a database that stands still for a while."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from tests.harness.serving import left_running, serving


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the database's account can be let into."""
    made = Path(tempfile.mkdtemp(prefix="tirage-trouble-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.check(14, 19)
def test_a_database_that_stands_still_then_a_stop_under_load(folder: Path) -> None:
    """503 within ten seconds while it stands, then service as before; at the end, what was begun is finished."""
    with serving(folder) as running, httpx.Client(base_url=running.base, timeout=30) as client:
        client.headers["x-api-key"] = running.key or ""
        uid = client.get("/templates").json()[0]["id"]
        assert client.post(f"/designs/{uid}", json={}).status_code == 200
        database = [each for each in psutil.process_iter() if "postgres" in each.name() and _works_in(each, folder)]
        assert database
        for each in database:
            each.suspend()
        try:
            stalled = client.post(f"/designs/{uid}", json={}, timeout=10)
            assert stalled.status_code == 503 and stalled.json()["code"] == "database_unavailable"
            assert int(stalled.headers["retry-after"]) > 0
            assert client.get("/livez").status_code == 200
        finally:
            for each in database:
                each.resume()
        deadline = time.monotonic() + 10
        while client.post(f"/designs/{uid}", json={}).status_code != 200:
            assert time.monotonic() < deadline, "the service did not recover"

        statuses: list[int] = []
        refused = threading.Event()

        def load() -> None:
            with httpx.Client(base_url=running.base, headers=client.headers, timeout=30) as mine:
                while not refused.is_set():
                    try:
                        statuses.append(mine.post(f"/designs/{uid}", json={"format": "webp"}).status_code)
                    except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
                        refused.set()  # a retrying client would go to the next process now

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        while len(statuses) < 4:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(40) == 0
        for thread in threads:
            thread.join()
        assert set(statuses) == {200}
    assert left_running(folder) == []


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(process.cwd()).startswith(str(folder))
    except (psutil.Error, OSError):
        return False
