"""URLs → verified bytes: the one outbound client, with redirects, tries, sharing and cache above the guard."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import certifi
import httpcore

from tirage.assets.breaker import Breaker, Lanes
from tirage.assets.cache import Cache, Stored
from tirage.assets.connector import GuardedBackend
from tirage.assets.content import picture_type
from tirage.assets.exchange import Answer, exchange
from tirage.assets.fetched import Fetched
from tirage.assets.freshness import UNSTATED, freshness, retry_after
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.names import Resolver, ServerResolver, SystemResolver
from tirage.assets.post import Poster
from tirage.assets.problems import problem
from tirage.assets.urls import Url, join, parse_url
from tirage.engine.errors import ResourceProblem

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNWELL = frozenset({425, 429, 500, 502, 503, 504})
# What says that a host is in trouble, as opposed to one URL of it.
_HOST_FAILED = frozenset({"source_dns", "source_timeout", "source_too_slow", "source_unreachable"})
_TRY_AGAIN = frozenset({"source_truncated", "source_unreachable"})
_REFUSAL_SECONDS = 10.0
_REFUSALS = 4_096
# Hashing this much takes about as long as switching to a thread and back.
_HASH_INLINE = 100_000


class _Unwell(Exception):
    """An answer that may be better in a moment; `pause` is what the host asks for, in seconds."""

    def __init__(self, status: int, pause: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.pause = pause


class _LeftAlone(ResourceProblem):
    """The breaker is open: there is nothing to try again."""


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Fetched]
    waiters: int = 0


class Fetcher:
    """Fetches pictures for one policy; belongs to the event loop it is first used in.

    Equal URLs asked for at once are fetched once. `scope` separates the copies of one workspace from another's.
    `resolver` is a `Resolver` or the `address:port` of a name server; `ca_file` adds to the certificates trusted;
    `recognise` turns the bytes into a media type or raises (pictures by default). Proxy variables of the
    environment are not read, cookies are not kept.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        limits: Limits | None = None,
        cache: Cache | None = None,
        resolver: Resolver | str | None = None,
        ca_file: Path | None = None,
        recognise: Callable[[bytes], str] = picture_type,
    ) -> None:
        self._policy = policy or Policy()
        self._limits = limits or Limits()
        self._cache = cache or Cache()
        if isinstance(resolver, str):
            resolver = ServerResolver(resolver, timeout=self._limits.dns)
        self._resolver: Resolver = resolver or SystemResolver()
        self._ca_file = ca_file
        self._recognise = recognise
        self._breaker = Breaker(self._limits)
        self._lanes = Lanes(self._limits)
        self._flights: dict[tuple[str, str], _Flight] = {}
        self._refusals: OrderedDict[tuple[str, str], tuple[float, ResourceProblem]] = OrderedDict()
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; used again, the fetcher may belong to another event loop."""
        pool, self._pool = self._pool, None
        self._lanes = Lanes(self._limits)
        if pool is not None:
            await pool.aclose()

    @property
    def policy(self) -> Policy:
        """Which hosts are fetched from."""
        return self._policy

    @property
    def resolver(self) -> Resolver:
        """What turns names into addresses."""
        return self._resolver

    def poster(self, limits: Limits | None = None) -> Poster:
        """A client that sends messages under the same policy, by the same resolver; `limits` of its own if given."""
        trust = _trust(self._ca_file)
        if limits is None:
            return Poster(self._policy, resolver=self._resolver, trust=trust)
        return Poster(self._policy, resolver=self._resolver, trust=trust, limits=limits)

    async def fetch(self, url: str, *, scope: str = "", headers: Mapping[str, str] | None = None) -> Fetched:
        """Fetch one source, from the cache where its host allows that.

        `headers` (credentials, say) go to the origin of `url` only, and an answer to them is not shared or cached.

        Raises:
            ResourceProblem: with one of the `source_…` codes; `retryable` tells whether later may be better.
        """
        target = parse_url(url, max_chars=self._limits.max_url_chars)
        self._policy.check_url(target)
        if headers:
            return await self._load(target, None, dict(headers))
        key = (f"{scope}|{self._policy.fingerprint}", target.text)
        stored = self._cache.recent(*key)
        if stored is not None and stored.fresh:
            return stored.fetched
        self._raise_known_refusal(key)
        return await self._shared(key, lambda: self._cached(key, target))

    async def fetch_many(
        self, urls: Iterable[str], *, scope: str = "", deadline: float | None = None
    ) -> dict[str, Fetched | ResourceProblem]:
        """Fetch all at once, each URL's bytes or its problem; what is not there after `deadline` seconds timed out.

        Everything is held in memory: hand over the sources of a chunk of rows, not those of a whole batch.
        """
        tasks = {url: asyncio.create_task(self.fetch(url, scope=scope)) for url in dict.fromkeys(urls)}
        if not tasks:
            return {}
        try:
            await asyncio.wait(tasks.values(), timeout=deadline)
        finally:
            for task in tasks.values():
                task.cancel()
        await asyncio.wait(tasks.values())
        return {url: self._outcome(task) for url, task in tasks.items()}

    def _outcome(self, task: asyncio.Task[Fetched]) -> Fetched | ResourceProblem:
        if task.cancelled():
            return problem("source_timeout", "The time for fetching all sources was over before this one was there.")
        error = task.exception()
        if isinstance(error, ResourceProblem):
            return _again(error)
        if error is not None:
            raise error
        return task.result()

    async def _shared(self, key: tuple[str, str], load: Callable[[], Coroutine[None, None, Fetched]]) -> Fetched:
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(load()))
        flight.waiters += 1
        try:
            # Shielded: one waiter that gives up must not take the bytes from the others.
            return await asyncio.shield(flight.task)
        except ResourceProblem as error:
            # One exception raised in several tasks would collect all their tracebacks.
            raise _again(error) from None
        finally:
            flight.waiters -= 1
            if not flight.waiters:
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]

    def _raise_known_refusal(self, key: tuple[str, str]) -> None:
        known = self._refusals.get(key)
        if known is not None and time.monotonic() < known[0]:
            raise _again(known[1])

    async def _cached(self, key: tuple[str, str], url: Url) -> Fetched:
        cache = self._cache
        stored = await asyncio.to_thread(cache.find, *key) if cache.on_disk else cache.find(*key)
        if stored is not None and stored.fresh:
            return stored.fetched
        try:
            return await self._load(url, stored, {}, key)
        except ResourceProblem as error:
            if not error.retryable:
                self._refusals[key] = (time.monotonic() + _REFUSAL_SECONDS, _again(error))
                self._refusals.move_to_end(key)
                if len(self._refusals) > _REFUSALS:
                    self._refusals.popitem(last=False)
            raise

    async def _load(
        self, url: Url, stored: Stored | None, extra: Mapping[str, str], key: tuple[str, str] | None = None
    ) -> Fetched:
        final, answer, conditional = await self._with_tries(url, stored, extra)
        if answer.status == 304 and conditional and stored is not None and key is not None:
            how = freshness(answer.headers, time.time())
            return await asyncio.to_thread(self._cache.confirm, *key, stored, how)
        self._check_status(final, answer.status)
        body = answer.body
        if len(body) > _HASH_INLINE:
            fetched = await asyncio.to_thread(self._verified, body, final)
        else:
            fetched = self._verified(body, final)
        if key is not None:
            how = freshness(answer.headers, time.time())
            if final.text != url.text:
                # The headers speak of where the redirect led; the redirect itself may soon lead elsewhere.
                how = replace(how, seconds=min(how.seconds, UNSTATED))
            if self._cache.on_disk:
                await asyncio.to_thread(self._cache.keep, *key, fetched, how)
            else:
                self._cache.keep(*key, fetched, how)
        return fetched

    def _verified(self, body: bytes, final: Url) -> Fetched:
        return Fetched.of(body, self._recognise(body), final.text)

    async def _with_tries(self, url: Url, stored: Stored | None, extra: Mapping[str, str]) -> tuple[Url, Answer, bool]:
        limits = self._limits
        for attempt in range(limits.tries):
            last = attempt == limits.tries - 1
            pause = limits.backoff * 2**attempt * random.uniform(0.5, 1.5)
            try:
                return await self._follow(url, stored, extra)
            except _Unwell as unwell:
                asked = unwell.pause or 0.0
                if last or asked > limits.max_retry_after:
                    raise _http_error(url, unwell.status, passing=True) from None
                pause = max(pause, asked)
            except ResourceProblem as error:
                if last or error.code not in _TRY_AGAIN or isinstance(error, _LeftAlone):
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _follow(self, url: Url, stored: Stored | None, extra: Mapping[str, str]) -> tuple[Url, Answer, bool]:
        seconds = self._limits.total
        seen = {url.text}
        current = url
        for _ in range(self._limits.max_redirects + 1):
            headers, conditional = dict(extra), False
            if stored is not None and stored.entry.confirmable and stored.entry.final_url == current.text:
                headers |= _conditions(stored)
                conditional = True
            answer, took = await self._hop(current, headers, seconds)
            seconds = max(0.0, seconds - took)
            if answer.status in _UNWELL:
                raise _Unwell(answer.status, retry_after(answer.headers.get("retry-after"), time.time()))
            if answer.status not in _REDIRECTS:
                return current, answer, conditional
            target = self._redirect(current, answer)
            if target.text in seen:
                raise problem("source_redirects", f"{url} redirects in a circle.")
            if target.origin != current.origin:
                extra = {}
            seen.add(target.text)
            current = target
        raise problem("source_redirects", f"{url} redirects more than {self._limits.max_redirects} times.")

    def _redirect(self, current: Url, answer: Answer) -> Url:
        location = answer.headers.get("location", "")
        if not location:
            raise problem("source_protocol", f"{current} redirects without saying where to.")
        try:
            # Header values came as latin-1; a host that does not encode its paths sends UTF-8.
            location = location.encode("latin-1").decode("utf-8")
            target = join(current, location, max_chars=self._limits.max_url_chars)
        except (UnicodeDecodeError, ResourceProblem):
            raise problem("source_blocked", f"{current} redirects to something that is not fetched.") from None
        if current.scheme == "https" and target.scheme == "http":
            raise problem("source_blocked", f"{current} redirects from https to http, which is not followed.")
        self._policy.check_url(target)
        return target

    async def _hop(self, url: Url, headers: Mapping[str, str], seconds: float) -> tuple[Answer, float]:
        origin = url.origin
        async with self._lanes.place(origin):
            if not self._breaker.admits(origin):
                raise _LeftAlone(_left_alone(url).problems, retryable=True)
            started = time.monotonic()
            try:
                answer = await self._ask(url, headers, seconds)
            except ResourceProblem as error:
                (self._breaker.failed if error.code in _HOST_FAILED else self._breaker.abandoned)(origin)
                raise
            except BaseException:
                self._breaker.abandoned(origin)
                raise
            self._breaker.succeeded(origin)
            return answer, time.monotonic() - started

    async def _ask(self, url: Url, headers: Mapping[str, str], seconds: float) -> Answer:
        return await exchange(self._connections(), url, headers, self._limits, seconds)

    def _connections(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=_trust(self._ca_file),
                max_connections=self._limits.in_all,
                max_keepalive_connections=self._limits.in_all // 2,
                keepalive_expiry=10.0,
                network_backend=GuardedBackend(self._policy, self._resolver, self._limits),
            )
        return self._pool

    @staticmethod
    def _check_status(url: Url, status: int) -> None:
        if status in (200, 203):
            return
        if status in (206, 304):
            raise problem("source_protocol", f"{url} answered {status}, which was not asked for.")
        if 200 <= status < 300:
            raise problem("source_not_image", f"{url} answered {status}, which carries no picture.")
        raise _http_error(url, status, passing=False)


@lru_cache(maxsize=4)
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    # Reading the authorities takes longer than many a fetch; every fetcher of a process uses the same ones.
    trust = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        trust.load_verify_locations(cafile=str(ca_file))
    return trust


def _conditions(stored: Stored) -> dict[str, str]:
    entry = stored.entry
    conditions = {"If-None-Match": entry.etag} if entry.etag else {}
    return conditions | ({"If-Modified-Since": entry.last_modified} if entry.last_modified else {})


def _http_error(url: Url, status: int, *, passing: bool) -> ResourceProblem:
    return problem("source_http_error", f"{url} answered with the status {status}.", retryable=passing)


def _left_alone(url: Url) -> ResourceProblem:
    return problem("source_unreachable", f"{url.host} has failed several times in a row and is left alone for a while.")


def _again(error: ResourceProblem) -> ResourceProblem:
    """The same problem without a traceback, whose frames would keep the refused bytes alive."""
    return ResourceProblem(error.problems, retryable=error.retryable)
