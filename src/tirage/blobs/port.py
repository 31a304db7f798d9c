"""The one protocol of object storage, and the values that cross it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tirage.engine.errors import Problem

CHUNK = 256 * 1024
"""Bytes that are read or written at once."""

Data = bytes | AsyncIterable[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a put has written: bytes, the SHA-256 of the content in hex, and the store's own tag of this version."""

    key: str
    size: int
    sha256: str
    etag: str


@dataclass(frozen=True, slots=True)
class About:
    """What the store knows of an object. `media_type` is empty in lists where the store does not tell."""

    key: str
    size: int
    etag: str
    modified: datetime
    media_type: str = ""
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `stop` (not included) of an object; without `stop`, to its end."""

    start: int
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """An object being read: `stream` gives the bytes from `start` to `stop` once, in chunks.

    A stream that is not read to its end is closed with `aclose()`.
    """

    about: About
    start: int
    stop: int
    stream: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """All bytes of the stream at once."""
        return b"".join([chunk async for chunk in self.stream])


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the store can be written to and read from now; `free_bytes` where it is a disk."""

    backend: str
    problem: Problem | None = None
    free_bytes: int | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


class Blobs(Protocol):
    """Objects by key. One conformance suite holds every implementation to this text.

    Keys are generated (see `keys`): a key that cannot be is `storage_key_invalid` when written and
    `storage_not_found` when read. Every method may raise StorageProblem with `storage_unavailable` or
    `storage_denied`, both retryable, after the backend's own attempts.
    """

    name: str

    async def put(
        self, key: str, data: Data, media_type: str, *, disposition: str | None = None, if_absent: bool = False
    ) -> Stored:
        """Write an object; when this returns, it is whole, durable and its bytes are as given.

        Until then readers see the object that was there before, or none. `disposition` is the
        Content-Disposition of addresses that `presign` gives. With `if_absent` an existing object is kept and
        `storage_exists` raised. Raises `storage_full`, `storage_corrupt`, `storage_key_invalid`.
        """
        ...

    async def get(self, key: str, span: Span | None = None) -> Blob:
        """Open an object, or a part of it; a span that begins behind the end gives no bytes.

        Raises `storage_not_found`.
        """
        ...

    async def head(self, key: str) -> About:
        """What is known of an object. Raises `storage_not_found`."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Remove all objects below a prefix that ends with a slash; the number that were there.

        Raises `storage_key_invalid`.
        """
        ...

    def list(self, prefix: str = "", *, after: str = "") -> AsyncIterator[About]:
        """The objects below a prefix in the order of their keys, those up to and with `after` left out.

        Raises `storage_key_invalid`.
        """
        ...

    async def presign(self, key: str, expires: timedelta) -> str | None:
        """An address from which the object can be read without credentials; None where the store has no server."""
        ...

    async def admit(self, size: int = 0) -> None:
        """Raise `storage_full` where a disk would fall below its reserve by so many more bytes."""
        ...

    async def probe(self) -> Readiness:
        """Write, read and remove a small object."""
        ...

    async def close(self) -> None:
        """Give back what is held."""
        ...


OCTETS = "application/octet-stream"
# A table of our own: that of the machine must not decide what a browser is told.
_TYPES = {
    "apng": "image/apng",
    "avif": "image/avif",
    "csv": "text/csv",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mp4": "video/mp4",
    "ndjson": "application/x-ndjson",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tsv": "text/tab-separated-values",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "webp": "image/webp",
    "woff2": "font/woff2",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def type_of(key: str) -> str:
    """The media type that the ending of a key tells, or `application/octet-stream`."""
    return _TYPES.get(key.rpartition(".")[2], OCTETS)


def within(span: Span | None, size: int) -> tuple[int, int]:
    """The first and the last byte (not included) of a span in an object of so many bytes."""
    if span is None:
        return 0, size
    stop = size if span.stop is None else min(span.stop, size)
    return min(max(span.start, 0), stop), stop


async def once(data: bytes) -> AsyncIterator[bytes]:
    """Bytes at hand as a stream."""
    if data:
        yield data
