"""The address of a file in the media library → the file; for browsers, and for designs that name it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from tirage.actions.asset_answer import asset_mark
from tirage.assets.fetched import Fetched
from tirage.blobs import StorageProblem
from tirage.context import Service
from tirage.store import assets
from tirage.store.assets import Asset
from tirage.store.errors import NotFound


async def find_asset(service: Service, uid: str, file: str) -> tuple[Asset, bool]:
    """The file at a public address, and whether its thumbnail is meant. Raises NotFound `asset_not_found`.

    The ending is not compared: it may be that of a file that was replaced since.
    """
    stem = file.rpartition(".")[0]
    mark = stem.removesuffix("_t")
    async with service.database.system() as system:
        asset = await assets.find_public(system, uid)
    if asset is None or not hmac.compare_digest(mark.encode(), asset_mark(service.vault, uid).encode()):
        raise NotFound.of("asset", uid)
    return asset, stem != mark


async def asset_bytes(service: Service, asset: Asset) -> bytes:
    """The bytes of a file. Raises NotFound `asset_not_found` where the object is gone, StorageProblem."""
    try:
        return await (await service.blobs.get(asset.blob_key or "")).read()
    except StorageProblem as error:
        if error.code == "storage_not_found":
            raise NotFound.of("asset", asset.id) from error
        raise


async def own_files(service: Service, workspace: str, sources: Iterable[str]) -> dict[str, Fetched]:
    """The sources that are files of the workspace's own library, without a detour over the network.

    Those of other workspaces are left to whoever refuses addresses of this service. Raises StorageProblem.
    """
    prefix = f"{service.public_url}/media/"
    found = {}
    for source in sources:
        uid, slash, file = source.removeprefix(prefix).partition("/")
        if not source.startswith(prefix) or not slash:
            continue
        try:
            asset, small = await find_asset(service, uid, file.partition("?")[0])
            if asset.workspace_id == workspace and not small:
                found[source] = Fetched.of(await asset_bytes(service, asset), asset.media_type, source)
        except NotFound:
            continue
    return found
