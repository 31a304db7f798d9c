"""The storage setting → the Blobs that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tirage.blobs.local import RESERVE, LocalBlobs
from tirage.blobs.location import Location, invalid, parse_location
from tirage.blobs.port import Blobs


def open_blobs(storage: str, folder: Path, *, reserve_bytes: int = RESERVE) -> Blobs:
    """The store of an address, or of `folder` where `storage` is empty; a path is a folder as well.

    Raises StorageProblem `storage_location_invalid`, for a folder also `storage_denied` and `storage_unavailable`.
    """
    if "://" not in storage:
        return LocalBlobs(Path(storage) if storage else folder, reserve_bytes=reserve_bytes)
    where = parse_location(storage)
    try:
        return _opener(where.scheme)(where)
    except Exception as error:  # the clients raise types of their own for credentials they cannot read
        raise invalid(
            f"The {where.scheme}:// storage cannot be set up ({type(error).__name__}).",
            "Look at the environment variables that hold its credentials.",
        ) from error


def _opener(scheme: str) -> Callable[[Location], Blobs]:
    # The clients of the clouds take long to load; a local store needs none of them.
    if scheme == "s3":
        from tirage.blobs.s3 import open_s3

        return open_s3
    if scheme == "gs":
        from tirage.blobs.gcs import open_gcs

        return open_gcs
    from tirage.blobs.azure import open_azure

    return open_azure
