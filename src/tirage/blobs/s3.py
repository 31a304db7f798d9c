"""Objects in Amazon S3 or a store that speaks its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obstore.store import S3Store

from tirage.blobs.cloud import CLIENT, RETRY, CloudBlobs
from tirage.blobs.location import Location

if TYPE_CHECKING:
    from obstore.store import RetryConfig, S3Config


def open_s3(where: Location, *, retry: RetryConfig = RETRY) -> CloudBlobs:
    """The bucket of `s3://bucket/prefix?region=…&endpoint=…&path_style=1`.

    Credentials come from AWS_ACCESS_KEY_ID and its kin, from a web identity or from the machine's role. Requests
    are signed over the SHA-256 of their bodies, so that the store itself refuses bytes that changed on the way.
    """
    config: S3Config = {}
    endpoint = where.option("endpoint")
    if region := where.option("region"):
        config["region"] = region
    if endpoint:
        config["endpoint"] = endpoint
    if (style := where.option("path_style")) is not None:
        config["virtual_hosted_style_request"] = style.lower() not in ("1", "true", "yes", "on")
    store = S3Store(
        where.bucket,
        prefix=where.prefix or None,
        config=config,
        client_options={**CLIENT, "allow_http": bool(endpoint and endpoint.startswith("http://"))},
        retry_config=retry,
    )
    return CloudBlobs("s3", store, proves=True)
