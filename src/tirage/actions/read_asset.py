"""A file of the media library → its bytes, or its thumbnail, which is made at the first read and kept."""

from __future__ import annotations

from dataclasses import dataclass

from tirage.actions.asset_answer import EXTENSIONS, THUMBNAILS, thumbnail_key
from tirage.actions.find_asset import asset_bytes
from tirage.actions.render_request import in_slot
from tirage.blobs import StorageProblem
from tirage.context import Service
from tirage.pool.job import Job
from tirage.store.assets import Asset

THUMBNAIL_WIDTH = 300
_FORMATS = {"jpg": "jpeg"}
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}


@dataclass(frozen=True, slots=True)
class AssetFile:
    """What an address of the library answers with; `etag` changes with the bytes."""

    data: bytes
    media_type: str
    etag: str
    filename: str


def etag_of(asset: Asset, small: bool) -> str:
    """The entity tag of a file or of its thumbnail, known without reading the bytes."""
    return f'"{(asset.sha256 or b"").hex()[:32]}{"-t" if small else ""}"'


async def read_asset(service: Service, asset: Asset, small: bool) -> AssetFile:
    """The bytes. Raises NotFound `asset_not_found` where the object is gone, StorageProblem, RenderProblem."""
    ending = EXTENSIONS[asset.media_type]
    etag = etag_of(asset, small)
    if not small or ending not in THUMBNAILS:
        return AssetFile(await asset_bytes(service, asset), asset.media_type, etag, asset.filename)
    key, media_type = thumbnail_key(asset.blob_key or ""), _TYPES[THUMBNAILS[ending]]
    try:
        data = await (await service.blobs.get(key)).read()
    except StorageProblem as error:
        if error.code != "storage_not_found":
            raise
        data = await _shrunk(service, asset, await asset_bytes(service, asset), THUMBNAILS[ending])
        await service.blobs.put(key, data, media_type)
    return AssetFile(data, media_type, etag, asset.filename)


async def _shrunk(service: Service, asset: Asset, data: bytes, ending: str) -> bytes:
    """Pictures are decoded in the drawing processes only."""
    header = {"kind": "shrink", "width": THUMBNAIL_WIDTH, "format": _FORMATS.get(ending, ending)}
    reply = await in_slot(service, Job(f"shrink {asset.workspace_id}", asset.workspace_id, header, [data]))
    return reply.parts[0]
