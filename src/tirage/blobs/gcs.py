"""Objects in Google Cloud Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obstore.store import GCSStore

from tirage.blobs.cloud import CLIENT, RETRY, CloudBlobs
from tirage.blobs.location import Location

if TYPE_CHECKING:
    from obstore.store import RetryConfig


def open_gcs(where: Location, *, retry: RetryConfig = RETRY) -> CloudBlobs:
    """The bucket of `gs://bucket/prefix`.

    Credentials come from GOOGLE_SERVICE_ACCOUNT, GOOGLE_APPLICATION_CREDENTIALS or the machine's service account.
    """
    store = GCSStore(where.bucket, prefix=where.prefix or None, client_options=CLIENT, retry_config=retry)
    return CloudBlobs("gcs", store)
