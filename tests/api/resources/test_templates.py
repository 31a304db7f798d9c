"""`/templates`: the wire contract field by field, our own routes, and the walls between tenants."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.harness.client import Person, Running

from tirage.store import templates
from tirage.store.templates import NewDocument

pytestmark = pytest.mark.anyio

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MISSING = "0000000000"


def document(name: str = "Card") -> dict[str, Any]:
    """A design with a text in a group and a shape that is half as wide as the page."""
    text = {"type": "text", "name": "title", "text": "Hello", "x": 10, "width": 200.5, "height": 50}
    shape = {"type": "shape", "name": "bar", "width": "50%", "height": 8}
    group = {"type": "group", "name": "box", "width": 300, "height": 100, "children": [text]}
    return {"name": name, "width": 650, "height": 500, "layers": [shape, group]}


async def store(person: Person, name: str = "Card") -> dict[str, Any]:
    """A stored design as the answer tells it."""
    answer = await person.client.post("/templates", json=document(name))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_design_is_told_as_the_contract_says(alice: Person) -> None:
    """Sizes are text, times have milliseconds and Z, the canvas is the first layer, text is text or null."""
    made = await store(alice)
    (listed,) = (await alice.client.get("/templates", headers={"Content-Type": "application/json"})).json()
    one = await alice.client.get(f"/templates/{made['id']}")
    assert one.json() == listed == made
    assert re.fullmatch(r"[0-9a-f]{10}", made["id"])
    assert TIME.fullmatch(made["dateCreated"]) and TIME.fullmatch(made["dateUpdated"])
    assert made["thumbnail"].startswith("https://pictures.example/") and made["thumbnail"].endswith(".png")
    assert made["layers"] == [
        {"type": "canvas", "name": "canvas", "width": "650", "height": "500", "text": None},
        {"type": "shape", "name": "bar", "width": "50%", "height": "8", "text": None},
        {"type": "group", "name": "box", "width": "300", "height": "100", "text": None},
        {"type": "text", "name": "title", "width": "200.5", "height": "50", "text": "Hello"},
    ]


async def test_the_newest_design_comes_first(alice: Person, running: Running) -> None:
    """A bare array, empty when there is none."""
    assert (await alice.client.get("/templates")).json() == []
    for name in ("first", "second", "third"):
        await store(alice, name)
        running.clock.advance(timedelta(seconds=1))
    assert [each["name"] for each in (await alice.client.get("/templates")).json()] == ["third", "second", "first"]


async def test_a_record_without_a_summary_is_told_from_its_document(alice: Person, running: Running) -> None:
    """Designs of the installation are listed like stored ones."""
    text = '{"name":"Plain","width":20,"height":10,"layers":[]}'
    async with running.service.database.workspace(alice.workspace) as tx:
        made = await templates.create(tx, NewDocument("Plain", text, bytes(32)), running.clock.now())
    (listed,) = (await alice.client.get("/templates")).json()
    assert (listed["id"], listed["layers"][0]["width"], len(listed["layers"])) == (made.id, "20", 1)


async def test_a_thumbnail_fits_into_its_square(alice: Person, running: Running) -> None:
    """A PNG for everybody, 300 px on its longer side; no other mark opens it, and a new version has another one."""
    made = await store(alice)
    for _ in range(2):  # drawn, then read
        shown = await running.client().get(made["thumbnail"])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
        assert int.from_bytes(shown.content[16:20]) == 300 and 229 <= int.from_bytes(shown.content[20:24]) <= 231
    wrong = await running.client().get(f"/templates/{made['id']}/thumbnail/{'0' * 20}.png")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "template_not_found")
    changed = await alice.client.put(f"/templates/{made['id']}", json=document("New"), headers={"If-Match": '"1"'})
    assert changed.json()["thumbnail"] != made["thumbnail"]
    assert (await running.client().get(made["thumbnail"])).status_code == 404


async def test_a_huge_page_has_a_thumbnail_too(alice: Person, running: Running) -> None:
    """A page that cannot be drawn small enough is made smaller afterwards."""
    answer = await alice.client.post("/templates", json={"width": 4000, "height": 200, "layers": []})
    shown = await running.client().get(answer.json()["thumbnail"])
    assert int.from_bytes(shown.content[16:20]) == 300


async def test_a_document_comes_back_as_it_was_stored(alice: Person) -> None:
    """The ETag is the version, and a replacement needs it."""
    made = await store(alice)
    path = f"/templates/{made['id']}"
    read = await alice.client.get(f"{path}/document")
    assert read.json() == document() and read.headers["etag"] == '"1"'
    new = document("Changed")
    unseen = await alice.client.put(path, json=new)
    assert (unseen.status_code, unseen.json()["code"]) == (428, "precondition_required")
    done = await alice.client.put(path, json=new, headers={"If-Match": read.headers["etag"]})
    assert (done.status_code, done.json()["name"], done.headers["etag"]) == (200, "Changed", '"2"')
    late = await alice.client.put(path, json=document("Late"), headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    other = await alice.client.put(path, json=new, headers={"If-Match": '"abc"'})
    assert (other.status_code, other.json()["code"]) == (412, "version_conflict")
    assert (await alice.client.put(path, json=new, headers={"If-Match": "*"})).json()["version"] == 3


async def test_a_deleted_design_is_gone(alice: Person, running: Running) -> None:
    """204 once, then 404 everywhere."""
    made = await store(alice)
    await running.client().get(made["thumbnail"])
    gone = await alice.client.request("DELETE", f"/templates/{made['id']}", json={})
    assert (gone.status_code, gone.content) == (204, b"")
    for path in ("", "/document"):
        assert (await alice.client.get(f"/templates/{made['id']}{path}")).json()["code"] == "template_not_found"
    assert (await alice.client.delete(f"/templates/{made['id']}")).status_code == 404
    assert (await running.client().get(made["thumbnail"])).status_code == 404


async def test_every_problem_of_a_document_is_told(alice: Person) -> None:
    """422 with a pointer to each; nothing is stored."""
    broken = {"width": 10, "height": 10, "layers": [{"type": "text", "name": "a", "opacity": 2, "colour": "red"}]}
    answer = await alice.client.post("/templates", json=broken)
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["errors"]} == {"/layers/0/opacity", "/layers/0/colour"}
    assert (await alice.client.get("/templates")).json() == []
    twice = await alice.client.post("/templates", content='{"a":1,"a":2}', headers={"Content-Type": "application/json"})
    assert twice.status_code == 400
    plain = await alice.client.post("/templates", content="{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415


@pytest.mark.check(23, 24, 26)
async def test_a_repeated_request_stores_one_design(alice: Person) -> None:
    """The same key gives the same answer; another body with it is refused; an invalid one does not use it up."""
    key = {"Idempotency-Key": "one"}
    broken = await alice.client.post("/templates", json={"width": 0}, headers=key)
    assert broken.status_code == 422
    first = await alice.client.post("/templates", json=document(), headers=key)
    again = await alice.client.post("/templates", json=document(), headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content) and first.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    other = await alice.client.post("/templates", json=document("Other"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await alice.client.get("/templates")).json()) == 1


@pytest.mark.check(148)
async def test_somebody_elses_design_is_no_different_from_none(alice: Person, bob: Person) -> None:
    """Every route answers a foreign id as it answers one that never was, and nothing changes."""
    theirs = await store(alice)
    for uid in (theirs["id"], MISSING, "!"):
        requests = (
            ("GET", f"/templates/{uid}", None),
            ("GET", f"/templates/{uid}/document", None),
            ("PUT", f"/templates/{uid}", document("Stolen")),
            ("DELETE", f"/templates/{uid}", None),
        )
        for method, path, body in requests:
            answer = await bob.client.request(method, path, json=body, headers={"If-Match": "*"})
            assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found"), (method, path)
    there = await bob.client.get("/templates", params={"workspaceId": alice.workspace})
    assert (there.status_code, there.json()["code"]) == (404, "workspace_not_found")
    assert (await bob.client.get("/templates")).json() == []
    assert (await alice.client.get(f"/templates/{theirs['id']}")).json() == theirs


@pytest.mark.check(141, 145)
async def test_a_key_must_be_there_and_must_allow_it(alice: Person, running: Running) -> None:
    """Without a key 401; with a reading one everything that changes something is 403."""
    made = await store(alice)
    reader = await running.person("Reader", ("read",), alice.tenant)
    assert (await running.client().get("/templates")).status_code == 401
    assert (await reader.client.get("/templates")).json() == [made]
    for method, path in (("POST", ""), ("PUT", f"/{made['id']}"), ("DELETE", f"/{made['id']}")):
        answer = await reader.client.request(method, f"/templates{path}", json=document())
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
