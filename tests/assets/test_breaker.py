"""Check 62 in small: when requests are kept away from a host, and when one may try again."""

from __future__ import annotations

import asyncio

import pytest
from tests.harness.field import run

from tirage.assets.breaker import Breaker, Lanes
from tirage.assets.limits import Limits

LIMITS = Limits(breaker_failures=3, breaker_pause=10, per_host=2, in_all=3)
HOST = "https://e.test"


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At nought."""
    return Clock()


@pytest.fixture
def open_breaker(clock: Clock) -> Breaker:
    """A breaker whose host has just failed for the last time."""
    breaker = Breaker(LIMITS, clock)
    for _ in range(LIMITS.breaker_failures):
        assert breaker.admits(HOST)
        breaker.failed(HOST)
    return breaker


@pytest.mark.check(62)
def test_one_request_tries_after_the_pause(clock: Clock, open_breaker: Breaker) -> None:
    """Nothing goes out during the pause, one request after it, and everything once that succeeded."""
    assert not open_breaker.admits(HOST)
    assert open_breaker.admits("https://other.test")
    clock.now = 10
    assert [open_breaker.admits(HOST) for _ in range(3)] == [True, False, False]
    open_breaker.succeeded(HOST)
    assert [open_breaker.admits(HOST) for _ in range(3)] == [True, True, True]


@pytest.mark.check(62)
def test_a_failed_try_begins_the_pause_again(clock: Clock, open_breaker: Breaker) -> None:
    """The host that is still down gets one request per pause."""
    clock.now = 10
    assert open_breaker.admits(HOST)
    open_breaker.failed(HOST)
    clock.now = 19
    assert not open_breaker.admits(HOST)
    clock.now = 20
    assert open_breaker.admits(HOST)


def test_an_abandoned_try_leaves_the_place_to_another(clock: Clock, open_breaker: Breaker) -> None:
    """A try that was cancelled says nothing about the host."""
    clock.now = 10
    assert open_breaker.admits(HOST)
    open_breaker.abandoned(HOST)
    assert open_breaker.admits(HOST)


def test_only_failures_in_a_row_count(clock: Clock) -> None:
    """A success in between begins the count again."""
    breaker = Breaker(LIMITS, clock)
    for outcome in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        outcome(HOST)
    assert breaker.admits(HOST)


@pytest.mark.check(61)
def test_places_are_bounded_per_host_and_in_all() -> None:
    """Two at one host and three in all; a host that is full does not use up the places of all."""
    running: list[str] = []
    most: dict[str, int] = {}

    async def visit(lanes: Lanes, host: str) -> None:
        async with lanes.place(host):
            running.append(host)
            for name, now in ((host, running.count(host)), ("all", len(running))):
                most[name] = max(most.get(name, 0), now)
            await asyncio.sleep(0.001)
            running.remove(host)

    async def go() -> None:
        lanes = Lanes(LIMITS)
        await asyncio.gather(*(visit(lanes, host) for host in ["a"] * 9 + ["b"] * 9 + ["c"] * 9))
        assert lanes.hosts == 0

    run(go)
    assert most.pop("all") == 3
    assert set(most) == {"a", "b", "c"}
    assert max(most.values()) == 2
