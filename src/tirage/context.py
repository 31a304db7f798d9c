"""Settings → the services of this process: pool, fetcher, fonts, database, storage; wired here only, no behaviour."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tirage.pool.job import MEBIBYTE, PoolLimits
from tirage.pool.supervisor import Pool
from tirage.settings import Settings

if TYPE_CHECKING:
    from tirage.assets.fetch import Fetcher
    from tirage.assets.fontsource import LibraryFonts
    from tirage.assets.guard import Policy
    from tirage.assets.providers import Maker, Shelf, SyncMaker
    from tirage.assets.sync import SyncFetcher
    from tirage.blobs import Blobs
    from tirage.clock import Clock
    from tirage.db.address import DatabaseAddress
    from tirage.db.connect import Database
    from tirage.db.durability import Durability
    from tirage.store.vault import Vault

HANDLER = "tirage.actions.child:handle"
WARM = "tirage.actions.child:warm"


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
        self._maker: SyncMaker | None = None

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

    def maker(self) -> SyncMaker:
        """Who makes pictures for layers that ask for it, made when the first one does."""
        with self._lock:
            if self._maker is None:
                from tirage.assets.providers import FolderShelf, NoShelf, SyncMaker

                folder = self.cache_folder
                shelf = NoShelf() if folder is None else FolderShelf(folder / "made")
                self._maker = SyncMaker(lambda: open_maker(self.settings, shelf, allow=self._allow_hosts))
            return self._maker

    def close(self) -> None:
        """End the drawing processes and close the connections."""
        self.pool.close()
        with self._lock:
            fetcher, self._fetcher = self._fetcher, None
            maker, self._maker = self._maker, None
        if fetcher is not None:
            fetcher.close()
        if maker is not None:
            maker.close()


@dataclass(frozen=True, slots=True)
class Service:
    """What the actions of the service work with; it belongs to one event loop.

    `public_url` is the base of every address in answers, without a slash at its end.
    """

    settings: Settings
    pool: Pool
    database: Database
    blobs: Blobs
    fetcher: Fetcher
    maker: Maker
    vault: Vault
    clock: Clock
    fonts: LibraryFonts
    public_url: str
    durability: Durability


@asynccontextmanager
async def open_service(
    settings: Settings, pool: Pool, address: DatabaseAddress, *, clock: Clock | None = None
) -> AsyncIterator[Service]:
    """The service's parts, opened in the running event loop; the database is migrated, the pool stays the caller's.

    Raises DatabaseRefused, DatabaseUnavailable, StorageProblem, TirageError `policy_invalid`.
    """
    from tirage.assets.cache import Cache
    from tirage.assets.fetch import Fetcher
    from tirage.assets.fontsource import LibraryFonts
    from tirage.assets.guard import Policy
    from tirage.assets.providers import BlobShelf
    from tirage.blobs import open_blobs
    from tirage.clock import SystemClock
    from tirage.db.connect import Database

    base = public_url(settings)
    folder = data_folder(settings)
    policy = Policy.of(words(settings.allow_hosts), own_hosts=[base.partition("://")[2].partition("/")[0]])
    cache = Cache(cache_folder(settings), disk_bytes=max(1, settings.cache_size) * 1_000_000)
    vault = open_vault(settings)
    blobs = open_blobs(settings.storage, folder / "blobs")
    database = Database(address)
    try:
        durability = await database.open()
        async with Fetcher(policy, cache=cache) as fetcher, aclosing(open_maker(settings, BlobShelf(blobs))) as maker:
            yield Service(
                settings=settings,
                pool=pool,
                database=database,
                blobs=blobs,
                fetcher=fetcher,
                maker=maker,
                vault=vault,
                clock=clock or SystemClock(),
                fonts=LibraryFonts(),
                public_url=base,
                durability=durability,
            )
    finally:
        await database.close()
        await blobs.close()


@contextmanager
def running_database(settings: Settings) -> Iterator[DatabaseAddress]:
    """The address of the settings' database, the embedded one started or adopted for as long as this lasts.

    Raises DatabaseRefused.
    """
    from tirage.db.address import DatabaseAddress

    if settings.database_url:
        yield DatabaseAddress.of_urls(settings.database_url, settings.database_owner_url)
        return
    from tirage.db.embedded import EmbeddedServer

    with EmbeddedServer(data_folder(settings)) as address:
        yield address


def has_database(settings: Settings) -> bool:
    """Whether there is a database to start or to connect to, or one would have to be made in the data folder."""
    return bool(settings.database_url) or (data_folder(settings) / "postgres" / "PG_VERSION").exists()


def open_vault(settings: Settings) -> Vault:
    """The vault of the installation's secret. Raises Invalid `secret_invalid`."""
    from tirage.store.vault import Vault

    return Vault.of_text(settings.secret) if settings.secret else Vault.of_folder(data_folder(settings))


def data_folder(settings: Settings) -> Path:
    """The folder of what the service keeps."""
    if settings.data_dir:
        return Path(settings.data_dir)
    import platformdirs

    return Path(platformdirs.user_data_dir("tirage", appauthor=False)) / "service"


def open_maker(settings: Settings, shelf: Shelf, *, allow: Sequence[str] = ()) -> Maker:
    """Who makes pictures by the settings; one who only says that nobody does, where they name no provider.

    Raises TirageError `policy_invalid`.
    """
    from tirage.assets.providers import Maker

    if not settings.ai_url:
        return Maker(None)
    from tirage.assets.providers.openai import openai_images

    provider = openai_images(
        settings.ai_url, settings.ai_key, settings.ai_model, seconds=settings.ai_seconds, allow=allow
    )
    return Maker(provider, shelf)


def public_url(settings: Settings) -> str:
    """The base of every address in answers."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    scheme = "https" if settings.tls_cert else "http"
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def words(text: str) -> list[str]:
    """The entries of a setting that lists some, with commas between."""
    return [word.strip() for word in text.split(",") if word.strip()]


def start_pool(settings: Settings, workers: int | None = None, *, prefetch: int = 1) -> Pool:
    """The drawing processes. Raises RenderProblem `pool_unavailable` where the sandbox must be, and cannot be, had.

    `prefetch` 0 keeps a job from waiting behind a slow one, 1 keeps processes busy in a batch.
    """
    fonts = fonts_folder(settings)
    return Pool(
        handler=HANDLER,
        warm=(WARM,),
        workers=workers or settings.workers or None,
        prefetch=prefetch,
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
