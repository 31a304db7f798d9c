"""Rate limits and quotas: exactly as many as allowed, headers that tell, and nobody else's bucket."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from tests.api.resources.test_fonts import design, new_design
from tests.harness.client import Person, Running

from tirage.api.errors import Refused
from tirage.api.limits import MOST_BUCKETS, Buckets, Limits, address_of
from tirage.ids import new_key
from tirage.settings import Settings
from tirage.store import usage

pytestmark = pytest.mark.anyio


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def request(host: str = "192.0.2.1") -> Request:
    """A request from an address."""
    return Request({"type": "http", "method": "GET", "headers": [], "path": "/", "client": (host, 1)})


def limit(running: Running, hand: Hand, **settings: int) -> Limits:
    """The running application with these limits and no others."""
    none = {"rate_key": 0, "rate_workspace": 0, "rate_links": 0, "rate_failures": 0}
    limits = Limits.of(Settings(**{**none, **settings}), now=hand)  # type: ignore[arg-type]
    running.app._app.state.limits = limits
    return limits


def quota(running: Running, pictures: int) -> None:
    """A monthly quota for the running application; its service is frozen, and this is a test."""
    object.__setattr__(running.service, "settings", replace(running.service.settings, monthly_pictures=pictures))


@given(
    st.integers(1, 600),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), max_size=30),
)
def test_a_bucket_gives_no_more_than_its_rate(limit: int, asks: list[tuple[float, int]]) -> None:
    """Over any time: a full bucket and what flowed in since; a full minute fills it again, and no more than that."""
    hand = Hand()
    buckets = Buckets("key", limit, now=hand)
    begin, given_ = hand.at, 0
    for wait, wanted in asks:
        hand.at += wait
        for _ in range(wanted):
            if buckets.standing("a").left >= 1:
                buckets.take("a", 1.0)
                given_ += 1
        assert given_ <= limit + (hand.at - begin) * limit / 60 + 1e-3
        assert buckets.standing("b").left == limit
    hand.at += 60
    assert buckets.standing("a").left == limit and buckets.standing("a").next_in == 0


def test_what_is_kept_is_bounded() -> None:
    """A million addresses take no more memory than the most buckets."""
    buckets = Buckets("failures", 5)
    for number in range(MOST_BUCKETS + 100):
        buckets.take(str(number), 1.0)
    assert len(buckets._held) == MOST_BUCKETS and buckets.standing("0").left == 5


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_whose_bucket_an_address_has(host: str, name: str) -> None:
    """Of IPv6 the network of 64 bits: a caller has as many addresses of it as there are."""
    assert address_of(request(host)) == name


def test_both_buckets_or_none() -> None:
    """A request that one bucket refuses takes nothing from the other; Retry-After lets the next one pass."""
    hand = Hand()
    limits = Limits.of(Settings(rate_key=60, rate_workspace=2), now=hand)
    for _ in range(2):
        limits.admit_render(request(), "k", "w")
    with pytest.raises(Refused) as refused:
        limits.admit_render(request(), "k", "w")
    assert refused.value.code == "rate_limited" and "2 requests a minute of this workspace" in str(refused.value)
    assert limits.keys.standing("k").left == 58
    hand.at += int(refused.value.headers["retry-after"])
    limits.admit_render(request(), "k", "w")


def test_counting_costs_next_to_nothing() -> None:
    """A request is counted in less than a tenth of the time that hashing a megabyte takes."""
    import hashlib

    limits = Limits.of(Settings())
    asked = request()
    block = bytes(1_000_000)

    def cost(work: Any, times: int) -> float:
        begin = time.process_time()
        for _ in range(times):
            work()
        return (time.process_time() - begin) / times

    ratios = [
        cost(lambda: limits.admit_render(asked, "key", "workspace"), 300) / cost(lambda: hashlib.sha256(block), 10)
        for _ in range(5)
    ]
    assert statistics.median(ratios) < 0.1


@pytest.mark.check(146)
async def test_exactly_the_limit_passes(alice: Person, bob: Person, running: Running) -> None:
    """A burst of limit + 20 at once: the limit passes, the rest is told when; a minute later all is as before."""
    hand = Hand()
    limit(running, hand, rate_key=10)
    uid = await new_design(alice, design("Inter"))
    answers = await asyncio.gather(*(alice.client.post(f"/designs/{uid}/report", json={}) for _ in range(30)))
    assert sorted(each.status_code for each in answers) == [200] * 10 + [429] * 20
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited" and refused.headers["retry-after"] == "6"
    assert refused.headers["ratelimit-policy"] == '"key";q=10;w=60'
    assert re.fullmatch(r'"key";r=0;t=(59|60)', refused.headers["ratelimit"])
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("10", "0")
    theirs = await new_design(bob, design("Inter"))
    other = await bob.client.post(f"/designs/{theirs}/report", json={})
    assert other.status_code == 200 and other.headers["ratelimit"] == '"key";r=9;t=6'
    assert (await alice.client.get("/templates")).status_code == 200  # what draws nothing is not counted
    hand.at += 60
    again = await alice.client.post(f"/designs/{uid}/report", json={})
    assert again.status_code == 200 and again.headers["x-ratelimit-remaining"] == "9"


async def test_without_limits_nothing_is_told(alice: Person, running: Running) -> None:
    """0 is without a limit, and without headers."""
    limit(running, Hand())
    answer = await alice.client.post(f"/designs/{await new_design(alice, design('Inter'))}/report", json={})
    assert answer.status_code == 200 and not [name for name in answer.headers if "ratelimit" in name]


async def test_several_keys_share_their_workspace(alice: Person, running: Running) -> None:
    """The workspace's bucket counts all of its keys."""
    limit(running, Hand(), rate_key=100, rate_workspace=3)
    uid = await new_design(alice, design("Inter"))
    second = await running.person("Second", tenant=alice.tenant)
    found = [
        (await person.client.post(f"/designs/{uid}/report", json={})).status_code
        for person in (alice, second, alice, second)
    ]
    assert found == [200, 200, 200, 429]


@pytest.mark.check(146)
async def test_guessing_keys_ends(alice: Person, running: Running) -> None:
    """Wrong keys become 429 for their address; a key that works goes on working beside them."""
    hand = Hand()
    limit(running, hand, rate_failures=3)
    assert (await alice.client.get("/templates")).status_code == 200
    wrong = [running.client({"Authorization": f"Bearer {new_key().text}"}) for _ in range(6)]
    found = [(await client.get("/templates")).status_code for client in wrong]
    assert found == [401, 401, 401, 429, 429, 429]
    refused = await wrong[0].get("/templates")
    assert refused.json()["code"] == "rate_limited" and int(refused.headers["retry-after"]) > 0
    assert (await alice.client.get("/templates")).status_code == 200
    assert (await running.client().get("/templates")).status_code == 401  # no key is no guess
    hand.at += 60
    assert (await wrong[0].get("/templates")).status_code == 401


@pytest.mark.check(160)
async def test_links_are_bounded(alice: Person, running: Running) -> None:
    """Wrong signatures become 429; distinct valid links are drawn up to the limit; what is in memory costs nothing."""
    limit(running, Hand(), rate_links=3, rate_failures=2)
    uid = await new_design(alice, design("Inter"))
    urls = []
    for text in "ABCDE":
        body = {"params": [{"name": "letter", "text": text}]}
        urls.append((await alice.client.post(f"/designs/{uid}/link", json=body)).json()["url"])
    client = running.client()
    found = [(await client.get(url)).status_code for url in urls]
    assert found == [200, 200, 200, 429, 429]
    assert [(await client.get(url)).status_code for url in urls[:3] * 3] == [200] * 9
    forged = [(await client.get(f"/links/{uid}.png?sig=0{number}")).status_code for number in range(4)]
    assert forged[2:] == [429, 429] and 429 not in forged[:2]
    assert (await client.get(urls[0])).status_code == 200
    assert len((await alice.client.get("/images")).json()["results"]) == 3


async def test_a_month_has_so_many_pictures(alice: Person, bob: Person, running: Running) -> None:
    """The quota is the workspace's; deleting gives nothing back; the next month begins anew."""
    uid, theirs = await new_design(alice, design("Inter")), await new_design(bob, design("Inter"))
    first = (await alice.client.post(f"/designs/{uid}", json={})).json()
    path = f"/workspaces/{alice.workspace}/usage"
    assert (await alice.client.get(path)).json() == {
        "month": "2026-11",
        "pictures": 1,
        "quota": None,
        "remaining": None,
        "resetsAt": "2026-12-01T00:00:00.000Z",
    }
    quota(running, 3)  # one was made before it held
    assert (await alice.client.post(f"/designs/{uid}", json={"sizes": [{"width": 100}]})).status_code == 200
    await alice.client.delete(f"/images/{first['id']}")
    assert (await alice.client.post(f"/designs/{uid}", json={"format": "pdf"})).status_code == 200
    refused = await alice.client.post(f"/designs/{uid}", json={})
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    begin = datetime(2026, 12, 1, tzinfo=UTC)
    assert int(refused.headers["retry-after"]) == int((begin - running.clock.now()).total_seconds()) + 1
    assert "2026-12-01" in refused.json()["message"]
    told = (await alice.client.get(path)).json()
    assert (told["pictures"], told["quota"], told["remaining"]) == (3, 3, 0)
    assert (await alice.client.post("/batch", json={"pages": [{"templateId": uid}]})).status_code == 429
    for kind, status in (("pdf", 200), ("png", 429)):  # this very document was made before, the picture is deleted
        link = (await alice.client.post(f"/designs/{uid}/link", json={"format": kind})).json()["url"]
        assert (await running.client().get(link)).status_code == status
    assert (await alice.client.post(f"/designs/{uid}/report", json={})).status_code == 200
    assert (await bob.client.post(f"/designs/{theirs}", json={})).status_code == 200
    assert (await bob.client.get(path)).json()["code"] == "workspace_not_found"
    running.clock.advance(timedelta(days=10))
    assert (await alice.client.post(f"/designs/{uid}", json={})).status_code == 200


async def test_the_last_picture_is_made_once(alice: Person, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests at once that all saw room: as many are kept as there was room for."""
    quota(running, 2)
    uid = await new_design(alice, design("Inter"))
    answers = await asyncio.gather(*(alice.client.post(f"/designs/{uid}", json={}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200, 200, 429, 429, 429, 429]
    assert len((await alice.client.get("/images")).json()["results"]) == 2
    async with running.service.database.workspace(alice.workspace) as tx:
        assert await usage.used(tx, running.clock.now()) == 2
