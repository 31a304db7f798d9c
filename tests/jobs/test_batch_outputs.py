"""A row may become several files, may be taken from another batch, may be checked only; workspaces take turns."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from tests.harness.site import Site, running_site, with_newcomer
from tests.harness.studio import decode
from tests.jobs.test_batches import wait, worker

from tirage.actions.lanes import LANES
from tirage.actions.merge_pdfs import PdfMerger
from tirage.client import Client
from tirage.engine.errors import RenderProblem

SIZES = {
    "name": "Sizes",
    "width": 60,
    "height": 30,
    "variables": [{"name": "price", "type": "number"}],
    "sizes": [{"name": "story", "width": 30, "height": 60}],
    "layers": [
        {"type": "text", "name": "price", "width": 60, "height": 30, "fontSize": 12, "text": "{{ price | number }}"}
    ],
}


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process, with a tenant that no other test draws for."""
    return with_newcomer(running_site())


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


def test_a_row_becomes_every_combination(site: Site, alice: httpx.Client, tmp_path: object) -> None:
    """Two sizes, formats and languages and a second design: each file has its own name, pixels and digest.

    A format that is named twice is drawn once.
    """
    design = alice.post("/templates", json=SIZES).json()["id"]
    card = site.alice.designs["card"]
    body = {
        "templateId": design,
        "rows": [{"price": 1234.5}],
        "sizes": "all",
        "formats": ["png", "jpeg", "jpg"],
        "locales": ["en", "de"],
        "options": {"scale": 2},
        "naming": "item",
    }
    both = {"templateId": design, "templateIds": [card], "rows": [{"price": 1}], "format": "webp"}
    many = {**body, "locales": ["en", "de", "fr", "it", "es", "pt", "nl", "da", "sv", "fi", "pl"]}
    assert alice.post("/batches", json=many).json()["code"] == "outputs_too_many"
    wrong = alice.post("/batches", json={**body, "sizes": ["storey"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "size_unknown")
    with worker(site):
        uid = alice.post("/batches", json=body).json()["id"]
        two = alice.post("/batches", json=both).json()["id"]
        assert wait(alice, uid)["counts"]["done"] == 1 and wait(alice, two)["counts"]["done"] == 1
    (row,) = alice.get(f"/batches/{uid}/rows").json()["rows"]
    names = {each["name"]: each for each in row["files"]}
    sizes = len(alice.post("/batches", json={**body, "dryRun": True}).json()["checks"])
    assert len(names) == 4 * sizes and {"item-story-de.jpg", "item-story-en.png"} <= set(names)
    english, german = (alice.get(names[f"item-story-{language}.png"]["imageUrl"]).content for language in ("en", "de"))
    assert english != german and decode(english).shape == decode(german).shape == (120, 60, 4)
    with zipfile.ZipFile(io.BytesIO(alice.get(f"/batches/{uid}/archive.zip").content)) as archive:
        assert set(archive.namelist()) == set(names)
    manifest = [json.loads(line) for line in alice.get(f"/batches/{uid}/manifest.ndjson").text.splitlines()]
    assert {each["file"]: each["sha256"] for each in manifest} == {name: each["sha256"] for name, each in names.items()}
    found = {each["imageUrl"]: each["id"] for each in alice.get("/images").json()["results"]}
    said = alice.post(f"/images/{found[names['item-story-de.png']['imageUrl']]}/verify").json()
    assert said["verified"], said
    (row,) = alice.get(f"/batches/{two}/rows").json()["rows"]
    assert [each["name"] for each in row["files"]] == ["00001.webp", f"00001-{card}.webp"]


def test_the_client_saves_every_file(site: Site, alice: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Under the server's names, each checked by its digest."""
    out = tmp_path_factory.mktemp("out")
    design = alice.post("/templates", json=SIZES).json()["id"]
    with worker(site), Client(site.base, site.alice.key) as client:
        made = client.batches.submit(
            design, rows=[{"price": 1}, {"price": 2}], options={"sizes": ["story"], "formats": ["png", "webp"]}
        )
        assert client.batches.wait(made.id, timeout=60).counts.done == 2
        saved = {each.path.name for each in client.batches.download(made.id, out)}
    assert saved == {f"0000{row}-story.{ending}" for row in (1, 2) for ending in ("png", "webp")}


def test_only_changed_rows_are_drawn_again(site: Site, alice: httpx.Client) -> None:
    """Rows whose recipe a picture of the base has are that picture, wherever they stand; usage counts the others."""
    rows = [{"title": f"Row {number}"} for number in range(6)]
    card = site.alice.designs["card"]
    with worker(site):
        base = alice.post("/batches", json={"templateId": card, "rows": rows}).json()["id"]
        wait(alice, base)
        used = alice.get(f"/workspaces/{site.alice.workspace}/usage").json()["pictures"]
        changed = [{"title": "New"}, *rows[:3], {"title": "Other"}, rows[5]]
        body = {"templateId": card, "rows": changed, "baseBatchId": base}
        again = alice.post("/batches", json=body).json()["id"]
        assert wait(alice, again)["counts"]["done"] == 6
    before, after = (
        [each["imageUrl"] for each in alice.get(f"/batches/{uid}/rows").json()["rows"]] for uid in (base, again)
    )
    assert after[1:4] == before[:3] and after[5] == before[5]
    assert not {after[0], after[4]} & set(before)
    assert alice.get(f"/workspaces/{site.alice.workspace}/usage").json()["pictures"] == used + 2
    unknown = alice.post("/batches", json={**body, "baseBatchId": "0123456789"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "batch_not_found")
    with site.client(site.bob.key) as bob:
        foreign = {"templateId": site.bob.designs["card"], "rows": rows, "baseBatchId": base}
        assert bob.post("/batches", json=foreign).status_code == 404


def test_a_dry_run_tells_and_starts_nothing(site: Site, alice: httpx.Client) -> None:
    """Columns, guesses and a check of the first rows, as JSON and as a form; no batch and no table is left."""
    before = alice.get("/batches").json()["batches"]
    card = site.alice.designs["card"]
    said = alice.post(
        "/batches", json={"templateId": card, "dryRun": True, "rows": [{"title": "x"}, {"photo": "file:///etc/passwd"}]}
    )
    told = said.json()
    assert said.status_code == 200 and (told["ok"], told["checkedRows"]) == (False, 2)
    (check,) = told["checks"]
    assert check["report"]["failed"] == 1 and check["templateId"] == card
    form = alice.post(
        "/batches",
        data={"templateId": card, "dryRun": "true", "mapping": "auto"},
        files={"file": ("rows.csv", b"Headline\nOne\nTwo\n")},
    ).json()
    assert form["ok"] and form["mapping"] == {"Headline": "title"} and form["checkedRows"] == 2
    assert alice.get("/batches").json()["batches"] == before


def test_a_workspace_draws_so_many_chunks_at_once(site: Site, alice: httpx.Client) -> None:
    """With one chunk a workspace its batches are drawn one after the other, another workspace's beside them."""
    rows = [{"title": f"Row {number}"} for number in range(500)]
    most = 0.0
    with worker(site, TIRAGE_WORKSPACE_CHUNKS="1"), site.client(site.bob.key) as bob:
        mine = [alice.post("/batches", json={"templateId": site.alice.designs["card"], "rows": rows}).json()["id"]]
        mine += [alice.post("/batches", json={"templateId": site.alice.designs["card"], "rows": rows}).json()["id"]]
        theirs = bob.post("/batches", json={"templateId": site.bob.designs["card"], "rows": rows[:20]}).json()["id"]
        while bob.get(f"/batches/{theirs}").json()["state"] != "finished":
            text = alice.get("/metrics").text
            most = max(most, float(text.partition('tirage_batch_chunks{state="running"} ')[2].partition("\n")[0]))
        assert [alice.get(f"/batches/{uid}").json()["counts"]["done"] < 500 for uid in mine] == [True, True]
        for uid in mine:
            alice.post(f"/batches/{uid}/cancel")
    assert most == 2


def test_pdfs_of_all_rows_are_merged(site: Site, alice: httpx.Client) -> None:
    """Every page of every row in their order, nothing of one mixed up with another's; only where there are PDFs."""
    with worker(site):
        rows = [{"text0": f"Row {number} (1 0 R)"} for number in range(3)]
        made = alice.post(
            "/batches", json={"templateId": site.alice.designs["pages"], "rows": rows, "formats": ["pdf", "png"]}
        ).json()["id"]
        card = alice.post("/batches", json={"templateId": site.alice.designs["card"], "rows": [{}]}).json()["id"]
        assert wait(alice, made)["counts"]["done"] == 3 and wait(alice, card)["counts"]["done"] == 1
    answer = alice.get(f"/batches/{made}/merged.pdf")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    merged = answer.content
    places = [int(each) for each in re.findall(rb"(\d{10}) 00000 n \n", merged)]
    assert [re.match(rb"(\d+) 0 obj\n", merged[place:]) is not None for place in places] == [True] * len(places)
    numbers = [int(re.match(rb"\d+", merged[place:])[0]) for place in places]  # type: ignore[index]
    assert numbers == list(range(1, len(places) + 1)) and int(merged.split()[-2]) == merged.rindex(b"xref\n0 ")
    outside = re.sub(rb"stream\n.*?endstream|\((?:\\.|[^()\\])*\)", b"", merged, flags=re.DOTALL)
    assert {int(each) for each in re.findall(rb"(\d+) 0 R", outside)} <= set(numbers)
    assert len(re.findall(rb"/Type /Page\b", merged)) == 6 and b"/Count 6" in merged
    assert merged.count(b"/Type /Catalog") == 1
    streams = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
    files = [each for row in alice.get(f"/batches/{made}/rows").json()["rows"] for each in row["files"]]
    theirs = [found for each in files if each["format"] == "pdf"
              for found in streams.findall(alice.get(each["imageUrl"]).content)]  # fmt: skip
    assert set(streams.findall(merged)) <= set(theirs) and len(set(theirs)) >= 6
    refused = alice.get(f"/batches/{card}/merged.pdf")
    assert (refused.status_code, refused.json()["code"]) == (409, "batch_not_pdf")


def test_what_is_no_pdf_of_ours_is_refused() -> None:
    """A damaged document ends in an error that says so."""
    merger = PdfMerger()
    for data in (
        b"",
        b"%PDF-1.4 startxref 9",
        b"startxref 0\nxref\n0 1\n0000000000 65535 f \ntrailer <<>> startxref 0",
    ):
        with pytest.raises(RenderProblem, match="cannot be merged"):
            merger.add(data)


def test_a_batch_alone_takes_all_workers_and_lets_others_in(site: Site, alice: httpx.Client) -> None:
    """More chunks of one batch are drawn than it has lanes at first; a second one is begun at once all the same."""
    rows = [{"title": f"Row {number}"} for number in range(3_000)]
    with worker(site, "--concurrency=8"), site.client(site.bob.key) as bob:
        body = {"templateId": site.alice.designs["card"], "rows": rows}
        uid = alice.post("/batches", json=body).json()["id"]
        most = 0.0
        until = time.monotonic() + 60
        while most <= LANES and time.monotonic() < until:
            text = alice.get("/metrics").text
            most = max(most, float(text.partition('tirage_batch_chunks{state="running"} ')[2].partition("\n")[0]))
        assert most > LANES
        theirs = bob.post("/batches", json={"templateId": site.bob.designs["card"], "rows": rows[:5]}).json()["id"]
        assert wait(bob, theirs)["counts"]["done"] == 5
        assert alice.get(f"/batches/{uid}").json()["state"] == "running"
        alice.post(f"/batches/{uid}/cancel")
