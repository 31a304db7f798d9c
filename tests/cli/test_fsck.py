"""`tirage fsck` on a service that has drawn a batch: clean, until somebody breaks what must hold."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.harness.service import running_pool
from tests.harness.serving import command, serving

from tirage.actions.fsck import FsckReport, Inspected, fsck
from tirage.blobs import open_blobs
from tirage.clock import SystemClock
from tirage.context import running_database
from tirage.db.connect import Database
from tirage.settings import Settings

RUNNING = "UPDATE batches SET state = 'running'"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a service that has drawn a batch of six rows, one of them failed; it no longer runs."""
    folder = tmp_path_factory.mktemp("fsck")
    with serving(folder, TIRAGE_BATCH_WORKERS="1") as running, httpx.Client(base_url=running.base, timeout=60) as http:
        http.headers["authorization"] = f"Bearer {running.key}"
        design = next(each["id"] for each in http.get("/templates").json() if each["name"] == "Open Graph card")
        rows = [*({"title": f"Row {number}"} for number in range(5)), {"photo": "file:///etc/passwd"}]
        made = http.post("/batches", json={"templateId": design, "rows": rows}).json()
        until = time.monotonic() + 60
        while http.get(f"/batches/{made['id']}").json()["state"] != "finished" and time.monotonic() < until:
            time.sleep(0.2)
        first = http.get(f"/batches/{made['id']}/rows").json()["rows"][0]
        assert http.get(first["imageUrl"].replace(".png", "-thumb.png")).status_code == 200
        assert violations(folder) == [], "while the service runs"
        # A picture that a person removes is not lost.
        assert http.delete(first["imageUrl"].partition(running.base)[2]).status_code == 204
    with running_database(Settings(data_dir=str(folder))):  # adopted by the commands, not started by each
        yield folder


def violations(folder: Path, *, quick: bool = False, sweep: bool = False) -> list[tuple[str, str]]:
    """What is found, as the command finds it: the invariants and what is told of each."""
    settings = Settings(data_dir=str(folder))

    async def prove() -> FsckReport:
        blobs = open_blobs("", folder / "blobs", reserve_bytes=0)
        async with Database(address, connections=2) as database:
            return await fsck(
                Inspected(address, database, blobs, SystemClock(), None if quick else running_pool(), quick),
                sweep=sweep,
            )

    with running_database(settings) as address:
        report = asyncio.run(prove())
    assert report.clean == (not report.violations)
    return [(each.invariant, each.told) for each in report.violations]


def run(folder: Path, *statements: str) -> None:
    """Statements of the database's owner, behind whose back nothing is checked."""
    with running_database(Settings(data_dir=str(folder))) as address:
        assert address.installer is not None
        with psycopg.connect(address.installer, dbname="tirage") as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET search_path = tirage")
            for each in statements:
                connection.execute(each.encode())


def test_what_was_drawn_is_whole(drawn: Path) -> None:
    """After a batch with a failed row and a removed picture nothing is wrong, and it is said what was read."""
    ended = command("fsck", "--data-dir", str(drawn))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("Clean: ") and "pictures" in ended.stdout


@pytest.mark.parametrize(
    ("invariant", "breaking", "mending"),
    [
        ("i1", "UPDATE batch_rows SET image_id = 'gone' WHERE number = 2", ""),
        ("i3", "UPDATE batches SET done = done - 1", "UPDATE batches SET done = done + 1"),
        (
            "i4",
            "UPDATE batch_chunks SET state = 'running', lease_until = now() - interval '1h'; " + RUNNING,
            "UPDATE batches SET state = 'finished'; UPDATE batch_chunks SET state = 'done'",
        ),
        ("i5", "UPDATE events SET type = 'OTHER'", "UPDATE events SET type = 'BATCH_FINISHED' WHERE type = 'OTHER'"),
        (
            "i6",
            "INSERT INTO usage SELECT workspace_id, date_trunc('month', now())::date, 0 FROM batches",
            "DELETE FROM usage",
        ),
        ("i7", "UPDATE images SET blob_key = 'other/' || blob_key", "UPDATE images SET blob_key = substr(blob_key, 7)"),
        (
            "i8",
            "UPDATE batch_chunks SET batch_id = 'none'",
            "UPDATE batch_chunks SET batch_id = (SELECT id FROM batches)",
        ),
    ],
)
def test_what_was_broken_is_found(drawn: Path, invariant: str, breaking: str, mending: str) -> None:
    """Each thing that must hold is found where it does not, under its number."""
    if invariant == "i1":
        breaking = f"CREATE TABLE public.kept AS SELECT number AS n, image_id AS i FROM batch_rows; {breaking}"
        mending = "UPDATE batch_rows SET image_id = i FROM public.kept WHERE n = number; DROP TABLE public.kept"
    run(drawn, breaking)
    try:
        assert invariant in {number for number, _ in violations(drawn, quick=True)}
    finally:
        run(drawn, mending)
    assert violations(drawn, quick=True) == []


def test_changed_and_lost_bytes_are_found(drawn: Path) -> None:
    """An object with one other byte, and one that is gone, are each told of."""
    first, second = sorted(
        each for each in drawn.glob("blobs/**/images/**/*") if each.is_file() and "-thumb" not in each.name
    )[:2]
    whole, gone = first.read_bytes(), second.read_bytes()
    first.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    second.unlink()
    try:
        told = violations(drawn)
        assert [number for number, _ in told] == ["i1", "i1"]
        assert {"has other bytes" in text for _, text in told} == {True, False}
        assert [text.split(" /")[0][:13] for _, text in violations(drawn, quick=True)] == ["has no object"]
    finally:
        first.write_bytes(whole)
        second.write_bytes(gone)
    assert violations(drawn) == []


def test_objects_without_a_record_are_swept(drawn: Path) -> None:
    """An old object that nothing names is a violation until it is swept; a young one may await its record."""
    folder = next(drawn.glob("blobs/**/images"))
    for name, age in (("old.png", 7_200), ("young.png", 0)):
        path = folder / "0123456789" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left over")
        os.utime(path, (time.time() - age,) * 2)
    ended = command("fsck", "--data-dir", str(drawn), "--json")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["clean"]) == (1, False)
    assert [(each["invariant"], each["subject"][-7:]) for each in found["violations"]] == [("i2", "old.png")]
    assert violations(drawn, sweep=True) == []
    assert [each.name for each in (folder / "0123456789").iterdir()] == ["young.png"]
