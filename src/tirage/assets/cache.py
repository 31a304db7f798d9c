"""Fetched sources kept in memory and, if a folder is given, on disk: found by scope and URL, stored by content."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tirage.assets.fetched import Fetched
from tirage.assets.freshness import Freshness

_TEMP_PREFIX = "part-"
_TEMP_AGE = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one stored source beside its bytes; `fresh_until` in Unix seconds."""

    sha256: str
    media_type: str
    final_url: str
    fresh_until: float
    etag: str = ""
    last_modified: str = ""

    @property
    def confirmable(self) -> bool:
        """Whether the host can be asked if the copy still holds."""
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Stored:
    """A copy found in the cache, and whether it may be used without asking."""

    fetched: Fetched
    entry: Entry
    fresh: bool


class Cache:
    """Copies of sources, least recently used ones dropped first.

    `scope` is whose copies they are (a workspace): one scope never finds what only another has asked for, even
    where both share the stored bytes. Several processes may use one folder: files are written aside and renamed,
    so each is there whole or not at all, and bytes are checked against their hash when read.

    All methods block on the disk; call them from a thread where that matters.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        memory_bytes: int = 64_000_000,
        disk_bytes: int = 2_000_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._clock = clock
        self._memory: OrderedDict[str, tuple[Fetched, Entry]] = OrderedDict()
        self._in_memory = 0
        # The first copy written brings a folder below its size that earlier runs left full; opening it costs nothing.
        self._written = disk_bytes
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def on_disk(self) -> bool:
        """Whether look-ups beyond memory touch a disk."""
        return self._folder is not None

    def recent(self, scope: str, url: str) -> Stored | None:
        """The copy in memory, without a look at the disk."""
        key = _key(scope, url)
        with self._lock:
            found = self._memory.get(key)
            if found is None:
                return None
            self._memory.move_to_end(key)
        return self._stored(*found)

    def find(self, scope: str, url: str) -> Stored | None:
        """The copy in memory or on disk, whole and verified, fresh or not."""
        if (stored := self.recent(scope, url)) is not None or self._folder is None:
            return stored
        key = _key(scope, url)
        entry_path = self._entry_path(self._folder, key)
        try:
            entry = Entry(**json.loads(entry_path.read_bytes()))
            object_path = self._object_path(self._folder, entry.sha256)
            data = object_path.read_bytes()
        except (OSError, ValueError, TypeError):
            return None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            # A power cut can leave a file of the right name with the wrong bytes.
            object_path.unlink(missing_ok=True)
            return None
        with suppress(OSError):
            os.utime(object_path)
            os.utime(entry_path)
        fetched = Fetched(data, entry.sha256, entry.media_type, entry.final_url)
        self._remember(key, fetched, entry)
        return self._stored(fetched, entry)

    def keep(self, scope: str, url: str, fetched: Fetched, how: Freshness) -> None:
        """Store a source that its host allows to be stored; without a use (stale at once, unconfirmable) it is not."""
        entry = Entry(
            sha256=fetched.sha256,
            media_type=fetched.media_type,
            final_url=fetched.final_url,
            fresh_until=self._clock() + how.seconds,
            etag=how.etag,
            last_modified=how.last_modified,
        )
        if not how.store or (how.seconds <= 0 and not entry.confirmable):
            self.forget(scope, url)
            return
        key = _key(scope, url)
        self._remember(key, fetched, entry)
        if self._folder is not None:
            # A full or read-only disk makes fetching slower, not wrong.
            with suppress(OSError):
                object_path = self._object_path(self._folder, fetched.sha256)
                if not object_path.exists():
                    self._write(object_path, fetched.data)
                self._write(self._entry_path(self._folder, key), json.dumps(asdict(entry)).encode())
            if self._written > self._disk_bytes // 16:
                self.sweep()

    def confirm(self, scope: str, url: str, stored: Stored, how: Freshness) -> Fetched:
        """The host said that the copy still holds (304): it is fresh again for as long as the answer says."""
        merged = replace(
            how,
            etag=how.etag or stored.entry.etag,
            last_modified=how.last_modified or stored.entry.last_modified,
        )
        self.keep(scope, url, stored.fetched, merged)
        return stored.fetched

    def forget(self, scope: str, url: str) -> None:
        """Drop what is known of a URL; bytes that others share stay until they are swept."""
        key = _key(scope, url)
        with self._lock:
            found = self._memory.pop(key, None)
            if found is not None:
                self._in_memory -= len(found[0].data)
        if self._folder is not None:
            with suppress(OSError):
                self._entry_path(self._folder, key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Bring the folder below its size, least recently used files first, and remove abandoned parts."""
        if self._folder is None:
            return
        self._written = 0
        files: list[tuple[float, int, Path]] = []
        now = time.time()  # file times are the machine's, whatever clock the freshness goes by
        for path in self._folder.glob("*/*/*"):
            with suppress(OSError):
                status = path.stat()
                if path.name.startswith(_TEMP_PREFIX):
                    if now - status.st_mtime > _TEMP_AGE:
                        path.unlink()
                else:
                    files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        files.sort(key=lambda file: file[0])
        for _, size, path in files:
            if total <= self._disk_bytes:
                break
            with suppress(OSError):
                path.unlink()
            total -= size

    def _stored(self, fetched: Fetched, entry: Entry) -> Stored:
        return Stored(fetched, entry, fresh=self._clock() < entry.fresh_until)

    def _remember(self, key: str, fetched: Fetched, entry: Entry) -> None:
        with self._lock:
            old = self._memory.pop(key, None)
            if old is not None:
                self._in_memory -= len(old[0].data)
            # One large picture must not push out everything else.
            if len(fetched.data) > self._memory_bytes // 4:
                return
            self._memory[key] = (fetched, entry)
            self._in_memory += len(fetched.data)
            while self._in_memory > self._memory_bytes:
                _, (dropped, _) = self._memory.popitem(last=False)
                self._in_memory -= len(dropped.data)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_TEMP_PREFIX, dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._written += len(data)

    @staticmethod
    def _object_path(folder: Path, sha256: str) -> Path:
        return folder / "objects" / sha256[:2] / sha256

    @staticmethod
    def _entry_path(folder: Path, key: str) -> Path:
        return folder / "entries" / key[:2] / key


def _key(scope: str, url: str) -> str:
    # The length in front keeps scope and URL from running into each other.
    return hashlib.sha256(f"{len(scope)}:{scope}{url}".encode()).hexdigest()
