"""Batches are set with the workspace's own fonts, and end where its month's pictures do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.api.resources.test_fonts import design, ink
from tests.db.fixtures import new_tenant
from tests.harness.site import CARD, Site, Tenant, add_design, add_key, running_site
from tests.harness.studio import decode
from tests.harness.typeface import bar_font
from tests.jobs.test_batches import wait, worker

from tirage.db.connect import Database
from tirage.store.keys import SCOPES


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


async def newcomer(site: Site) -> Tenant:
    """A tenant that no other test counts for, with designs of one letter and a card."""
    async with Database(site.address) as database:
        owner = await new_tenant(database, "Newcomer")
        tenant = Tenant(owner.account.id, owner.workspace.id, "", "")
        designs = {
            "letter": await add_design(database, tenant.workspace, design("Bars")),
            "card": await add_design(database, tenant.workspace, CARD),
        }
        return replace(tenant, key=await add_key(database, tenant, SCOPES), designs=designs)


def start(client: httpx.Client, design_id: str, rows: list[dict[str, Any]]) -> str:
    """A batch of these rows; its id."""
    answer = client.post("/batches", json={"templateId": design_id, "rows": rows})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_rows_are_set_with_uploaded_fonts(site: Site) -> None:
    """A worker, which is another process, draws a row with the font, and its record proves it."""
    tenant = asyncio.run(newcomer(site))
    with site.client(tenant.key) as client, worker(site):
        assert client.post("/fonts", files={"file": ("bars.ttf", bar_font(bar=400))}).status_code == 201
        uid = start(client, tenant.designs["letter"], [{"letter": "A"}, {"letter.fontWeight": 700}])
        assert wait(client, uid)["counts"]["done"] == 2
        row = client.get(f"/batches/{uid}/rows").json()["rows"][0]
        assert ink(decode(client.get(row["imageUrl"]).content)) == 40
        (image,) = [each for each in client.get("/images").json()["results"] if each["imageUrl"] == row["imageUrl"]]
        record = client.get(f"/images/{image['id']}").json()
        assert [each["name"] for each in record["recipe"]["rows"][0]["fonts"]] == ["Bars-Regular"]
        said = client.post(f"/images/{image['id']}/verify").json()
        assert (said["verified"], said["differs"]) == (True, [])
        client.post("/fonts", files={"file": ("bars.ttf", bar_font(bar=800))})
        again = start(client, tenant.designs["letter"], [{"letter": "A"}])
        wait(client, again)
        row = client.get(f"/batches/{again}/rows").json()["rows"][0]
        assert ink(decode(client.get(row["imageUrl"]).content)) == 80


def test_rows_beyond_the_quota_fail_and_can_be_tried_again(site: Site) -> None:
    """As many pictures as the month has left, the code for the others; with more room they are drawn."""
    tenant = asyncio.run(newcomer(site))
    rows = [{"title": f"Row {number}"} for number in range(5)]
    with site.client(tenant.key) as client:
        with worker(site, TIRAGE_MONTHLY_PICTURES="3"):
            uid = start(client, tenant.designs["card"], rows)
            batch = wait(client, uid)
            assert (batch["counts"]["done"], batch["counts"]["failed"]) == (3, 2)
            assert {each["error"]["code"] for each in batch["errors"]} == {"quota_exceeded"}
        with worker(site, TIRAGE_MONTHLY_PICTURES="5"):
            client.post(f"/batches/{uid}/retry")
            assert wait(client, uid)["counts"]["done"] == 5
        used = client.get(f"/workspaces/{tenant.workspace}/usage").json()
        assert used["pictures"] == 5 and used["quota"] is None
