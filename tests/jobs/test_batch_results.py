"""What is fetched of a batch, through the real service and a real worker: list, manifest, errors, archive, events."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.harness.site import Site, running_site
from tests.jobs.test_batches import start, wait, worker

TWO_PAGES = {
    "name": "Two pages",
    "pages": [
        {
            "width": 40,
            "height": 40,
            "layers": [{"type": "shape", "name": f"ground{page}", "width": 40, "height": 40, "fill": "#08f"}],
        }
        for page in (1, 2)
    ],
}


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


def test_everything_of_a_batch_can_be_fetched(site: Site, alice: httpx.Client) -> None:
    """Two good rows and a bad one: every way of fetching tells the same, nobody else is told anything."""
    hook = {"targetUrl": "https://hooks.example/batches", "eventType": "BATCH_FINISHED"}
    hook |= {"templateId": site.alice.designs["card"]}
    subscribed = alice.post("/hooks", json=hook).json()
    with worker(site):
        uid = start(alice, site, [{"title": "One"}, {"photo": "file:///etc/passwd", "title": "=1+1"}, {"title": "3"}])
        with alice.stream("GET", f"/batches/{uid}/events", timeout=60) as stream:
            events = "".join(stream.iter_text()).strip().split("\n\n")
        kind, _, told = events[-1].partition("\ndata: ")
        assert kind == "event: end" and json.loads(told)["counts"]["done"] == 2
        assert wait(alice, uid)["state"] == "finished"

    listed = alice.get("/batches", params={"limit": 1}).json()
    assert [each["id"] for each in listed["batches"]] == [uid]
    assert uid in [each["id"] for each in alice.get("/batches", params={"state": "finished"}).json()["batches"]]
    if listed["next"]:
        older = alice.get("/batches", params={"limit": 1, "cursor": listed["next"]}).json()
        assert uid not in [each["id"] for each in older["batches"]]

    lines = [json.loads(line) for line in alice.get(f"/batches/{uid}/manifest.ndjson").text.splitlines()]
    table = list(csv.DictReader(io.StringIO(alice.get(f"/batches/{uid}/manifest.csv").text)))
    assert [each["row"] for each in lines] == [1, 3]
    assert table == [{name: str(value) for name, value in each.items()} for each in lines]

    answer = alice.get(f"/batches/{uid}/archive.zip")
    assert answer.headers["tirage-parts"] == "1" and "link" not in answer.headers
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        for each in lines:
            data = archive.read(each["file"])
            assert hashlib.sha256(data).hexdigest() == each["sha256"] and len(data) == each["bytes"]
            assert alice.get(each["url"]).content == data
    missing = alice.get(f"/batches/{uid}/archive.zip", params={"part": 2})
    assert missing.status_code == 404 and missing.json()["code"] == "archive_part_not_found"

    (failed,) = csv.DictReader(io.StringIO(alice.get(f"/batches/{uid}/errors.csv").text))
    assert failed["row"] == "2" and failed["code"] and json.loads(failed["values"])["title"] == "=1+1"

    (delivery,) = alice.get(f"/hooks/{subscribed['uid']}/deliveries").json()["results"]
    assert delivery["eventId"]

    with site.client(site.bob.key) as bob:
        for path in ("manifest.csv", "errors.csv", "archive.zip", "events"):
            assert bob.get(f"/batches/{uid}/{path}").status_code == 404
        assert bob.delete(f"/batches/{uid}").status_code == 404
        assert uid not in bob.get("/batches").text
    assert alice.delete(f"/batches/{uid}").status_code == 204
    assert alice.get(f"/batches/{uid}").status_code == 404 and alice.get(lines[0]["url"]).status_code == 200


def test_every_page_of_a_row_is_kept(site: Site, alice: httpx.Client) -> None:
    """A design of two pages gives two pictures a row; the archive numbers them."""
    design = alice.post("/templates", json=TWO_PAGES).json()["id"]
    with worker(site):
        made = alice.post("/batches", json={"templateId": design, "rows": [{}, {}]})
        uid = made.json()["id"]
        wait(alice, uid)
    rows = alice.get(f"/batches/{uid}/rows").json()["rows"]
    assert [len(each["pages"]) for each in rows] == [2, 2] and rows[0]["imageUrl"] == rows[0]["pages"][0]
    with zipfile.ZipFile(io.BytesIO(alice.get(f"/batches/{uid}/archive.zip").content)) as archive:
        assert len(set(archive.namelist())) == 4 and all("-1." in name or "-2." in name for name in archive.namelist())


def test_a_batch_in_work_is_not_deleted(site: Site, alice: httpx.Client) -> None:
    """It is cancelled first; then its uploaded table is gone too."""
    uid = start(alice, site, [{"title": "One"}])
    refused = alice.delete(f"/batches/{uid}")
    assert refused.status_code == 409 and refused.json()["code"] == "batch_not_ended"
    tables = _tables(site)
    assert alice.post(f"/batches/{uid}/cancel").json()["state"] == "cancelled"
    assert len(_tables(site)) == len(tables) - 1
    assert alice.delete(f"/batches/{uid}").status_code == 204


def _tables(site: Site) -> set[Path]:
    return {each for each in site.folder.rglob("batches/*") if each.is_file() and each.suffix in (".json", ".ndjson")}
