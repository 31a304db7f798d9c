"""Objects in Azure Blob Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obstore.store import AzureStore

from tirage.blobs.cloud import CLIENT, RETRY, CloudBlobs
from tirage.blobs.location import Location

if TYPE_CHECKING:
    from obstore.store import AzureConfig, RetryConfig


def open_azure(where: Location, *, retry: RetryConfig = RETRY) -> CloudBlobs:
    """The container of `az://account/container/prefix?endpoint=…`.

    Credentials come from AZURE_STORAGE_ACCOUNT_KEY and its kin or from the machine's managed identity.
    """
    account, _, container = where.bucket.partition("/")
    endpoint = where.option("endpoint")
    config: AzureConfig = {"account_name": account}
    if endpoint:
        config["endpoint"] = endpoint
    store = AzureStore(
        container,
        prefix=where.prefix or None,
        config=config,
        client_options={**CLIENT, "allow_http": bool(endpoint and endpoint.startswith("http://"))},
        retry_config=retry,
    )
    return CloudBlobs("azure", store)
