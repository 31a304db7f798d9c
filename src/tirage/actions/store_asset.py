"""An uploaded file → an asset of the media library, new or in an older one's place; or an empty folder."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable

from tirage.actions.asset_answer import EXTENSIONS, object_keys
from tirage.assets.content import SVG, picture_type
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.images.header import read_header
from tirage.store import assets
from tirage.store.assets import Asset, NewAsset

MAX_BYTES = 25_000_000
"""What a file of the library may have; the same as of a remote picture."""
_WITH_FRAMES = frozenset({"image/gif", "image/webp"})

Answering = Callable[[Transaction, Asset], Awaitable[None]]


async def store_asset(
    service: Service,
    workspace: str,
    filename: str,
    data: bytes,
    *,
    parent: str | None = None,
    answering: Answering | None = None,
) -> Asset:
    """Record a file whose bytes are a picture that can be drawn, in a folder where one is named.

    Raises ResourceProblem for other bytes, NotFound `asset_not_found` for the folder, StorageProblem.
    """
    async with service.database.workspace(workspace) as tx:
        if parent is not None:
            await assets.get(tx, parent)
    new = await _put(service, workspace, filename, data)
    try:
        async with service.database.workspace(workspace) as tx:
            asset = await assets.insert(tx, new, service.clock.now(), parent=parent)
            if answering is not None:
                await answering(tx, asset)
            return asset
    except BaseException:
        await service.blobs.delete(new.blob_key)
        raise


async def replace_asset(service: Service, workspace: str, uid: str, filename: str, data: bytes) -> Asset:
    """Put another file in an asset's place, under the same address.

    Raises as `store_asset`, NotFound `asset_not_found`, Invalid `asset_is_folder`.
    """
    async with service.database.workspace(workspace) as tx:
        await assets.get(tx, uid)
    new = await _put(service, workspace, filename, data)
    try:
        async with service.database.workspace(workspace) as tx:
            replaced = await assets.replace(tx, uid, new, service.clock.now())
    except BaseException:
        await service.blobs.delete(new.blob_key)
        raise
    if replaced.old_blob_key is not None:
        await forget_objects(service, (replaced.old_blob_key,))
    return replaced.asset


async def create_folder(
    service: Service, workspace: str, name: str, *, parent: str | None = None, answering: Answering | None = None
) -> Asset:
    """A new empty folder. Raises NotFound `asset_not_found` for a parent that is none."""
    async with service.database.workspace(workspace) as tx:
        asset = await assets.create_folder(tx, name, service.clock.now(), parent=parent)
        if answering is not None:
            await answering(tx, asset)
        return asset


async def delete_asset(service: Service, workspace: str, uid: str) -> Asset:
    """Remove a file, or a folder with everything in it. Raises NotFound `asset_not_found`, StorageProblem."""
    async with service.database.workspace(workspace) as tx:
        gone = await assets.delete(tx, uid)
    await forget_objects(service, gone.blob_keys)
    return gone.asset


async def forget_objects(service: Service, blob_keys: tuple[str, ...]) -> None:
    """Remove files and their thumbnails from storage."""
    for blob_key in blob_keys:
        for key in object_keys(blob_key):
            await service.blobs.delete(key)


async def _put(service: Service, workspace: str, filename: str, data: bytes) -> NewAsset:
    """Bytes in storage under a name of their own, and what their header tells; nothing is decoded here."""
    media_type, width, height, animated = await asyncio.to_thread(_look, data)
    await service.blobs.admit(len(data))
    key = f"{workspace}/media/{secrets.token_hex(10)}.{EXTENSIONS[media_type]}"
    await service.blobs.put(key, data, media_type)
    name = "".join(each for each in filename.replace("\\", "/").rpartition("/")[2] if each.isprintable())[:200]
    digest = hashlib.sha256(data).digest()
    return NewAsset(name or "file", media_type, len(data), digest, key, width, height, animated)


def _look(data: bytes) -> tuple[str, int | None, int | None, bool | None]:
    media_type = picture_type(data)
    if media_type == SVG:
        return media_type, None, None, None
    header = read_header(data)
    width, height = header.upright
    return media_type, width, height, header.frames > 1 if media_type in _WITH_FRAMES else None
