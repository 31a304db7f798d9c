"""Check 63 and the cache's own promises: what is kept, for whom, for how long, and that it is whole."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.harness.behaviours import changing
from tests.harness.evil import png
from tests.harness.field import Field, run

from tirage.assets.cache import Cache
from tirage.assets.fetched import Fetched
from tirage.assets.freshness import LONGEST, UNSTATED, Freshness, freshness, retry_after

NOW = 1_790_000_000.0
FOR_AN_HOUR = Freshness(store=True, seconds=3_600, etag="", last_modified="")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = NOW

    def __call__(self) -> float:
        """The time."""
        return self.now


def picture(number: int = 0, size: int = 0) -> Fetched:
    """Some bytes; the cache does not look at them."""
    return Fetched.of(f"picture {number}".encode() + bytes(size), "image/png", f"https://e.test/{number}")


def _fetch_each(field: Field, cache: Cache, *asked: tuple[str, str]) -> list[Fetched]:
    async def go() -> list[Fetched]:
        async with field.fetcher(cache=cache) as fetcher:
            return [await fetcher.fetch(field.evil.url(target), scope=scope) for target, scope in asked]

    return run(go)


@pytest.mark.check(63)
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_copy_serves_its_scope_only(field: Field, tmp_path: Path, on_disk: bool) -> None:
    """One workspace's copy is used again for it, and never for another."""
    cache = Cache(tmp_path if on_disk else None)
    mine, again, theirs = _fetch_each(field, cache, ("/max-age", "a"), ("/max-age", "a"), ("/max-age", "b"))
    assert mine.data == again.data
    assert theirs.data != mine.data
    assert field.evil.count("/max-age") == 2


@pytest.mark.check(63)
def test_no_store_is_honoured(field: Field, tmp_path: Path) -> None:
    """A source that may not be stored is asked for each time and leaves no file."""
    first, second = _fetch_each(field, Cache(tmp_path), ("/no-store", ""), ("/no-store", ""))
    assert first.data != second.data
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.check(63)
def test_a_tagged_copy_is_confirmed(field: Field, tmp_path: Path) -> None:
    """A stale copy is asked about with its tag, and served when the host says it still holds."""
    _fetch_each(field, Cache(tmp_path), ("/tagged", ""))
    (found,) = _fetch_each(field, Cache(tmp_path), ("/tagged", ""))
    assert found.data == png()
    assert [request.headers.get("if-none-match") for request in field.evil.requests] == [None, '"v1"']


@pytest.mark.check(63)
def test_a_stale_copy_is_fetched_anew(field: Field) -> None:
    """After its time a copy without a tag is replaced."""
    clock = Clock()
    cache = Cache(clock=clock)
    field.evil.behaviours["/hour"] = changing(Cache_Control="max-age=3600")
    one = _fetch_each(field, cache, ("/hour", ""))
    clock.now += 3_599
    two = _fetch_each(field, cache, ("/hour", ""))
    clock.now += 2
    three = _fetch_each(field, cache, ("/hour", ""))
    assert one == two
    assert two != three


def test_a_redirect_is_not_trusted_for_long(field: Field) -> None:
    """Where a redirect led to is asked again within minutes, however long its target may be kept."""
    clock = Clock()
    cache = Cache(clock=clock)
    _fetch_each(field, cache, ("/redirect?to=/max-age", ""))
    clock.now += UNSTATED + 1
    _fetch_each(field, cache, ("/redirect?to=/max-age", ""))
    assert field.evil.count("/redirect") == 2


def test_a_copy_outlives_the_process(tmp_path: Path) -> None:
    """Another cache over the same folder finds what the first one kept."""
    Cache(tmp_path).keep("a", "u", picture(), FOR_AN_HOUR)
    stored = Cache(tmp_path).find("a", "u")
    assert stored is not None
    assert (stored.fetched, stored.fresh) == (picture(), True)
    assert Cache(tmp_path).find("b", "u") is None


@pytest.mark.parametrize("damage", [b"", b"picture", b"pictury 0"])
def test_a_damaged_file_is_not_served(tmp_path: Path, damage: bytes) -> None:
    """Bytes that do not match their hash are dropped, and can be stored again."""
    Cache(tmp_path).keep("", "u", picture(), FOR_AN_HOUR)
    (stored,) = (tmp_path / "objects").rglob("*/*")
    stored.write_bytes(damage)
    assert Cache(tmp_path).find("", "u") is None
    cache = Cache(tmp_path)
    cache.keep("", "u", picture(), FOR_AN_HOUR)
    assert Cache(tmp_path).find("", "u") is not None


def test_a_damaged_entry_is_a_miss(tmp_path: Path) -> None:
    """An entry that cannot be read is as if it were not there."""
    Cache(tmp_path).keep("", "u", picture(), FOR_AN_HOUR)
    (entry,) = (tmp_path / "entries").rglob("*/*")
    for damage in (b"", b"{}", b"[1]", b'{"sha256": "../../x"}'):
        entry.write_bytes(damage)
        assert Cache(tmp_path).find("", "u") is None


def test_the_least_recently_used_files_go_first(tmp_path: Path) -> None:
    """The folder is brought below its size, and what was just used stays."""
    cache = Cache(tmp_path, memory_bytes=0, disk_bytes=25_000)
    for number in (0, 1):
        cache.keep("", str(number), picture(number, 10_000), FOR_AN_HOUR)
        for path in tmp_path.rglob("*"):
            if path.is_file():  # the earlier written, the older
                status = path.stat()
                os.utime(path, (status.st_mtime - 100, status.st_mtime - 100))
    assert cache.find("", "0") is not None
    cache.keep("", "2", picture(2, 10_000), FOR_AN_HOUR)
    assert [number for number in range(3) if cache.find("", str(number)) is not None] == [0, 2]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 25_000


def test_abandoned_parts_are_swept(tmp_path: Path) -> None:
    """A part that a killed process left behind disappears, one being written stays."""
    folder = tmp_path / "objects" / "00"
    folder.mkdir(parents=True)
    old, new = folder / "part-old", folder / "part-new"
    for part in (old, new):
        part.write_bytes(b"x")
    os.utime(old, (NOW - 10**9, NOW - 10**9))
    Cache(tmp_path).keep("", "u", picture(), FOR_AN_HOUR)
    assert (old.exists(), new.exists()) == (False, True)


def test_memory_is_bounded(tmp_path: Path) -> None:
    """The copies in memory stay below their size, and one large picture does not push out the others."""
    cache = Cache(memory_bytes=10_000)
    for number in range(20):
        cache.keep("", str(number), picture(number, 1_000), FOR_AN_HOUR)
    kept = [number for number in range(20) if cache.recent("", str(number)) is not None]
    assert kept == list(range(11, 20))
    cache.keep("", "large", picture(0, 9_000), FOR_AN_HOUR)
    assert cache.recent("", "large") is None
    assert cache.recent("", "19") is not None


def test_a_full_disk_is_not_an_error(tmp_path: Path) -> None:
    """Where nothing can be written, the copy in memory still serves."""
    cache = Cache(tmp_path)
    (tmp_path / "objects").write_bytes(b"in the way")
    cache.keep("", "u", picture(), FOR_AN_HOUR)
    assert cache.find("", "u") is not None


def test_scope_and_url_do_not_run_into_each_other() -> None:
    """Two pairs with the same joined text are two entries."""
    cache = Cache()
    cache.keep("a", "bc", picture(1), FOR_AN_HOUR)
    assert cache.find("ab", "c") is None


@pytest.mark.parametrize(
    ("headers", "store", "seconds"),
    [
        ({}, True, UNSTATED),
        ({"cache-control": "no-store"}, False, UNSTATED),
        ({"cache-control": "private, max-age=60"}, True, 60),
        ({"cache-control": 'Max-Age="60"', "age": "50"}, True, 10),
        ({"cache-control": "max-age=60", "age": "500"}, True, 0),
        ({"cache-control": "max-age=soon"}, True, 0),
        ({"cache-control": "max-age=99999999999999"}, True, LONGEST),
        ({"cache-control": "no-cache, max-age=60"}, True, 0),
        ({"vary": "*", "cache-control": "max-age=60"}, True, 0),
        ({"expires": "0"}, True, 0),
        ({"expires": "Thu, 01 Jan 2026 00:01:00 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, True, 60),
    ],
)
def test_freshness_follows_the_headers(headers: dict[str, str], store: bool, seconds: float) -> None:
    """Cache-Control, Age and Expires are read as a private cache reads them."""
    how = freshness(headers, NOW)
    assert (how.store, how.seconds) == (store, seconds)


@pytest.mark.check(58)
@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("", None), ("soon", None), ("-1", None), ("7", 7.0), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0)],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Both forms are read, and what is neither says nothing."""
    assert retry_after(value, NOW) == seconds
