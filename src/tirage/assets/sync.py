"""The fetcher for callers without an event loop: the same client on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tirage.assets.cache import Cache
from tirage.assets.content import picture_type
from tirage.assets.fetch import Fetcher
from tirage.assets.fetched import Fetched
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.names import Resolver
from tirage.engine.errors import ResourceProblem

_T = TypeVar("_T")


class SyncFetcher:
    """A `Fetcher` with blocking methods, usable from any thread; the parameters are those of `Fetcher`.

    The thread starts with the first fetch: a process that forks renderers and fetches nothing stays single-threaded.
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
        self._fetcher = Fetcher(
            policy, limits=limits, cache=cache, resolver=resolver, ca_file=ca_file, recognise=recognise
        )
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, url: str, *, scope: str = "", headers: Mapping[str, str] | None = None) -> Fetched:
        """See `Fetcher.fetch`."""
        return self._run(self._fetcher.fetch(url, scope=scope, headers=headers))

    def fetch_many(
        self, urls: Iterable[str], *, scope: str = "", deadline: float | None = None
    ) -> dict[str, Fetched | ResourceProblem]:
        """See `Fetcher.fetch_many`."""
        return self._run(self._fetcher.fetch_many(urls, scope=scope, deadline=deadline))

    def close(self) -> None:
        """Close the connections and end the thread; a later fetch starts both anew."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._fetcher.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except BaseException:
            # Ctrl-C while waiting: nothing goes on in the background.
            future.cancel()
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
                self._thread.start()
            return self._loop
