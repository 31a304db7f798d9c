"""Objects on a local disk: each is one file that appears whole, flushed, or not at all.

The store of the obstore library is not used here: it does not flush what it writes, cannot keep media types and
follows links (decision 40).
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tirage.blobs import folders
from tirage.blobs.keys import checked, checked_prefix, exists, valid
from tirage.blobs.port import CHUNK, OCTETS, About, Blob, Data, Readiness, Span, Stored, once, type_of, within
from tirage.blobs.problems import StorageProblem, problem
from tirage.faults import fault

T = TypeVar("T")
RESERVE = 256 * 1024 * 1024
_LEFTOVER_SECONDS = 3600.0
_PAGE = 500


@dataclass(slots=True)
class _Part:
    """A file being written aside. The lock keeps a cancelled caller from closing it under a running write."""

    folder: int
    name: str
    file: int
    size: int = 0
    placed: bool = False
    digest: Any = field(default_factory=hashlib.sha256)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, data: bytes) -> None:
        with self.lock:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self.file, rest) :]
            self.size += len(data)
            self.digest.update(data)

    def discard(self) -> None:
        with self.lock:
            if self.file >= 0:
                os.close(self.file)
                self.file = -1
            if not self.placed:
                with suppress(FileNotFoundError):
                    os.unlink(self.name, dir_fd=self.folder)


class LocalBlobs:
    """The Blobs of one folder, which several processes may share.

    `reserve_bytes` of the disk stay free for the database and logs beside it.
    """

    name = "local"

    def __init__(self, folder: Path, *, reserve_bytes: int = RESERVE, threads: int = 8) -> None:
        self._reserve = reserve_bytes
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="blobs")
        self._roots: dict[str, int] = {}
        try:
            for name in ("objects", "attributes", "incoming"):
                (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
                self._roots[name] = os.open(folder / name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise folders.translated(error, str(folder)) from error
        self._objects, self._attributes, self._incoming = self._roots.values()
        self._sweep()

    async def put(
        self, key: str, data: Data, media_type: str, *, disposition: str | None = None, if_absent: bool = False
    ) -> Stored:
        """Write aside, flush, rename, flush the folder."""
        checked(key)
        attributes = _attributes(key, media_type, disposition)
        if isinstance(data, bytes):
            return await self._run(lambda: self._put_bytes(key, data, attributes, if_absent))
        part = await self._run(lambda: self._begin(key))
        try:
            async for chunk in data:
                await self._run(lambda chunk=chunk: self._append(part, key, chunk))  # type: ignore[misc]
            return await self._run(lambda: self._finish(part, key, attributes, if_absent))
        finally:
            self._pool.submit(part.discard)

    async def get(self, key: str, span: Span | None = None) -> Blob:
        """Open the file; a short one is read at once."""
        return await self._run(lambda: self._get(key, span))

    async def head(self, key: str) -> About:
        """What the file system knows, and the attributes kept beside the objects."""

        def look() -> About:
            file = folders.open_file(self._objects, key)
            try:
                return self._about(key, os.fstat(file))
            finally:
                os.close(file)

        return await self._run(look)

    async def delete(self, key: str) -> None:
        """Remove the file, then its attributes."""
        if valid(key):
            await self._run(lambda: self._delete(key))

    async def delete_prefix(self, prefix: str) -> int:
        """Remove all files below the folder, and the folders left empty."""
        checked_prefix(prefix)

        def remove() -> int:
            return sum(self._delete(key) for key, _ in folders.walk(self._objects, prefix, ""))

        return await self._run(remove)

    async def list(self, prefix: str = "", *, after: str = "") -> AsyncIterator[About]:
        """Walk the folder in the order of keys."""
        walk = folders.walk(self._objects, checked_prefix(prefix), after)

        def page() -> tuple[tuple[str, os.stat_result], ...]:
            return tuple(itertools.islice(walk, _PAGE))

        while found := await self._run(page):
            for key, facts in found:
                yield About(key, facts.st_size, _etag(facts), _modified(facts))

    async def presign(self, key: str, expires: timedelta) -> str | None:
        """None: a disk has no server of its own."""
        return None

    async def admit(self, size: int = 0) -> None:
        """Compare the free bytes with the reserve."""
        await self._run(lambda: self._admit(size))

    async def probe(self) -> Readiness:
        """Write, read and remove a small object, and look at the free bytes."""
        free = None
        key = f"probe/{secrets.token_hex(5)}"
        try:
            free = await self._run(self._free)
            content = secrets.token_bytes(16)
            await self.put(key, content, OCTETS)
            try:
                if await (await self.get(key)).read() != content:
                    raise problem("storage_corrupt", "The disk gave back other bytes than were written.")
            finally:
                await self.delete(key)
        except StorageProblem as error:
            return Readiness(self.name, error.problems[0], free)
        return Readiness(self.name, None, free)

    async def close(self) -> None:
        """Wait for writes under way and close the folders."""
        await asyncio.to_thread(self._pool.shutdown)
        while self._roots:
            os.close(self._roots.popitem()[1])

    # ------------------------------------------------------------ on the threads

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _free(self) -> int:
        try:
            facts = os.fstatvfs(self._objects)
        except OSError as error:
            raise folders.translated(error, "the store") from error
        return facts.f_bavail * facts.f_frsize

    def _admit(self, size: int) -> None:
        if self._free() - size < self._reserve:
            raise problem(
                "storage_full",
                f"The disk of the store has less than its reserve of {self._reserve // 1_000_000} MB left.",
                "Make room or move the data folder; reading goes on.",
            )

    def _begin(self, key: str) -> _Part:
        name = f"{secrets.token_hex(12)}.part"
        try:
            file = os.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                dir_fd=self._incoming,
            )  # fmt: skip
        except OSError as error:
            raise folders.translated(error, key) from error
        return _Part(self._incoming, name, file)

    def _append(self, part: _Part, key: str, chunk: bytes) -> None:
        self._admit(len(chunk))
        try:
            part.write(chunk)
        except OSError as error:
            raise folders.translated(error, key) from error

    def _put_bytes(self, key: str, data: bytes, attributes: bytes | None, if_absent: bool) -> Stored:
        part = self._begin(key)
        try:
            self._append(part, key, data)
            return self._finish(part, key, attributes, if_absent)
        finally:
            part.discard()

    def _finish(self, part: _Part, key: str, attributes: bytes | None, if_absent: bool) -> Stored:
        try:
            facts = os.fstat(part.file)
            if if_absent:
                self._absent(key)
            if attributes is not None:
                beside = self._begin(key)
                try:
                    beside.write(attributes)
                    self._place(self._attributes, beside, key, keep=False)
                finally:
                    beside.discard()
            self._place(self._objects, part, key, keep=if_absent)
            fault("renamed")
        except OSError as error:
            raise folders.translated(error, key) from error
        if attributes is None:
            folders.unlink(self._attributes, key)
        return Stored(key, part.size, part.digest.hexdigest(), _etag(facts))

    def _place(self, root: int, part: _Part, key: str, *, keep: bool) -> None:
        """Flush a written file and move it to its key; with `keep`, one that is there stays."""
        for attempt in itertools.count():
            try:
                # The folders are made before the file is flushed: a journal takes both in one go.
                with folders.parent(root, key, make=True) as (folder, final):
                    os.fsync(part.file)
                    fault("tmp_written")
                    if keep:
                        # Unlike a rename, a link never replaces what is there.
                        os.link(part.name, final, src_dir_fd=self._incoming, dst_dir_fd=folder, follow_symlinks=False)
                    else:
                        os.rename(part.name, final, src_dir_fd=self._incoming, dst_dir_fd=folder)
                        part.placed = True
                    os.fsync(folder)
                return
            except FileExistsError:
                raise exists(key) from None
            except FileNotFoundError:
                # A removal has just taken the folder that became empty.
                if attempt == 5:
                    raise

    def _absent(self, key: str) -> None:
        # Looked at before the attributes are written, so that those of the object that stays are left alone.
        try:
            file = folders.open_file(self._objects, key)
        except StorageProblem:
            return
        os.close(file)
        raise exists(key)

    def _get(self, key: str, span: Span | None) -> Blob:
        file = os.fdopen(folders.open_file(self._objects, key), "rb")
        try:
            facts = os.fstat(file.fileno())
            start, stop = within(span, facts.st_size)
            about = self._about(key, facts)
            file.seek(start)
            if stop - start <= CHUNK:
                with file:
                    return Blob(about, start, stop, once(file.read(stop - start)))
        except OSError as error:
            file.close()
            raise folders.translated(error, key) from error
        return Blob(about, start, stop, self._stream(file, key, stop - start))

    async def _stream(self, file: BinaryIO, key: str, rest: int) -> AsyncIterator[bytes]:
        try:
            while rest > 0:
                chunk = await self._run(lambda: file.read(min(CHUNK, rest)))  # noqa: B023 - awaited at once
                if not chunk:
                    raise problem("storage_corrupt", f"The file of {key!r} ends before its length.")
                rest -= len(chunk)
                yield chunk
        except OSError as error:
            raise folders.translated(error, key) from error
        finally:
            file.close()

    def _about(self, key: str, facts: os.stat_result) -> About:
        about = About(key, facts.st_size, _etag(facts), _modified(facts), type_of(key))
        try:
            file = folders.open_file(self._attributes, key)
        except StorageProblem:
            return about
        with os.fdopen(file, "rb") as source:
            kept = json.load(source)
        return About(key, about.size, about.etag, about.modified, kept["media_type"], kept["disposition"])

    def _delete(self, key: str) -> bool:
        gone = folders.unlink(self._objects, key)
        folders.unlink(self._attributes, key)
        return gone

    def _sweep(self) -> None:
        """Remove what writers that were killed have left behind."""
        with os.scandir(self._incoming) as entries:
            for entry in entries:
                with suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_SECONDS:
                        os.unlink(entry.name, dir_fd=self._incoming)


def _attributes(key: str, media_type: str, disposition: str | None) -> bytes | None:
    """What has to be kept beside an object: nothing where the ending of its key tells all."""
    if disposition is None and media_type == type_of(key):
        return None
    return json.dumps({"media_type": media_type, "disposition": disposition}).encode()


def _etag(facts: os.stat_result) -> str:
    return f'"{facts.st_mtime_ns:x}-{facts.st_ino:x}-{facts.st_size:x}"'


def _modified(facts: os.stat_result) -> datetime:
    return datetime.fromtimestamp(facts.st_mtime, UTC)
