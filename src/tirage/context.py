"""Settings → the services of this process: render pool, fetcher, fonts; wired here and nowhere else, no behaviour."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tirage.pool.job import MEBIBYTE, PoolLimits
from tirage.pool.supervisor import Pool
from tirage.settings import Settings

if TYPE_CHECKING:
    from tirage.assets.fontsource import LibraryFonts
    from tirage.assets.guard import Policy
    from tirage.assets.sync import SyncFetcher

HANDLER = "tirage.actions.draw:handle"
WARM = "tirage.actions.draw:warm"


class Context:
    """What the actions work with. Its pool starts at once and warms up while the caller reads and parses.

    `workers` and `allow_hosts` are what the caller asks for beyond the settings; `pool` is one that runs already.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: int | None = None,
        allow_hosts: Sequence[str] = (),
        pool: Pool | None = None,
    ) -> None:
        self.settings = settings
        self.pool = pool or start_pool(settings, workers)
        self._allow_hosts = tuple(allow_hosts)
        self._lock = threading.Lock()
        self._fetcher: SyncFetcher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def fonts(self) -> LibraryFonts:
        """The bundled and the user's fonts."""
        from tirage.assets.fontsource import LibraryFonts

        return LibraryFonts()

    @cached_property
    def policy(self) -> Policy:
        """Which hosts may be fetched from. Raises TirageError `policy_invalid`."""
        from tirage.assets.guard import Policy

        return Policy.of(self._allow_hosts)

    @property
    def cache_folder(self) -> Path | None:
        """Where fetched pictures are kept, or None where none are."""
        return cache_folder(self.settings)

    def fetcher(self) -> SyncFetcher:
        """The guarded client, made when the first remote picture is asked for: its libraries take long to load."""
        with self._lock:
            if self._fetcher is None:
                from tirage.assets.cache import Cache
                from tirage.assets.sync import SyncFetcher

                cache = Cache(self.cache_folder, disk_bytes=max(1, self.settings.cache_size) * 1_000_000)
                self._fetcher = SyncFetcher(self.policy, cache=cache)
            return self._fetcher

    def close(self) -> None:
        """End the drawing processes and close the connections."""
        self.pool.close()
        with self._lock:
            fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            fetcher.close()


def start_pool(settings: Settings, workers: int | None = None) -> Pool:
    """The drawing processes. Raises RenderProblem `pool_unavailable` where the sandbox must be, and cannot be, had."""
    fonts = fonts_folder(settings)
    return Pool(
        handler=HANDLER,
        warm=(WARM,),
        workers=workers or settings.workers or None,
        sandbox=settings.sandbox,
        limits=PoolLimits(
            memory_bytes=settings.worker_memory * MEBIBYTE,
            rss_bytes=settings.worker_resident * MEBIBYTE,
            cpu_seconds=settings.picture_cpu_seconds,
            wall_seconds=settings.picture_seconds,
        ),
        readable=[str(fonts)] if fonts.is_dir() else [],
    )


def fonts_folder(settings: Settings) -> Path:
    """The folder of the user's own fonts, known without loading what reads them."""
    if settings.fonts_dir:
        return Path(settings.fonts_dir)
    import platformdirs

    return Path(platformdirs.user_data_dir("tirage", appauthor=False)) / "fonts"


def cache_folder(settings: Settings) -> Path | None:
    """The folder of fetched pictures that the settings name, or None where none are kept."""
    if settings.cache_size == 0:
        return None
    if settings.cache_dir:
        return Path(settings.cache_dir)
    import platformdirs

    return Path(platformdirs.user_cache_dir("tirage", appauthor=False)) / "sources"
