"""One suite that every implementation of the port passes: a folder, and S3 over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from tests.blobs.servers import send

from tirage.blobs import Blobs, Span, StorageProblem

BIG = random.Random(7).randbytes(9_000_001)


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    """The data as a stream."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def keys(blobs: Blobs, prefix: str = "", after: str = "") -> list[str]:
    """What a list gives."""
    return [about.key async for about in blobs.list(prefix, after=after)]


async def read(blobs: Blobs, key: str, span: Span | None = None) -> bytes:
    """All bytes of an object or a part of it."""
    return await (await blobs.get(key, span)).read()


@pytest.mark.parametrize("data", [b"", b"\x00", b"picture" * 1000], ids=["empty", "one byte", "some"])
def test_what_is_put_is_got(blobs: Blobs, data: bytes) -> None:
    """Bytes come back as they were, with their size, hash, type and time."""

    async def story() -> None:
        stored = await blobs.put("w1/images/d12fb6f526/e26ca071c7.png", data, "image/png")
        assert (stored.size, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        blob = await blobs.get(stored.key)
        assert await blob.read() == data
        assert blob.about == await blobs.head(stored.key)
        assert (blob.about.size, blob.about.media_type, blob.about.disposition) == (len(data), "image/png", None)
        assert blob.about.etag == stored.etag != ""
        assert abs(datetime.now(UTC) - blob.about.modified) < timedelta(minutes=5)

    asyncio.run(story())


def test_attributes_are_kept(blobs: Blobs) -> None:
    """A type that the key's ending does not tell, and the disposition, are given back; a later put replaces them."""

    async def story() -> None:
        disposition = "attachment; filename=\"Ann.png\"; filename*=UTF-8''%C3%84nn.png"
        await blobs.put("w1/a.png", b"1", "image/apng", disposition=disposition)
        about = await blobs.head("w1/a.png")
        assert (about.media_type, about.disposition) == ("image/apng", disposition)
        await blobs.put("w1/a.png", b"22", "image/png")
        about = await blobs.head("w1/a.png")
        assert (about.size, about.media_type, about.disposition) == (2, "image/png", None)

    asyncio.run(story())


@pytest.mark.parametrize("size", [0, 100_000, len(BIG)])
def test_streams(blobs: Blobs, size: int) -> None:
    """A stream of any length is stored whole, and a long object is read in chunks."""

    async def story() -> None:
        stored = await blobs.put("w1/upload.csv", in_pieces(BIG[:size], 70_001), "text/csv")
        assert (stored.size, stored.sha256) == (size, hashlib.sha256(BIG[:size]).hexdigest())
        chunks = [chunk async for chunk in (await blobs.get("w1/upload.csv")).stream]
        assert b"".join(chunks) == BIG[:size]
        assert len(chunks) > 1 or size < len(BIG)

    asyncio.run(story())


def test_a_stream_that_breaks_stores_nothing(blobs: Blobs) -> None:
    """An upload whose client goes away leaves the object that was there before, or none."""

    async def broken(size: int) -> AsyncIterator[bytes]:
        async for chunk in in_pieces(BIG[:size], 1_000_000):
            yield chunk
        raise ConnectionResetError("the client has gone")

    async def story() -> None:
        await blobs.put("w1/old.bin", b"old", "application/octet-stream")
        for size in (10, len(BIG)):
            for key in ("w1/old.bin", "w1/new.bin"):
                with pytest.raises((ConnectionResetError, StorageProblem)):
                    await blobs.put(key, broken(size), "application/octet-stream")
        assert await keys(blobs) == ["w1/old.bin"]
        assert await read(blobs, "w1/old.bin") == b"old"

    asyncio.run(story())


def test_if_absent(blobs: Blobs) -> None:
    """The first of several writers wins, the others are told, and nothing of them is kept."""

    async def story() -> None:
        tries = await asyncio.gather(
            *(blobs.put("w1/a.bin", b"%d" % n, f"text/x{n}", if_absent=True) for n in range(6)),
            return_exceptions=True,
        )
        won = [each for each in tries if not isinstance(each, BaseException)]
        lost = [each for each in tries if isinstance(each, StorageProblem)]
        assert (len(won), len(lost)) == (1, 5)
        assert {each.code for each in lost} == {"storage_exists"}
        assert hashlib.sha256(await read(blobs, "w1/a.bin")).hexdigest() == won[0].sha256
        with pytest.raises(StorageProblem, match="was to be kept"):
            await blobs.put("w1/a.bin", in_pieces(BIG, 500_000), "text/plain", if_absent=True)
        assert (await blobs.head("w1/a.bin")).size == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(0), b"0123456789"),
        (Span(3), b"3456789"),
        (Span(3, 5), b"34"),
        (Span(9, 10), b"9"),
        (Span(8, 99), b"89"),
        (Span(10), b""),
        (Span(99, 120), b""),
        (Span(4, 4), b""),
        (Span(5, 2), b""),
    ],
)
def test_spans(blobs: Blobs, span: Span, expected: bytes) -> None:
    """A part is what slicing would give, and says where it begins and ends."""

    async def story() -> None:
        await blobs.put("w1/digits.txt", b"0123456789", "text/plain")
        blob = await blobs.get("w1/digits.txt", span)
        assert await blob.read() == expected
        assert blob.stop - blob.start == len(expected)
        assert blob.about.size == 10

    asyncio.run(story())


def test_nothing_there(blobs: Blobs) -> None:
    """Reading what is not there is `storage_not_found`; removing it is no error; an empty list is empty."""

    async def story() -> None:
        for ask in (blobs.get("w1/none.png"), blobs.head("w1/none.png")):
            with pytest.raises(StorageProblem) as caught:
                await ask
            assert caught.value.code == "storage_not_found"
            assert not caught.value.retryable
        await blobs.delete("w1/none.png")
        assert await blobs.delete_prefix("w1/") == 0
        assert await keys(blobs) == await keys(blobs, "w1/") == []

    asyncio.run(story())


def test_removal(blobs: Blobs) -> None:
    """One object goes, or all below a prefix, and neighbours with similar names stay."""

    async def story() -> None:
        names = ["w1/a.png", "w1/b/c.png", "w1/b/d.png", "w10/a.png", "w2/a.png"]
        for name in names:
            await blobs.put(name, b"1", "image/x")
        await blobs.delete("w1/a.png")
        assert await keys(blobs) == names[1:]
        assert await blobs.delete_prefix("w1/") == 2
        assert await keys(blobs) == names[3:]
        await blobs.put("w1/b/c.png", b"again", "image/png")
        assert (await blobs.head("w1/b/c.png")).media_type == "image/png"

    asyncio.run(story())


def test_lists_are_ordered_and_go_on(blobs: Blobs) -> None:
    """Keys come in the order of their code points, whole keys compared, and a list goes on after any key."""
    names = sorted(["a-b.png", "a.png", "a/b.png", "a/b-c/d.png", "a/b/c.png", "a0.png", "a_b/c.png", "b/x.png"])
    names.remove("a/b.png")

    async def story() -> None:
        for number, name in enumerate(names):
            await blobs.put(name, b"x" * number, "image/png")
        assert await keys(blobs) == names
        assert [about.size async for about in blobs.list()] == [*range(len(names))]
        for place, name in enumerate(names):
            assert await keys(blobs, after=name) == names[place + 1 :]
        assert await keys(blobs, "a/") == [name for name in names if name.startswith("a/")]
        assert await keys(blobs, "a/b/") == ["a/b/c.png"]
        assert all(first < second for first, second in pairwise(names))

    asyncio.run(story())


@pytest.mark.check(151)
@pytest.mark.parametrize(
    "key",
    [
        "", "/", "..", "../x", "a/../b", "a/..", "./a", "a/./b", "/etc/passwd", "a//b", "a/", "A/b", "a\\b", "a\x00b",
        "a%2fb", "%2e%2e/x", "a/%2e%2e/b", "a b", "a\nb", "ä", "a/.hidden", "~root", "a:b", "x" * 401,
        "/".join("a" * 11), "con\u202egnp.exe", "a/b?c=d", "a#b",
    ],
)  # fmt: skip
def test_names_that_cannot_be(blobs: Blobs, key: str) -> None:
    """A key that was not generated is refused when written and not found when read."""

    async def story() -> None:
        with pytest.raises(StorageProblem) as caught:
            await blobs.put(key, b"1", "image/png")
        assert caught.value.code == "storage_key_invalid"
        for ask in (blobs.get(key), blobs.head(key)):
            with pytest.raises(StorageProblem) as caught:
                await ask
            assert caught.value.code == "storage_not_found"
        await blobs.delete(key)
        if key:
            with pytest.raises(StorageProblem) as caught:
                await blobs.delete_prefix(key + ("" if key.endswith("/") and key != "a/" else "//"))
            assert caught.value.code == "storage_key_invalid"

    asyncio.run(story())


def test_prefixes_end_with_a_slash(blobs: Blobs) -> None:
    """A prefix without a slash is refused: it would reach objects of others whose names begin alike."""

    async def story() -> None:
        for prefix in ("w1", "w1/a", "../", "/"):
            with pytest.raises(StorageProblem) as caught:
                await blobs.delete_prefix(prefix)
            assert caught.value.code == "storage_key_invalid"

    asyncio.run(story())


def test_presigned_addresses(blobs: Blobs) -> None:
    """An address reads the object without credentials, with its type and disposition; a folder has none."""

    async def story() -> str | None:
        await blobs.put("w1/a.png", b"picture", "image/png", disposition="attachment")
        return await blobs.presign("w1/a.png", timedelta(minutes=5))

    address = asyncio.run(story())
    if blobs.name == "local":
        assert address is None
        return
    assert address is not None and "X-Amz-Expires=300" in address
    base, _, path = address.removeprefix("http://").partition("/")
    status, headers, body = send(base, "GET", f"/{path}")
    assert (status, body) == (200, b"picture")
    assert (headers["content-type"], headers["content-disposition"]) == ("image/png", "attachment")


def test_many_at_once(blobs: Blobs) -> None:
    """Objects written and removed side by side in the same folders do not disturb each other."""

    async def one(number: int) -> None:
        key = f"w1/p{number % 3}/x{number}.png"
        for _ in range(3):
            await blobs.put(key, b"%d" % number, "image/png")
            assert await read(blobs, key) == b"%d" % number
            await blobs.delete(key)

    async def story() -> None:
        await asyncio.gather(*(one(number) for number in range(12)))
        assert await keys(blobs) == []

    asyncio.run(story())


def test_readiness(blobs: Blobs) -> None:
    """A store that works says so and keeps nothing of the probe."""

    async def story() -> None:
        readiness = await blobs.probe()
        assert readiness.ready and readiness.problem is None and readiness.backend == blobs.name
        assert (readiness.free_bytes is not None) == (blobs.name == "local")
        await blobs.admit(1)
        assert await keys(blobs) == []
        await blobs.close()

    asyncio.run(story())
