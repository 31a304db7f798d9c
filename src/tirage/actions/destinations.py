"""Buckets of workspaces' own: made after a look whether they can be written, and given the files of batches."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tirage.actions.keep_pictures import KeptFile
from tirage.assets.urls import parse_url
from tirage.blobs.bucket import Bucket, endpoint_of, of_a_provider
from tirage.blobs.location import parse_location
from tirage.blobs.problems import StorageProblem
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.store import destinations
from tirage.store.destinations import MOST, Destination
from tirage.store.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class NewDestination:
    """What a destination is made of; `location` as `s3://bucket/prefix?region=…&endpoint=…`."""

    name: str
    location: str
    access_key: str
    secret: str


async def create_destination(
    service: Service,
    workspace: str,
    new: NewDestination,
    answering: Callable[[Transaction, Destination], Awaitable[None]],
) -> Destination:
    """Write, and remove, a small object in the bucket, then keep the destination with its secret sealed.

    Raises Invalid `storage_location_invalid`, `destination_blocked`, `destination_refused`, Conflict
    `destinations_full`.
    """
    try:
        bucket = _bucket(service, new.location, new.access_key, new.secret)
    except StorageProblem as error:
        raise Invalid(replace(error.problems[0], pointer="/location")) from None
    probe = f"tirage-{secrets.token_hex(5)}.txt"
    try:
        await bucket.put(probe, b"Tirage can write here.", "text/plain")
        await bucket.delete(probe)
    except StorageProblem as error:
        said = "refuses these credentials" if error.code == "storage_denied" else "does not answer as it should"
        hint = "They need the rights to write and delete objects; look at bucket, region and endpoint."
        raise Invalid(Problem("destination_refused", f"The bucket {said}.", "/location", hint)) from None
    async with service.database.workspace(workspace) as tx:
        if len(await destinations.every(tx)) >= MOST:
            raise Conflict(Problem("destinations_full", f"A workspace has at most {MOST} destinations."))
        made = await destinations.create(
            tx, service.vault, new.name, new.location, new.access_key, new.secret, service.clock.now()
        )
        await answering(tx, made)
    return made


class Delivery:
    """Hands the files of a batch's rows over to its destination, if it has one."""

    def __init__(self, bucket: Bucket | None, folder: str) -> None:
        self._bucket = bucket
        self._folder = folder

    @classmethod
    async def of(cls, service: Service, tx: Transaction, destination: str | None, batch: str) -> Delivery:
        """That of a batch. Raises Invalid `secret_unreadable`, `destination_blocked`."""
        if destination is None:
            return cls(None, batch)
        found = await destinations.get(tx, destination)
        return cls(_bucket(service, found.location, found.access_key, found.opened(service.vault)), batch)

    @property
    def wanted(self) -> bool:
        """Whether there is a bucket."""
        return self._bucket is not None

    async def hand_over(self, name: str, files: Sequence[tuple[str, KeptFile]]) -> Problem | None:
        """Write a row's files, each with its label, as `batch/name-label.png`; what is wrong where that fails."""
        if self._bucket is None:
            return None
        for label, file in files:
            path = f"{self._folder}/{name}{label}.{file.new.extension}"
            try:
                await self._bucket.put(path, file.data, file.new.media_type)
            except StorageProblem as error:
                said = "refuses the credentials" if error.code == "storage_denied" else "cannot be reached"
                hint = "Mend the destination, then retry the batch's failed rows."
                return Problem("destination_failed", f"The batch's destination {said} ({path[:120]}).", hint=hint)
        return None


def _bucket(service: Service, location: str, access_key: str, secret: str) -> Bucket:
    where = parse_location(location)
    endpoint = endpoint_of(where)
    if not of_a_provider(endpoint):
        url = parse_url(endpoint)
        if not any(each.port in (None, url.port) and each.names(url.host, url.address)
                   for each in service.fetcher.policy.allow):  # fmt: skip
            message = f"The endpoint {url.host} is of none of the known providers."
            hint = "The operator can open it: TIRAGE_ALLOW_HOSTS."
            raise Invalid(Problem("destination_blocked", message, "/location", hint))
    return Bucket(where, access_key, secret)
