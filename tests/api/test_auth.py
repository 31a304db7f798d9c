"""Keys: where they are read, what they may do, and what is said without a valid one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from tests.harness.site import Site, add_key

from tirage.clock import OffsetClock
from tirage.db.connect import Database
from tirage.ids import hash_key, new_key
from tirage.store import keys

UNAUTHORIZED = "Valid API key is required. Add request header like Authorization: Bearer API_KEY"


def key_with(site: Site, scopes: tuple[keys.Scope, ...], **more: object) -> str:
    """One more key of Alice."""

    async def make() -> str:
        async with Database(site.address) as database:
            return await add_key(database, site.alice, scopes, **more)

    return asyncio.run(make())


@pytest.mark.check(141)
def test_no_valid_key(stranger: httpx.Client, site: Site) -> None:
    """Missing, malformed, of a wrong checksum, unknown, expired, in the query: 401, always the same words."""
    target = f"/designs/{site.alice.designs['card']}"
    expired = key_with(site, ("render",), expires_at=OffsetClock().now() - timedelta(seconds=1))
    broken = site.alice.key[:-1] + ("A" if site.alice.key[-1] != "A" else "B")
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Basic {site.alice.key}"},
        {"authorization": f"Bearer {broken}"},
        {"authorization": f"Bearer {new_key().text}"},
        {"authorization": f"Bearer {expired}"},
        {"x-api-key": broken},
    ):
        answer = stranger.post(target, json={}, headers=headers)
        said = answer.json()
        assert (answer.status_code, said["code"], said["message"]) == (401, "unauthorized", UNAUTHORIZED)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert site.alice.key[:20] not in answer.text
    assert stranger.post(target, params={"api_key": site.alice.key}, json={}).status_code == 401


def test_both_headers(stranger: httpx.Client, site: Site) -> None:
    """`Authorization: Bearer` and `X-API-Key`."""
    target = f"/designs/{site.alice.designs['card']}"
    for headers in ({"authorization": f"bearer {site.alice.key}"}, {"x-api-key": site.alice.key}):
        assert stranger.post(target, json={}, headers=headers).status_code == 200


@pytest.mark.check(145)
def test_scopes_and_designs_bound(site: Site) -> None:
    """A key without the scope, and one for another design, are 403 and say why."""
    with site.client(site.alice.read_key) as reader:
        for answer in (
            reader.post(f"/designs/{site.alice.designs['card']}", json={}),
            reader.delete("/images/0000000000/0000000000.png"),
            reader.post("/link-keys"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    bound = key_with(site, ("render",), templates=(site.alice.designs["card"],))
    with site.client(bound) as client:
        assert client.post(f"/designs/{site.alice.designs['card']}", json={}).status_code == 200
        refused = client.post(f"/designs/{site.alice.designs['pages']}", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


@pytest.mark.check(142)
def test_a_revoked_key_ends_within_seconds(site: Site) -> None:
    """The memory of a key is shorter than what is promised."""
    from tirage.api.auth import REMEMBERED_SECONDS

    text = key_with(site, ("render",))

    async def revoke() -> None:
        async with Database(site.address) as database:
            async with database.system() as system:
                key = await keys.find(system, hash_key(text))
            assert key is not None
            async with database.account(site.alice.account) as owner:
                await keys.revoke(owner, key.id, OffsetClock().now())

    with site.client(text) as client:
        target = f"/designs/{site.alice.designs['card']}"
        assert client.post(target, json={}).status_code == 200
        asyncio.run(revoke())
        asyncio.run(asyncio.sleep(REMEMBERED_SECONDS + 0.1))
        assert client.post(target, json={}).status_code == 401
    assert REMEMBERED_SECONDS < 5
