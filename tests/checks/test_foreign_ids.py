"""Every described route × ids of another tenant, of nobody and of what is gone: all of them are nothing at all."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from tests.harness.evil import png
from tests.harness.site import CARD, Site, Tenant, running_site, with_newcomer
from tests.harness.typeface import bar_font

from tirage.clock import OffsetClock
from tirage.db.connect import Database
from tirage.store import destinations
from tirage.store.vault import Vault

NOBODY = {"event": "msg_0123456789", "path": "0123456789/0123456789.png"}
"""Ids that nothing has, where they are no ten digits."""
KINDS = {
    # What an id in a path is of, by the segment before it.
    "designs": "design", "templates": "design", "batches": "batch", "schedules": "schedule", "images": "image",
    "destinations": "destination", "workspaces": "workspace", "hooks": "hook", "deliveries": "event",
    "media": "workspace", "assets": "asset", "fonts": "font", "link-keys": "link key",
}  # fmt: skip
WORDS = {"verb": "pause", "form": "csv"}
BODIES: dict[str, dict[str, Any]] = {
    "PUT /templates/{uid}": {"json": dict(CARD), "headers": {"if-match": "*"}},
    "PUT /templates/{uid}/links": {"json": {"linkPolicy": "open"}},
    "PUT /workspaces/{uid}": {"json": {"name": "Mine"}},
    "POST /media/{workspace_id}/folders": {"json": {"filename": "mine"}},
    "POST /media/{workspace_id}/assets": {"files": {"file": ("a.png", png(9, 9))}},
    "PUT /media/{workspace_id}/assets/{uid}": {"files": {"file": ("a.png", png(9, 9))}},
}
"""What is sent where an empty object would be refused for what it is."""


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process with two tenants of this module's own."""
    first = with_newcomer(running_site())
    second = with_newcomer(first)
    return Site(first.base, first.clock, first.address, first.folder, alice=first.alice, bob=second.alice)


@pytest.fixture(scope="module")
def alice(site: Site) -> Iterator[httpx.Client]:
    """Who tries."""
    with site.client(site.alice.key) as client:
        yield client


def things(site: Site, tenant: Tenant, name: str) -> dict[str, str]:
    """The ids of one thing of each kind, all of a tenant."""
    with site.client(tenant.key) as client:
        design = client.post("/templates", json=dict(CARD)).json()["id"]
        hook = client.post("/hooks", json={"targetUrl": f"https://example.com/{name}", "templateId": design}).json()
        image = client.post(f"/designs/{design}", json={}).json()
        schedule = {"templateId": design, "source": "https://sheets.example.com/rows.csv", "every": 3600}
        files = {"file": ("a.png", png(9, 9))}

        async def destination() -> str:
            vault = Vault.of_folder(site.folder)
            async with Database(site.address) as database, database.workspace(tenant.workspace) as tx:
                made = await destinations.create(tx, vault, name, "s3://b/p", "key", "secret", OffsetClock().now())
                return made.id

        return {
            "design": design,
            "hook": hook["uid"],
            "event": client.get(f"/hooks/{hook['uid']}/deliveries").json()["results"][0]["eventId"],
            "image": image["id"],
            "path": image["imageUrl"].partition("/images/")[2],
            "batch": client.post("/batches", json={"templateId": design, "rows": [{"title": "a"}]}).json()["id"],
            "schedule": client.post("/schedules", json=schedule).json()["id"],
            "asset": client.post(f"/media/{tenant.workspace}/assets", files=files).json()["id"],
            "font": client.post("/fonts", files={"file": ("a.ttf", bar_font(name))}).json()["id"],
            "link key": client.post("/link-keys").json()["kid"],
            "workspace": client.post("/workspaces", json={"name": name}).json()["id"],
            "destination": asyncio.run(destination()),
        }


def remove(client: httpx.Client, gone: dict[str, str], workspace: str) -> None:
    """Remove all of a tenant's things by their routes."""
    assert client.post(f"/batches/{gone['batch']}/cancel").status_code == 200
    for path in (
        f"/batches/{gone['batch']}", f"/schedules/{gone['schedule']}", f"/media/{workspace}/assets/{gone['asset']}",
        f"/fonts/{gone['font']}", f"/link-keys/{gone['link key']}", f"/images/{gone['path']}", f"/hooks/{gone['hook']}",
        f"/destinations/{gone['destination']}", f"/templates/{gone['design']}", f"/workspaces/{gone['workspace']}",
    ):  # fmt: skip
        answer = client.delete(path)
        assert answer.is_success, (path, answer.text)


def kind_of(path: str, name: str) -> str:
    """What the parameter of a path is an id of."""
    before = path[: path.index(f"{{{name}}}")].strip("/").rpartition("/")[2]
    return "path" if name == "path" else KINDS[before]


def held(site: Site, workspace: str) -> dict[str, str]:
    """A digest of all rows of a workspace, by table."""
    assert site.address.installer is not None
    with psycopg.connect(site.address.installer, dbname="tirage") as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'tirage' AND column_name = 'workspace_id' ORDER BY 1"
        ).fetchall()
        digest = "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM tirage.{} t"
        return {
            str(name): str((connection.execute(
                sql.SQL(digest + " WHERE workspace_id = %s").format(sql.Identifier(name)), (workspace,)
            ).fetchone() or ("",))[0])
            for (name,) in tables
        }  # fmt: skip


def said(answer: httpx.Response, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body, without the id that was asked for and the request's own."""
    body = answer.json()
    body.pop("requestId")
    text = json.dumps(body)
    for each in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(each, "ID")
    return answer.status_code, text


@pytest.mark.check(148)
def test_foreign_ids_are_nobodys(site: Site, alice: httpx.Client) -> None:
    """404 with the same words for all three, by every method of every route; nothing of the other tenant changes."""
    own, foreign = things(site, site.alice, "Own"), things(site, site.bob, "Theirs")
    gone = things(site, site.alice, "Gone")
    remove(alice, gone, site.alice.workspace)
    nobody = {kind: NOBODY.get(kind, "0123456789") for kind in own}
    gone["link key"] = nobody["link key"]  # one that has ended stays in the list, and may be ended again
    own["workspace"] = site.alice.workspace
    foreign["workspace"] = site.bob.workspace
    before, tried, wrong = held(site, site.bob.workspace), 0, []
    for path, operations in alice.get("/openapi.json").json()["paths"].items():
        names = [each for each in re.findall(r"{(\w+)}", path) if each not in WORDS]
        for method in (each.upper() for each in operations if operations[each]["security"]):
            for name in names:
                answers = []
                for ids in (foreign, nobody, gone):
                    target = path
                    for each in names:
                        kind = kind_of(path, each)
                        target = target.replace(f"{{{each}}}", (ids if each == name else own)[kind])
                    target = target.format(**WORDS)
                    sent = BODIES.get(f"{method} {path}", {"json": {}} if method in ("POST", "PUT", "PATCH") else {})
                    answers.append(said(alice.request(method, target, **sent), ids))
                    tried += 1
                if {status for status, _ in answers} != {404} or len(set(answers)) > 1:
                    wrong.append((method, path, name, answers))
    assert not wrong, "\n".join(map(repr, wrong))
    assert tried >= 150
    assert held(site, site.bob.workspace) == before and len(before) > 10
