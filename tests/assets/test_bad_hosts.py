"""Checks 50–64: what the client makes of source hosts that are slow, lying, broken or down."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import pytest
from tests.harness.behaviours import sick_then_well
from tests.harness.evil import Request, Step, png
from tests.harness.field import PATIENT, SHORT, Field, outcome_of, run

from tirage.assets.fetch import Fetcher
from tirage.assets.fetched import Fetched
from tirage.assets.guard import Policy
from tirage.engine.errors import ResourceProblem

CASES = [
    pytest.param("/silent", "source_timeout", marks=pytest.mark.check(50)),
    pytest.param("/drip?what=head", "source_timeout", marks=pytest.mark.check(51)),
    pytest.param("/drip?what=body", "source_too_slow", marks=pytest.mark.check(51)),
    pytest.param("/endless?as=stream", "source_too_large", marks=pytest.mark.check(52)),
    pytest.param("/endless?as=chunks", "source_too_large", marks=pytest.mark.check(52)),
    pytest.param("/html", "source_not_image", marks=pytest.mark.check(53)),
    pytest.param("/empty", "source_not_image", marks=pytest.mark.check(53)),
    pytest.param("/json", "source_not_image", marks=pytest.mark.check(53)),
    pytest.param("/204", "source_not_image", marks=pytest.mark.check(53)),
    pytest.param("/length/huge", "source_too_large", marks=pytest.mark.check(54)),
    pytest.param("/length/more", "source_truncated", marks=pytest.mark.check(54)),
    pytest.param("/length/less", "source_protocol", marks=pytest.mark.check(54)),
    pytest.param("/length/two", "source_protocol", marks=pytest.mark.check(54)),
    pytest.param("/length/negative", "source_protocol", marks=pytest.mark.check(54)),
    pytest.param("/coded/br", "source_protocol", marks=pytest.mark.check(55)),
    pytest.param("/coded/zstd", "source_protocol", marks=pytest.mark.check(55)),
    pytest.param("/coded/thrice", "source_protocol", marks=pytest.mark.check(55)),
    pytest.param("/coded/broken", "source_protocol", marks=pytest.mark.check(55)),
    pytest.param("/coded/cut", "source_truncated", marks=pytest.mark.check(55)),
    pytest.param("/head/long-line", "source_protocol", marks=pytest.mark.check(56)),
    pytest.param("/head/many-lines", "source_protocol", marks=pytest.mark.check(56)),
    pytest.param("/head/nul", "source_protocol", marks=pytest.mark.check(56)),
    pytest.param("/head/bad-status", "source_protocol", marks=pytest.mark.check(56)),
    pytest.param("/head/http09", "source_protocol", marks=pytest.mark.check(56)),
    pytest.param("/cut/jpeg", "source_truncated", marks=pytest.mark.check(57)),
    pytest.param("/cut/reset", "source_truncated", marks=pytest.mark.check(57)),
    pytest.param("/close", "source_unreachable"),
    pytest.param("/206", "source_protocol", marks=pytest.mark.check(60)),
    pytest.param("/304", "source_protocol", marks=pytest.mark.check(60)),
]


@pytest.mark.parametrize(("target", "code"), CASES)
def test_a_misbehaving_host_has_its_own_code(field: Field, target: str, code: str) -> None:
    """Each misbehaviour ends in its stable code."""
    assert field.code(field.evil.url(target)) == code


@pytest.mark.parametrize("target", ["/png", "/coded/gzip", "/coded/raw-deflate", "/head/early-hints"])
def test_a_well_meant_answer_is_read(field: Field, target: str) -> None:
    """Plain answers are read, and so are compressed ones and those after early hints."""
    found = field.outcome(field.evil.url(target))
    assert isinstance(found, Fetched)
    assert (found.data, found.media_type, found.final_url) == (png(), "image/png", field.evil.url(target))


@pytest.mark.check(56)
def test_noise_is_never_another_error(field: Field) -> None:
    """Responses put together from fragments at random end in a known code or in the picture, whatever they say."""
    fragments = [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 304 X\r\n",
        b"HTTP/1.1 302 X\r\n",
        b"HTTP/1.1 100 X\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: x\r\n",
        b"HTTP/2 200\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Location: \xff\xfe\r\n",
        b"Location: /noise\r\n",
        b" folded\r\n",
        b"Set-Cookie: \xe9\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"zz\r\n",
        b"\0",
        png(),
        bytes(300),
    ]
    random = Random(20)

    async def noise(_: Request) -> AsyncIterator[Step]:
        start = [fragments[0]] if random.random() < 0.7 else []
        yield b"".join(start + random.choices(fragments, k=random.randint(0, 8)))

    field.evil.behaviours["/noise"] = noise

    async def go() -> dict[str, Fetched | ResourceProblem]:
        async with field.fetcher(limits=replace(SHORT, tries=1, breaker_failures=10**6)) as fetcher:
            return await fetcher.fetch_many([field.evil.url(f"/noise?n={n}") for n in range(300)])

    found = run(go).values()
    problems = [one for one in found if isinstance(one, ResourceProblem)]
    assert {one.code.partition("_")[0] for one in problems} == {"source"}
    assert len({one.code for one in problems}) > 3


@pytest.mark.check(55)
@pytest.mark.parametrize("kind", ["gzip", "deflate", "gzip,%20gzip"])
def test_a_bomb_is_cut_while_it_inflates(field: Field, kind: str) -> None:
    """A body that inflates to 64 MB is refused without ever holding much more than the limit."""
    url = field.evil.url(f"/bomb?as={kind}")
    field.code(url)  # EVIL builds the bomb
    tracemalloc.start()
    try:
        assert field.code(url) == "source_too_large"
        assert tracemalloc.get_traced_memory()[1] < 3 * SHORT.max_bytes
    finally:
        tracemalloc.stop()
    assert field.evil.requests[-1].headers["accept-encoding"] == "identity"


@pytest.mark.check(57)
def test_nothing_is_kept_of_a_broken_transfer(field: Field) -> None:
    """A connection reset half-way is tried again, and the next fetch asks the host anew."""

    async def go() -> list[Fetched | str]:
        async with field.fetcher() as fetcher:
            return [await outcome_of(fetcher, field.evil.url("/cut/reset")) for _ in range(2)]

    assert run(go) == ["source_truncated"] * 2
    assert field.evil.count("/cut/reset") == 2 * SHORT.tries


@pytest.mark.check(58)
@pytest.mark.parametrize("code", [500, 502, 503, 429])
def test_a_sick_host_is_tried_three_times(field: Field, code: int) -> None:
    """Passing errors end after three tries with the status in the message, and may be retried."""

    async def go() -> None:
        async with field.fetcher() as fetcher:
            await fetcher.fetch(field.evil.url(f"/status?code={code}"))

    with pytest.raises(ResourceProblem, match=str(code)) as caught:
        run(go)
    assert caught.value.code == "source_http_error"
    assert caught.value.retryable
    assert field.evil.count("/status") == 3


@pytest.mark.check(58)
def test_a_long_retry_after_ends_the_tries(field: Field) -> None:
    """A host that asks for more patience than we have is not asked again."""
    assert field.code(field.evil.url("/status?code=503&after=3600")) == "source_http_error"
    assert field.evil.count("/status") == 1


@pytest.mark.check(58)
def test_a_host_that_recovers_is_used_at_once(field: Field) -> None:
    """Recovery is seen within the tries, and by the fetch right after three failures."""
    field.evil.behaviours["/soon"] = sick_then_well(2, Retry_After="0")
    field.evil.behaviours["/later"] = sick_then_well(3)

    async def go() -> list[Fetched | str]:
        async with field.fetcher() as fetcher:
            targets = ("/soon", "/later", "/later")
            return [await outcome_of(fetcher, field.evil.url(target)) for target in targets]

    soon, failed, later = run(go)
    assert isinstance(soon, Fetched)
    assert failed == "source_http_error"
    assert isinstance(later, Fetched)


@pytest.mark.check(59)
@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 418])
def test_a_final_error_is_not_tried_again(field: Field, code: int) -> None:
    """Client errors end at once, and asking again within seconds does not bother the host."""

    async def go() -> list[Fetched | str]:
        async with field.fetcher() as fetcher:
            url = field.evil.url(f"/status?code={code}")
            return [await outcome_of(fetcher, url) for _ in range(3)]

    assert run(go) == ["source_http_error"] * 3
    assert field.evil.count("/status") == 1


@pytest.mark.check(60)
def test_cookies_never_go_back(field: Field) -> None:
    """A host that sets a cookie does not see it on the next request of the same connection."""

    async def go() -> None:
        async with field.fetcher() as fetcher:
            for _ in range(2):
                await fetcher.fetch(field.evil.url("/cookie"))

    run(go)
    assert [request.connection for request in field.evil.requests] == [1, 1]
    assert all("cookie" not in request.headers for request in field.evil.requests)


@pytest.mark.check(61)
def test_a_slow_host_holds_only_its_own_places(field: Field) -> None:
    """Sources of a fast host arrive while the places of a slow one are all taken."""
    field.dns.names = {"slow.test": ["127.0.0.2"], "fast.test": ["127.0.0.2"]}
    slow = [field.evil.url(f"/wait?seconds=30&n={n}", "slow.test") for n in range(40)]
    fast = [field.evil.url(f"/png?n={n}", "fast.test") for n in range(40)]

    async def go() -> tuple[int, int]:
        async with field.fetcher(limits=PATIENT) as fetcher:
            waiting = [asyncio.create_task(fetcher.fetch(url)) for url in slow]
            arrived = await fetcher.fetch_many(fast)
            done = sum(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
            return sum(isinstance(found, Fetched) for found in arrived.values()), done

    assert run(go) == (len(fast), 0)


@pytest.mark.check(62)
def test_a_host_that_is_down_is_left_alone(field: Field) -> None:
    """A thousand rows of a host that hangs up cost few connections, and its return is noticed."""
    pause = 1.0
    field.evil.behaviours["/png"], healthy = field.evil.behaviours["/close"], field.evil.behaviours["/png"]

    async def go() -> tuple[set[str], int, Fetched | str]:
        async with field.fetcher(limits=replace(SHORT, breaker_pause=pause)) as fetcher:
            found = await fetcher.fetch_many([field.evil.url(f"/png?n={n}") for n in range(1_000)])
            codes = {one.code if isinstance(one, ResourceProblem) else "fetched" for one in found.values()}
            tries = field.evil.connections
            field.evil.behaviours["/png"] = healthy
            await asyncio.sleep(pause)
            return codes, tries, await outcome_of(fetcher, field.evil.url("/png"))

    codes, tries, afterwards = run(go)
    assert codes == {"source_unreachable"}
    assert tries <= 60
    assert isinstance(afterwards, Fetched)


def test_a_closed_port_is_unreachable(field: Field) -> None:
    """Nobody listens: the same code as for a host that hangs up."""
    with socket.create_server(("127.0.0.2", 0)) as server:
        place = f"127.0.0.2:{server.getsockname()[1]}"
    assert field.code(f"http://{place}/", Policy.of([place])) == "source_unreachable"


@pytest.mark.check(2)
def test_equal_urls_at_once_are_fetched_once(field: Field) -> None:
    """Concurrent callers of one URL share one request, and one that gives up takes nothing from the others."""
    url = field.evil.url("/wait?seconds=0.1")

    async def go() -> list[Fetched]:
        async with field.fetcher() as fetcher:
            tasks = [asyncio.create_task(fetcher.fetch(url)) for _ in range(20)]
            await asyncio.sleep(0.02)
            tasks[0].cancel()
            return await asyncio.gather(*tasks[1:])

    assert {found.data for found in run(go)} == {png()}
    assert field.evil.count("/wait") == 1


def test_fetch_many_keeps_its_deadline(field: Field) -> None:
    """What has arrived is returned, the rest has timed out."""
    quick, late = field.evil.url("/png"), field.evil.url("/wait?seconds=30")

    async def go() -> dict[str, Fetched | ResourceProblem]:
        async with field.fetcher(limits=PATIENT) as fetcher:
            return await fetcher.fetch_many([quick, late, quick], deadline=1.0)

    found = run(go)
    assert isinstance(found[quick], Fetched)
    problem = found[late]
    assert isinstance(problem, ResourceProblem)
    assert (problem.code, problem.retryable) == ("source_timeout", True)


def test_the_places_at_one_host_are_bounded(field: Field) -> None:
    """Never more connections at once than the limit per host."""

    async def go() -> None:
        async with Fetcher(field.policy, limits=replace(SHORT, per_host=3)) as fetcher:
            await fetcher.fetch_many([field.evil.url(f"/wait?seconds=0.02&n={n}") for n in range(12)])

    run(go)
    assert len(field.evil.requests) == 12
    assert field.evil.connections <= 3
