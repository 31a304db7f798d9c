"""The client against the real service with a real worker: from a table to checked files in a folder."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.harness.serving import command
from tests.harness.site import CARD, Site, running_site, with_newcomer

from tirage.client import ApiError, Client


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process, with a tenant whose designs are found by their names."""
    return with_newcomer(running_site())


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Client]:
    """A client with Alice's key."""
    with Client(site.base, site.alice.key) as made:
        yield made


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[None]:
    """A worker process for the tests of this module."""
    given = {
        "TIRAGE_DATABASE_URL": site.address.application,
        "TIRAGE_DATA_DIR": str(site.folder),
        "TIRAGE_PUBLIC_URL": site.base,
        "TIRAGE_CACHE_SIZE": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tirage", "worker", "--workers", "1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **given},
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def tirage(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`tirage batch …` with Alice's key."""
    return command("batch", *arguments, TIRAGE_URL=site.base, TIRAGE_API_KEY=site.alice.key)


def test_a_design_is_drawn(client: Client, site: Site, tmp_path: Path) -> None:
    """A picture is stored, listed, saved and deleted; its bytes come directly too."""
    design = site.alice.designs["card"]
    (made,) = client.designs.render(design, [{"name": "title", "text": "Client"}], metadata="by client")
    assert (made.width, made.height, made.format) == (400, 200, "png")
    assert made.id in [each.id for each in client.images.list(design=design, metadata="by client")]
    assert client.images.download(made, tmp_path / "a.png") == (tmp_path / "a.png").stat().st_size
    assert client.designs.render_bytes(design, [{"name": "title", "text": "Client"}])[:4] == b"\x89PNG"
    assert len(client.designs.render(site.alice.designs["pages"])) == 2
    client.images.delete(made)
    with pytest.raises(ApiError) as caught:
        client.images.download(made, tmp_path / "b.png")
    assert caught.value.status == 404 and not (tmp_path / "b.png").exists()


def test_designs_are_stored_and_found(client: Client, site: Site) -> None:
    """A design is stored, found by a name as people type it, replaced only from the version that was read."""
    made = client.templates.create({**CARD, "name": "Été — Card"})
    assert client.templates.find("ete card") == client.templates.find(made.id) == client.templates.get(made.id)
    next_one = client.templates.replace(made.id, {**CARD, "name": "Été — Card"}, version=made.version)
    with pytest.raises(ApiError) as conflict:
        client.templates.replace(made.id, dict(CARD), version=made.version)
    assert (next_one.version, conflict.value.code) == (made.version + 1, "version_conflict")
    assert client.templates.find("two").name == "Two pages"
    with pytest.raises(ApiError, match="Did you mean 'two-pages'"):
        client.templates.find("two pagse")
    client.templates.delete(made.id)
    with pytest.raises(ApiError) as gone:
        client.templates.get(made.id)
    assert (gone.value.status, gone.value.code) == (404, "template_not_found") and gone.value.request_id


def test_a_table_becomes_files(client: Client, site: Site, worker: None, tmp_path: Path) -> None:
    """Each good row's file has the recorded digest, a damaged one is fetched again, the bad row is told."""
    table = tmp_path / "rows.ndjson"
    rows: list[dict[str, Any]] = [{"title": "One"}, {"photo": "file:///etc/passwd"}, {"title": "Three"}]
    table.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    made = client.batches.submit(site.alice.designs["card"], data=table)
    ended = client.batches.wait(made.id, timeout=60)
    assert (ended.state, ended.counts.done, ended.counts.failed) == ("finished", 2, 1)
    (failed,) = client.batches.rows(made.id, "failed")
    assert failed.row == 2 and failed.error is not None and failed.error.code
    got = {each.row: each for each in client.batches.download(made.id, tmp_path / "out")}
    digests = {each.row: each.sha256 for each in client.batches.rows(made.id, "done")}
    assert {row: hashlib.sha256(each.path.read_bytes()).hexdigest() for row, each in got.items()} == digests
    got[1].path.write_bytes(b"damaged")
    assert {each.row: each.fetched for each in client.batches.download(made.id, tmp_path / "out")} == {
        1: True,
        3: False,
    }
    assert got[1].path.read_bytes()[:4] == b"\x89PNG" and len(list((tmp_path / "out").iterdir())) == 2


def test_the_command_line_does_all_of_it(site: Site, worker: None, tmp_path: Path) -> None:
    """submit --watch tells failed rows and ends with 1; retry, download and list go on from there."""
    (tmp_path / "rows.csv").write_text("title,photo\nOne,\nTwo,file:///etc/passwd\n", encoding="utf-8")
    done = tirage(site, "submit", "card", "--data", str(tmp_path / "rows.csv"), "--watch", "--json")
    assert done.returncode == 1, done.stderr
    said = orjson.loads(done.stdout)
    assert (said["ok"], said["counts"]["done"], said["counts"]["failed"]) == (False, 1, 1)
    shown = tirage(site, "watch", said["id"])
    assert shown.returncode == 1 and "row 2" in shown.stderr and "2 rows, 1 drawn" in shown.stdout
    assert tirage(site, "retry", said["id"], "--watch").returncode == 1
    saved = tirage(site, "download", said["id"], "--out", str(tmp_path / "out"))
    assert saved.returncode == 1 and "1 fetched" in saved.stdout and "1 rows have no picture" in saved.stdout
    assert len(list((tmp_path / "out").iterdir())) == 1
    again = tirage(site, "pause", said["id"])
    assert again.returncode == 2 and "finished already" in again.stderr


def test_columns_map_themselves_and_files_have_names(client: Client, site: Site, worker: None, tmp_path: Path) -> None:
    """With `auto` the worker maps columns by likeness; downloads have the names that the pattern gives."""
    table = tmp_path / "rows.csv"
    table.write_text("Headline,Notes\nÄpfel & more,x\nÄpfel & more,y\n", encoding="utf-8")
    out = str(tmp_path / "out")
    done = tirage(
        site, "submit", "card", "--data", str(table), "--map", "auto", "--name", "{Headline}", "--watch", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert tirage(site, "download", orjson.loads(done.stdout)["id"], "--out", out).returncode == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(files) == {"Äpfel & more.png", "Äpfel & more-2.png"}
    plain = client.designs.render_bytes(site.alice.designs["card"], [{"name": "title", "text": "Äpfel & more"}])
    assert set(files.values()) == {plain}


def test_all_pages_and_all_files_are_saved(client: Client, site: Site, worker: None, tmp_path: Path) -> None:
    """Of a design of two pages a row has two files; manifest, archive and list name them; a deleted batch is gone."""
    made = client.batches.submit(site.alice.designs["pages"], rows=[{"text0": "One"}, {"text0": "Two"}])
    assert client.batches.wait(made.id, timeout=60).counts.done == 2
    files = sorted(each.path.name for each in client.batches.download(made.id, tmp_path / "out"))
    assert files == ["00001-1.png", "00001-2.png", "00002-1.png", "00002-2.png"]
    (manifest,) = client.batches.save(made.id, "manifest.ndjson", tmp_path / "manifest.ndjson")
    told = [orjson.loads(line) for line in manifest.read_bytes().splitlines()]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "out").iterdir()}
    assert {each["sha256"] for each in told} == digests
    (archive,) = client.batches.save(made.id, "archive.zip", tmp_path / "all.zip")
    with zipfile.ZipFile(archive) as opened:
        assert {hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()} >= digests
    assert made.id in [each.id for each in client.batches.list("finished")]
    client.batches.delete(made.id)
    with pytest.raises(ApiError) as gone:
        client.batches.get(made.id)
    assert gone.value.code == "batch_not_found"


def test_a_paused_batch_waits_and_a_cancelled_one_ends(client: Client, site: Site, worker: None) -> None:
    """What is paused is watched until its time is up; resumed or cancelled it ends."""
    made = client.batches.submit(site.alice.designs["card"], rows=[{"title": str(number)} for number in range(300)])
    assert client.batches.pause(made.id).state == "paused"
    with pytest.raises(ApiError) as waiting:
        client.batches.wait(made.id, timeout=0.5)
    assert waiting.value.code == "watch_timeout" and waiting.value.retryable
    assert client.batches.resume(made.id).state in ("queued", "running")
    assert client.batches.cancel(made.id).state == "cancelled"
    assert client.batches.wait(made.id).ended
    with pytest.raises(ApiError) as ended:
        client.batches.retry(made.id)
    assert ended.value.code == "batch_not_finished"


def test_what_is_wrong_is_told_with_the_remedy(site: Site, tmp_path: Path) -> None:
    """No server, no key, a wrong key, a design that is not there, a missing table: each ends with 2 and says so."""
    table = tmp_path / "rows.csv"
    table.write_text("title\nOne\n", encoding="utf-8")
    submit = ("batch", "submit", "card", "--data", str(table))
    cases = {
        "Say --server": command(*submit, TIRAGE_URL="", TIRAGE_API_KEY=site.alice.key),
        "tirage keys create": command(*submit, TIRAGE_URL=site.base, TIRAGE_API_KEY=""),
        "Valid API key is required": command(*submit, TIRAGE_URL=site.base, TIRAGE_API_KEY="tir_live_wrong"),
        "no design 'crad'": tirage(site, "submit", "crad", "--data", str(table)),
        "There is no table": tirage(site, "submit", "card", "--data", str(tmp_path / "none.csv")),
        "Say --data FILE": tirage(site, "submit", "card"),
        "There is no batch": tirage(site, "watch", "0123456789"),
        "is no address": command(*submit, "--server", "ftp://x", TIRAGE_API_KEY=site.alice.key),
    }
    for words, done in cases.items():
        assert done.returncode == 2 and words in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr
