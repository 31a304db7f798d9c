"""The maker for callers without an event loop: on the loop of the blocking fetcher's own kind, in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

from tirage.assets.fetched import Fetched
from tirage.assets.providers.maker import Had, Maker
from tirage.engine.errors import ResourceProblem


class SyncMaker:
    """A `Maker` with blocking methods, usable from any thread; `build` makes it inside the loop."""

    def __init__(self, build: Callable[[], Maker]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._maker: Maker | None = None

    def make_many(self, sources: Iterable[str], had: Had) -> dict[str, Fetched | ResourceProblem]:
        """See `Maker.make_many`."""
        wanted = list(sources)
        future = asyncio.run_coroutine_threadsafe(self._make(wanted, had), self._running())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close the connections and end the thread; a later call starts both anew."""
        with self._lock:
            loop, thread, maker = self._loop, self._thread, self._maker
            self._loop = self._thread = self._maker = None
        if loop is None or thread is None:
            return
        if maker is not None:
            asyncio.run_coroutine_threadsafe(maker.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _make(self, sources: list[str], had: Had) -> dict[str, Fetched | ResourceProblem]:
        if self._maker is None:
            self._maker = self._build()
        return await self._maker.make_many(sources, had)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="make", daemon=True)
                self._thread.start()
            return self._loop
