"""A bucket of somebody else's, written to with their credentials and nothing of this process's own."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore import exceptions
from obstore.store import S3Store

from tirage.blobs.cloud import CLIENT, translated
from tirage.blobs.location import Location, invalid

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Credential

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
PROVIDERS = (
    "amazonaws.com",
    "storage.googleapis.com",
    "r2.cloudflarestorage.com",
    "backblazeb2.com",
    "digitaloceanspaces.com",
    "wasabisys.com",
    "linodeobjects.com",
    "scw.cloud",
    "your-objectstorage.com",
    "ovh.net",
)
"""Whose names lead to their own machines only: an endpoint elsewhere could be in our own network."""
# Whoever waits is a row: a bucket that is away fails it soon, and it can be drawn again.
_RETRY: RetryConfig = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
}


class Bucket:
    """Objects under a prefix of a bucket that speaks S3. Raises StorageProblem `storage_denied`, `…_unavailable`."""

    def __init__(self, where: Location, access_key: str, secret: str) -> None:
        endpoint = endpoint_of(where)
        credential: S3Credential = {
            "access_key_id": access_key,
            "secret_access_key": secret,
            "token": None,
            "expires_at": None,
        }
        self._store = S3Store(
            where.bucket,
            prefix=where.prefix or None,
            # All of it is said, so that no variable of this process's environment speaks for the caller.
            config={
                "region": where.option("region") or "us-east-1",
                "endpoint": endpoint,
                "aws_endpoint_url_s3": endpoint,
                "virtual_hosted_style_request": False,
                "skip_signature": False,
            },
            credential_provider=lambda: credential,
            client_options={**CLIENT, "allow_http": endpoint.startswith("http://")},
            retry_config=_RETRY,
        )

    async def put(self, name: str, data: bytes, media_type: str) -> None:
        """Write an object, whole; one of the same name is replaced."""
        try:
            await obstore.put_async(self._store, name, data, attributes={"Content-Type": media_type})
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, name) from error

    async def delete(self, name: str) -> None:
        """Remove an object."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except (exceptions.BaseError, OSError) as error:
            raise translated(error, name) from error


def endpoint_of(where: Location) -> str:
    """The address that a location is reached at; Amazon's of its region where none is named.

    Raises StorageProblem `storage_location_invalid` for other stores than S3, and names that no bucket or region has.
    """
    if where.scheme != "s3":
        raise invalid(
            "A destination speaks S3.", "Use s3://bucket/prefix?region=…, with endpoint=… for other providers."
        )
    if _BUCKET.fullmatch(where.bucket) is None or ".." in where.bucket:
        raise invalid(f"{where.bucket[:70]!r} cannot be the name of a bucket.")
    region = where.option("region") or ""
    if region and _REGION.fullmatch(region) is None:
        raise invalid(f"{region[:50]!r} cannot be the name of a region.")
    endpoint = where.option("endpoint")
    if endpoint:
        return endpoint.rstrip("/")
    if not region:
        raise invalid("The destination names no region.", "Add ?region=eu-central-1, or the endpoint of the provider.")
    return f"https://s3.{region}.amazonaws.com"


def of_a_provider(endpoint: str) -> bool:
    """Whether an endpoint is one of a known provider, by https and at the usual port."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    known = any(host == each or host.endswith(f".{each}") for each in PROVIDERS)
    return parts.scheme == "https" and known and parts.port in (None, 443) and parts.path in ("", "/")
