"""What S3, Google Cloud Storage and Azure have in common: the Blobs over a client of the obstore library."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import obstore
from obstore import exceptions

from tirage.blobs.keys import checked, checked_prefix, exists, missing, valid
from tirage.blobs.port import CHUNK, OCTETS, About, Blob, Data, Readiness, Span, Stored, once, within
from tirage.blobs.problems import StorageProblem, problem

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

# Up to this size an object is sent in one request, whose answer proves the content; above it, in parts.
SINGLE = 8 * 1024 * 1024
SENDINGS = 3
"""How often bytes are sent that arrive wrong."""
_PAGE = 1000

# 503 and dropped connections are waited out with growing, jittered pauses for up to a minute.
RETRY: RetryConfig = {
    "max_retries": 12,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=8), "base": 2},
}
CLIENT: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}


class CloudBlobs:
    """The Blobs of a bucket. `proves` tells whether the tag of an object sent whole is the MD5 of its content."""

    def __init__(self, name: str, store: S3Store | GCSStore | AzureStore, *, proves: bool = False) -> None:
        self.name = name
        self._store = store
        self._proves = proves
        self._odd_tags = 0

    async def put(
        self, key: str, data: Data, media_type: str, *, disposition: str | None = None, if_absent: bool = False
    ) -> Stored:
        """Send in one request, or in parts where there is much; compare what the answer tells with what was sent."""
        checked(key)
        attributes: dict[Any, str] = {"Content-Type": media_type}
        if disposition is not None:
            attributes["Content-Disposition"] = disposition
        if isinstance(data, bytes):
            return await self._put_whole(key, data, attributes, if_absent)
        stream = data.__aiter__()
        head = bytearray()
        async for chunk in stream:
            head += chunk
            if len(head) > SINGLE:
                return await self._put_parts(key, bytes(head), stream, attributes, if_absent)
        return await self._put_whole(key, bytes(head), attributes, if_absent)

    async def get(self, key: str, span: Span | None = None) -> Blob:
        """Ask for the object or a part of it."""
        if not valid(key):
            raise missing(key)
        if span is not None:
            about = await self.head(key)
            start, stop = within(span, about.size)
            if start == stop:
                # The stores refuse a range without bytes.
                return Blob(about, start, stop, once(b""))
            found = await self._ask(key, {"range": (start, stop), "if_match": about.etag or None})
        else:
            found = await self._ask(key, {})
            start, stop = found.range
        return Blob(_about_found(key, found), start, stop, _stream(found, key, stop - start))

    async def head(self, key: str) -> About:
        """Ask for the headers alone."""
        if not valid(key):
            raise missing(key)
        return _about_found(key, await self._ask(key, {"head": True}))

    async def delete(self, key: str) -> None:
        """Remove one object."""
        if valid(key):
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                return
            except (exceptions.BaseError, OSError) as error:
                raise translated(error, key) from error

    async def delete_prefix(self, prefix: str) -> int:
        """Remove page by page."""
        count = 0
        page: list[str] = []
        async for about in self.list(prefix):
            page.append(about.key)
            if len(page) == _PAGE:
                count += await self._delete_page(page)
                page = []
        return count + await self._delete_page(page)

    async def list(self, prefix: str = "", *, after: str = "") -> AsyncIterator[About]:
        """Ask for page after page."""
        try:
            pages = obstore.list(self._store, checked_prefix(prefix) or None, offset=after or None, chunk_size=_PAGE)
            async for page in pages:
                for meta in page:
                    yield _about(meta)
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, prefix) from error

    async def presign(self, key: str, expires: timedelta) -> str | None:
        """An address signed with the credentials of this process."""
        if not valid(key):
            raise missing(key)
        try:
            return await obstore.sign_async(self._store, "GET", key, expires)
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, key) from error

    async def admit(self, size: int = 0) -> None:
        """Nothing to compare: a bucket has no end."""

    async def probe(self) -> Readiness:
        """Write, read and remove a small object."""
        key = f"probe/{secrets.token_hex(5)}"
        content = secrets.token_bytes(16)
        try:
            await self.put(key, content, OCTETS)
            try:
                if await (await self.get(key)).read() != content:
                    raise problem("storage_corrupt", "The store gave back other bytes than were written.")
            finally:
                await self.delete(key)
        except StorageProblem as error:
            return Readiness(self.name, error.problems[0])
        return Readiness(self.name)

    async def close(self) -> None:
        """Nothing to give back: connections end with the client."""

    async def _put_whole(self, key: str, data: bytes, attributes: dict[Any, str], if_absent: bool) -> Stored:
        digest = hashlib.sha256(data).hexdigest()
        expected = hashlib.md5(data, usedforsecurity=False).hexdigest()
        for sending in range(SENDINGS):
            # An object that arrived wrong is replaced even where an older one would have been kept.
            mode: Literal["create", "overwrite"] = "create" if if_absent and sending == 0 else "overwrite"
            try:
                result = await obstore.put_async(
                    self._store, key, data, attributes=attributes, mode=mode, use_multipart=False
                )
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                raise exists(key) from None
            except (exceptions.BaseError, OSError) as error:
                raise translated(error, key) from error
            tag = result["e_tag"] or ""
            if not self._proves or await self._arrived(key, data, tag.strip('"'), expected):
                return Stored(key, len(data), digest, tag)
        raise problem(
            "storage_corrupt",
            f"{key[:80]!r} was sent {SENDINGS} times and arrived changed each time.",
            "Look at the proxy or the network between this machine and the store.",
        )

    async def _arrived(self, key: str, data: bytes, tag: str, expected: str) -> bool:
        """Whether the store holds what was sent.

        A tag of a bucket with keys of its own (SSE-KMS) is no MD5: then the object is read back, and after a
        few of them that were right, tags are no longer asked.
        """
        if tag == expected:
            self._odd_tags = 0
            return True
        if self._odd_tags >= SENDINGS:
            return True
        if await (await self.get(key)).read() != data:
            return False
        self._odd_tags += 1
        return True

    async def _put_parts(
        self, key: str, head: bytes, rest: AsyncIterator[bytes], attributes: dict[Any, str], if_absent: bool
    ) -> Stored:
        # Stores have no conditional form of a put in parts that all of them keep; keys are generated, so that
        # nobody else writes this one between the question and the answer.
        if if_absent and await self._there(key):
            raise exists(key)
        digest = hashlib.sha256()
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            for at in range(0, len(head), CHUNK):
                chunk = head[at : at + CHUNK]
                digest.update(chunk)
                size += len(chunk)
                yield chunk
            async for chunk in rest:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        try:
            result = await obstore.put_async(
                self._store, key, counted(), attributes=attributes, chunk_size=SINGLE, max_concurrency=4
            )
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, key) from error
        held = await self.head(key)
        if held.size != size:
            await self.delete(key)
            raise problem("storage_corrupt", f"Of {size} bytes of {key[:80]!r} the store holds {held.size}.")
        return Stored(key, size, digest.hexdigest(), result["e_tag"] or held.etag)

    async def _there(self, key: str) -> bool:
        try:
            await self.head(key)
        except StorageProblem as error:
            if error.code == "storage_not_found":
                return False
            raise
        return True

    async def _ask(self, key: str, options: Any) -> GetResult:
        try:
            return await obstore.get_async(self._store, key, options=options)
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, key) from error

    async def _delete_page(self, page: Sequence[str]) -> int:
        if page:
            try:
                await obstore.delete_async(self._store, page)
            except FileNotFoundError:
                pass
            except (exceptions.BaseError, OSError) as error:
                raise translated(error, page[0]) from error
        return len(page)


async def _stream(found: GetResult, key: str, rest: int) -> AsyncIterator[bytes]:
    try:
        async for chunk in found.stream(min_chunk_size=CHUNK):
            rest -= len(chunk)
            yield bytes(chunk)
    except (exceptions.BaseError, OSError) as error:
        raise translated(error, key) from error
    if rest:
        raise problem("storage_unavailable", f"The store closed the connection before the end of {key[:80]!r}.")


def _about_found(key: str, found: GetResult) -> About:
    meta, attributes = found.meta, found.attributes
    return About(
        key,
        meta["size"],
        meta["e_tag"] or "",
        meta["last_modified"],
        attributes.get("Content-Type", OCTETS),
        attributes.get("Content-Disposition"),
    )


def _about(meta: ObjectMeta) -> About:
    return About(meta["path"], meta["size"], meta["e_tag"] or "", meta["last_modified"])


def translated(error: Exception, key: str) -> StorageProblem:
    """What the client says, as a problem. Its own words stay in the chain: they hold addresses and answers."""
    if isinstance(error, FileNotFoundError):
        return missing(key)
    if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError)):
        return problem(
            "storage_denied",
            f"The store refused the credentials of this process for {key[:80]!r}.",
            "They need the rights to read, write, list and delete objects.",
        )
    return problem(
        "storage_unavailable",
        f"The store did not answer as it should for {key[:80]!r} ({type(error).__name__}).",
        "It is asked again later; look at its state and at the network.",
    )
