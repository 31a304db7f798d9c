"""An installation in processes of its own (API, worker, database), any of which can be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from tests.harness.service import running_pool
from tests.harness.serving import Running, serving

from tirage.actions.fsck import FsckReport, Inspected, fsck
from tirage.blobs import open_blobs
from tirage.clock import SystemClock
from tirage.context import running_database
from tirage.db.connect import Database
from tirage.db.embedded import read_postmaster
from tirage.ids import new_key
from tirage.settings import Settings

SMALL = {
    "name": "Small",
    "width": 60,
    "height": 30,
    "layers": [{"type": "text", "name": "title", "width": 60, "height": 30, "text": "Hello"}],
}
PATIENCE = 90.0


class Installation:
    """The processes of one data folder. `design` is a small one with the text layer `title`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = new_key().text
        self.design = ""
        self.workers: list[subprocess.Popen[str]] = []
        self.api: Running | None = None
        self._open = contextlib.ExitStack()
        self._port = 0

    @property
    def base(self) -> str:
        """The address of the API; it stays the same over restarts."""
        return f"http://127.0.0.1:{self._port}"

    def client(self, timeout: float = 60) -> httpx.Client:
        """A client with the installation's first key."""
        return httpx.Client(base_url=self.base, headers={"x-api-key": self.key}, timeout=timeout)

    def start_api(self, **environment: str) -> None:
        """The API, without workers, at the port that it had before."""
        given = {"TIRAGE_BOOTSTRAP_KEY": self.key, "TIRAGE_CACHE_SIZE": "0"} | environment
        # A port named twice is the last one.
        port = f"--port={self._port}"
        self.api = self._open.enter_context(serving(self.folder, port, **given))
        self._port = int(self.api.base.rpartition(":")[2])
        # A pipe that nobody reads would stop it in the middle of a line of its log.
        threading.Thread(target=self.api.process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        if not self.design:
            with self.client() as client:
                self.design = client.post("/templates", json=SMALL).json()["id"]

    def start_worker(self, **environment: str) -> subprocess.Popen[str]:
        """One more worker, which draws one picture at a time."""
        given = {"TIRAGE_PUBLIC_URL": self.base, "TIRAGE_CACHE_SIZE": "0"} | environment
        arguments = ["worker", "--workers", "1", "--data-dir", str(self.folder)]
        # Its log goes to a file: a pipe that nobody reads would stop it one day.
        with (self.folder / f"worker-{len(self.workers)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tirage", *arguments],
                stdout=subprocess.DEVNULL, stderr=log, text=True, env={**os.environ, **given},
            )  # fmt: skip
        self.workers.append(process)
        return process

    def told(self) -> str:
        """What the workers have logged."""
        return "".join(each.read_text() for each in sorted(self.folder.glob("worker-*.log")))

    def kill_api(self) -> None:
        """SIGKILL the API's process."""
        assert self.api is not None
        _kill(self.api.process)

    def kill_worker(self, process: subprocess.Popen[str]) -> None:
        """SIGKILL a worker's process; those that draw for it end by themselves."""
        _kill(process)
        self.workers.remove(process)

    def kill_database(self) -> None:
        """SIGKILL the database's first process."""
        found = read_postmaster(self.folder / "postgres")
        if found is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.process, signal.SIGKILL)

    def kill_everything(self) -> None:
        """SIGKILL every process that has to do with the folder, as often as there are any."""
        while found := self.processes():
            for each in found:
                with contextlib.suppress(psutil.Error):
                    each.kill()
            psutil.wait_procs(found, timeout=1)
            for worker in self.workers:
                worker.poll()
            if self.api is not None:
                self.api.process.poll()
        self.workers.clear()

    def processes(self) -> list[psutil.Process]:
        """All processes of the installation: by their command, by where they work, and what is below them."""
        found: dict[int, psutil.Process] = {}
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                ours = each.pid != os.getpid() and each.status() != psutil.STATUS_ZOMBIE
                if ours and (str(self.folder) in each.cmdline() or each.cwd().startswith(str(self.folder))):
                    found |= {one.pid: one for one in (each, *each.children(recursive=True))}
        return list(found.values())

    def violations(self, *, sweep: bool = True) -> list[str]:
        """What `tirage fsck` finds; objects that a killed process had not recorded yet are swept whatever their age."""
        return prove(self.folder, sweep=sweep)

    def close(self) -> None:
        """End what still runs, as a person does."""
        for each in self.workers:
            each.send_signal(signal.SIGTERM)
        for each in self.workers:
            each.wait(60)
        self._open.close()
        self.kill_everything()


def prove(folder: Path, *, sweep: bool = True) -> list[str]:
    """What is found of an installation in a folder, whether it runs or not."""

    async def look() -> FsckReport:
        blobs = open_blobs("", folder / "blobs", reserve_bytes=0)
        async with Database(address, connections=2) as database:
            inspected = Inspected(address, database, blobs, SystemClock(), running_pool(), quick=False)
            return await fsck(inspected, sweep=sweep)

    with running_database(Settings(data_dir=str(folder))) as address:
        return [f"{each.invariant} {each.subject} {each.told}" for each in asyncio.run(look()).violations]


@contextmanager
def installation() -> Iterator[Installation]:
    """An installation in a folder of its own, nothing started; at the end nothing of it is left."""
    # Not pytest's own folder: the database's account must be let in.
    made = Installation(Path(tempfile.mkdtemp(prefix="tirage-crash-")))
    try:
        yield made
    finally:
        try:
            made.close()
        finally:
            made.kill_everything()
            shutil.rmtree(made.folder, ignore_errors=True)


def until_told(
    ask: Callable[[], httpx.Response], good: tuple[int, ...] = (200, 202), patience: float = PATIENCE
) -> Any:
    """The JSON of an answer, asked for again as a client does that meets a service which is being started."""
    end = time.monotonic() + patience
    told: object = None
    while time.monotonic() < end:
        try:
            answer = ask()
            if answer.status_code in good:
                return answer.json()
            told = answer.text
        except httpx.TransportError as error:
            told = error
        time.sleep(0.1)
    raise AssertionError(told)


def until_ended(client: httpx.Client, uid: str, patience: float = PATIENCE) -> dict[str, Any]:
    """A batch once it has ended; its progress never goes back."""
    end = time.monotonic() + patience
    before = 0
    while time.monotonic() < end:
        batch: dict[str, Any] = until_told(lambda: client.get(f"/batches/{uid}"))
        counts = batch["counts"]
        assert counts["done"] + counts["failed"] >= before, counts
        before = counts["done"] + counts["failed"]
        if batch["finishedAt"] is not None:
            return batch
        time.sleep(0.1)
    raise AssertionError(batch)


def all_rows(client: httpx.Client, uid: str) -> list[dict[str, Any]]:
    """All rows of a batch, page after page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = client.get(f"/batches/{uid}/rows", params={"limit": 1000, "cursor": cursor}).json()
        rows += page["rows"]
        cursor = page["next"]
    return rows


def objects(folder: Path) -> set[str]:
    """The keys of all pictures that the folder holds, smaller versions left out."""
    root = folder / "blobs" / "objects"
    return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file() and "/images/" in str(each)}


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
