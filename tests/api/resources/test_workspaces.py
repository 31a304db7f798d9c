"""`/workspaces`: what the contract says, who may do what, and that a deleted one takes everything along."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.resources.test_templates import MISSING, TIME, store
from tests.harness.client import Person, Running

pytestmark = pytest.mark.anyio


async def test_workspaces_are_told_as_the_contract_says(alice: Person, running: Running) -> None:
    """Create, rename and delete answer with the object; the list has the newest first."""
    (mine,) = (await alice.client.get("/workspaces")).json()
    assert mine["id"] == alice.workspace
    running.clock.advance(timedelta(seconds=1))
    made = (await alice.client.post("/workspaces", json={"name": " Second "})).json()
    assert set(made) == {"id", "name", "memberRole", "dateCreated", "dateUpdated"}
    assert (made["name"], made["memberRole"]) == ("Second", "admin")
    assert TIME.fullmatch(made["dateCreated"]) and TIME.fullmatch(made["dateUpdated"])
    assert [each["id"] for each in (await alice.client.get("/workspaces")).json()] == [made["id"], mine["id"]]
    renamed = await alice.client.put(f"/workspaces/{made['id']}", json={"name": "Third"})
    assert renamed.json() == {**made, "name": "Third", "dateUpdated": renamed.json()["dateUpdated"]}
    gone = await alice.client.request("DELETE", f"/workspaces/{made['id']}", json={})
    assert (gone.status_code, gone.json()) == (200, renamed.json())
    assert (await alice.client.delete(f"/workspaces/{made['id']}")).json()["code"] == "workspace_not_found"


async def test_a_deleted_workspace_takes_everything_along(alice: Person, running: Running) -> None:
    """Designs, their thumbnails and the objects in storage are gone; other workspaces keep theirs."""
    made = (await alice.client.post("/workspaces", json={"name": "Second"})).json()["id"]
    kept = await store(alice)
    design = (await alice.client.post(f"/templates?workspaceId={made}", json={"width": 9, "height": 9})).json()
    assert (await running.client().get(design["thumbnail"])).status_code == 200
    assert [each async for each in running.service.blobs.list(f"{made}/")]
    assert (await alice.client.delete(f"/workspaces/{made}")).status_code == 200
    assert (await alice.client.get(f"/templates/{design['id']}")).status_code == 404
    assert [each async for each in running.service.blobs.list(f"{made}/")] == []
    assert (await alice.client.get(f"/templates/{kept['id']}")).status_code == 200
    last = await alice.client.delete(f"/workspaces/{alice.workspace}")
    assert (last.status_code, last.json()["code"]) == (409, "workspace_last")


@pytest.mark.check(23)
async def test_a_repeated_request_creates_one_workspace(alice: Person) -> None:
    """The same key, the same answer; and the pointer of what is wrong with a body."""
    key = {"Idempotency-Key": "one"}
    for body in ({}, {"name": 3}, {"name": ""}, {"name": "\n"}, {"name": "x" * 101}):
        wrong = await alice.client.post("/workspaces", json=body, headers=key)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/name")
    first = await alice.client.post("/workspaces", json={"name": "One"}, headers=key)
    again = await alice.client.post("/workspaces", json={"name": "One"}, headers=key)
    assert first.status_code == 200 and again.content == first.content
    assert len((await alice.client.get("/workspaces")).json()) == 2


@pytest.mark.check(145, 148)
async def test_only_admins_and_only_their_own(alice: Person, bob: Person, running: Running) -> None:
    """A foreign id is as good as none; without the scope admin one reads."""
    for uid in (bob.workspace, MISSING):
        for method in ("PUT", "DELETE"):
            answer = await alice.client.request(method, f"/workspaces/{uid}", json={"name": "Mine"})
            assert (answer.status_code, answer.json()["code"]) == (404, "workspace_not_found")
    member = await running.person("Member", ("render", "read", "write"), alice.tenant)
    assert (await member.client.get("/workspaces")).json()[0]["memberRole"] == "member"
    for method, path in (("POST", ""), ("PUT", f"/{alice.workspace}"), ("DELETE", f"/{alice.workspace}")):
        answer = await member.client.request(method, f"/workspaces{path}", json={"name": "Mine"})
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert (await running.client().get("/workspaces")).status_code == 401


@pytest.mark.check(145, 148, 161)
async def test_settings_of_a_workspace(alice: Person, bob: Person, running: Running) -> None:
    """An admin lists origins as browsers send them and opens links; what is left out stays, nobody else changes it."""
    path = f"/workspaces/{alice.workspace}/settings"
    held = {"corsOrigins": [], "linkPolicy": "signed"}
    assert (await alice.client.get(path)).json() == held
    for origin in ("*", "null", "https://a.example/", "https://A.example", "a.example", "ftp://a.example",
                   "https://a.example:443", "https://*.example", "https://a.example\n"):  # fmt: skip
        wrong = await alice.client.patch(path, json={"corsOrigins": ["https://a.example", origin]})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "origin_invalid")
        assert wrong.json()["errors"][0]["pointer"] == "/corsOrigins/1"
    assert (await alice.client.patch(path, json={"linkPolicy": "some"})).status_code == 422
    assert (await alice.client.get(path)).json() == held
    origins = ["https://a.example", "http://localhost:3000"]
    assert (await alice.client.patch(path, json={"corsOrigins": origins})).json() == {**held, "corsOrigins": origins}
    opened = await alice.client.patch(path, json={"linkPolicy": "open"})
    assert opened.json() == {"corsOrigins": origins, "linkPolicy": "open"} == (await alice.client.get(path)).json()
    design = await store(alice)
    assert (await running.client().get(f"/links/{design['id']}.png")).status_code == 200
    for method in ("GET", "PATCH"):
        assert (await bob.client.request(method, path, json={})).json()["code"] == "workspace_not_found"
    member = await running.person("Member", ("render", "read", "write"), alice.tenant)
    assert (await member.client.patch(path, json={})).json()["code"] == "insufficient_scope"


@pytest.mark.check(148)
async def test_links_of_a_foreign_design(alice: Person, bob: Person) -> None:
    """Nobody opens the links of somebody else's design."""
    design = await store(alice)
    for method in ("GET", "PUT"):
        answer = await bob.client.request(method, f"/templates/{design['id']}/links", json={"linkPolicy": "open"})
        assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
    assert (await alice.client.get(f"/templates/{design['id']}/links")).json() == {"linkPolicy": None}
