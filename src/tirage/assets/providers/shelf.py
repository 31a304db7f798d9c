"""Where made pictures are kept, by the hash of what they were made from: a folder, or the service's object storage."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Protocol

from tirage.assets.content import picture_type
from tirage.blobs import Blobs, StorageProblem

PREFIX = "made"
"""Begins the keys of made pictures in object storage."""


class Shelf(Protocol):
    """Keeps pictures by `key`, 64 hexadecimal digits; `scope` is the workspace."""

    async def find(self, scope: str, key: str) -> bytes | None:
        """The picture of that key, or None. Raises StorageProblem."""

    async def keep(self, scope: str, key: str, data: bytes) -> None:
        """Keep a picture. Raises StorageProblem."""


class NoShelf:
    """Keeps nothing."""

    async def find(self, scope: str, key: str) -> bytes | None:
        """None."""
        return None

    async def keep(self, scope: str, key: str, data: bytes) -> None:
        """Nothing."""


class FolderShelf:
    """A folder with a file for each picture. A file is there whole or not at all; a disk that is full keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def find(self, scope: str, key: str) -> bytes | None:
        """The picture of that key, or None."""
        try:
            return (self._folder / key).read_bytes()
        except OSError:
            return None

    async def keep(self, scope: str, key: str, data: bytes) -> None:
        """Write the file aside and rename it."""
        aside = self._folder / f".{key}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            aside.replace(self._folder / key)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)


class BlobShelf:
    """The service's object storage; workspaces share nothing."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def find(self, scope: str, key: str) -> bytes | None:
        """The picture of that key, or None. Raises StorageProblem."""
        try:
            return await (await self._blobs.get(_blob_key(scope, key))).read()
        except StorageProblem as error:
            if error.code == "storage_not_found":
                return None
            raise

    async def keep(self, scope: str, key: str, data: bytes) -> None:
        """Put the object. Raises StorageProblem."""
        await self._blobs.put(_blob_key(scope, key), data, picture_type(data))


def _blob_key(scope: str, key: str) -> str:
    return f"{PREFIX}/{scope or 'shared'}/{key}"
