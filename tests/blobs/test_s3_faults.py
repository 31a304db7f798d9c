"""A store that is busy, drops connections, answers wrongly or refuses: nothing is lost, nothing is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.blobs.servers import Fault, Scripted

from tirage.blobs import StorageProblem
from tirage.blobs.cloud import RETRY, SENDINGS, CloudBlobs
from tirage.blobs.location import parse_location
from tirage.blobs.s3 import open_s3

DATA = b"a picture" * 5000


@pytest.fixture
def blobs(stub: Scripted, credentials: None) -> CloudBlobs:
    """A bucket of the misbehaving server, asked again after short pauses."""
    quick = {"init_backoff": timedelta(milliseconds=5), "max_backoff": timedelta(milliseconds=20), "base": 2}
    where = parse_location(f"s3://bucket/pre?region=us-east-1&endpoint={stub.base}")
    return open_s3(where, retry={**RETRY, "backoff": quick, "max_retries": 4})  # type: ignore[typeddict-item]


def put(blobs: CloudBlobs, key: str = "w1/a.png") -> str:
    """Store the data; its hash as the store tells it."""
    return asyncio.run(blobs.put(key, DATA, "image/png")).sha256


@pytest.mark.check(31)
@pytest.mark.parametrize(
    "faults",
    [
        ["busy"],
        ["busy", "busy", "busy"],
        ["reset"],
        ["reset", "busy", "reset"],
        ["wrong_bytes"],
        ["busy", "wrong_bytes"],
    ],
    ids="-".join,
)
def test_passing_faults_are_waited_out(blobs: CloudBlobs, stub: Scripted, faults: list[Fault]) -> None:
    """After 503s, connections cut in the middle and wrong contents, the object is there as it was sent."""
    stub.faults = [*faults]
    put(blobs)
    assert stub.objects == {"/bucket/pre/w1/a.png": DATA}
    assert stub.puts == len(faults) + 1


@pytest.mark.check(31)
def test_a_wrong_tag_is_looked_into(blobs: CloudBlobs, stub: Scripted) -> None:
    """A 200 whose tag is not the content's makes the object be read back: right bytes are not sent again."""
    stub.faults = ["wrong_tag"]
    put(blobs)
    assert (stub.puts, stub.gets) == (1, 1)
    assert [*stub.objects.values()] == [DATA]


@pytest.mark.check(31)
def test_wrong_contents_again_and_again_are_an_error(blobs: CloudBlobs, stub: Scripted) -> None:
    """What arrives changed each time ends as `storage_corrupt`, which may be tried again later."""
    stub.faults = ["wrong_bytes"] * SENDINGS
    with pytest.raises(StorageProblem) as caught:
        put(blobs)
    assert (caught.value.code, caught.value.retryable, stub.puts) == ("storage_corrupt", True, SENDINGS)


def test_tags_that_are_no_digests(blobs: CloudBlobs, stub: Scripted) -> None:
    """A bucket encrypted with keys of its own is read back a few times, then trusted."""
    stub.foreign_tags = True
    for number in range(6):
        put(blobs, f"w1/{number}.png")
    assert (stub.puts, stub.gets) == (6, SENDINGS)


@pytest.mark.check(31)
def test_a_refusal_waits_for_the_operator(blobs: CloudBlobs, stub: Scripted) -> None:
    """A 403 is `storage_denied`, retryable, seen in the readiness, and over when the store takes the key again."""
    stub.faults = ["denied"] * 2
    with pytest.raises(StorageProblem) as caught:
        put(blobs)
    assert (caught.value.code, caught.value.retryable, stub.puts) == ("storage_denied", True, 1)
    readiness = asyncio.run(blobs.probe())
    assert readiness.problem is not None and readiness.problem.code == "storage_denied"
    put(blobs)
    assert asyncio.run(blobs.probe()).ready
    assert [*stub.objects] == ["/bucket/pre/w1/a.png"]


@pytest.mark.check(31)
def test_a_store_that_stays_busy(blobs: CloudBlobs, stub: Scripted) -> None:
    """A store that never gets better is `storage_unavailable` after a bounded number of requests."""
    stub.faults = ["busy"] * 100
    with pytest.raises(StorageProblem) as caught:
        put(blobs)
    assert (caught.value.code, caught.value.retryable, stub.puts) == ("storage_unavailable", True, 5)
    assert stub.objects == {}


def test_a_store_that_is_not_there(credentials: None) -> None:
    """A refused connection is `storage_unavailable`, and the message names neither address nor credentials."""
    once = {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}
    blobs = open_s3(parse_location("s3://bucket?region=x&endpoint=http://127.0.0.1:9"), retry=once)  # type: ignore[arg-type]

    async def parts() -> AsyncIterator[bytes]:
        yield DATA

    for work in (blobs.put("w1/a.png", parts(), "image/png"), blobs.get("w1/a.png"), blobs.delete("w1/a.png")):
        with pytest.raises(StorageProblem) as caught:
            asyncio.run(work)
        assert caught.value.code == "storage_unavailable"
        assert "127.0.0.1" not in str(caught.value) and "tester" not in str(caught.value)
