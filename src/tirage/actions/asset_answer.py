"""A file or folder of the media library → what the wire says of it, and where its bytes lie."""

from __future__ import annotations

import hmac

from tirage.actions.picture_answer import Wire, timestamp
from tirage.store.assets import Asset, AssetPage
from tirage.store.vault import Vault

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "image/avif": "avif",
    "image/svg+xml": "svg",
}
"""Endings by media type."""
THUMBNAILS = {"png": "png", "jpg": "jpg", "webp": "webp", "avif": "avif", "gif": "png", "tiff": "png"}
"""Endings of thumbnails by those of files; the others are their own."""
_PURPOSE = "media addresses"


class WireAsset(Wire):
    """A file of the media library, or a folder, which has no address."""

    id: str
    folder: bool
    mime_type: str | None
    filename: str
    size: int
    animated: bool | None
    url: str | None
    thumbnail_url: str | None
    date_created: str
    date_updated: str
    width: int | None
    height: int | None
    parent_id: str | None


class WireAssetPage(Wire):
    """A page of the library, newest first."""

    page: int
    total_pages: int
    results: list[WireAsset]


def asset_answer(base: str, vault: Vault, asset: Asset) -> WireAsset:
    """A record as the wire tells it."""
    url = thumbnail = None
    if not asset.folder:
        stem = f"{base}/media/{asset.id}/{asset_mark(vault, asset.id)}"
        ending = EXTENSIONS[asset.media_type]
        small = THUMBNAILS.get(ending)
        url = f"{stem}.{ending}"
        thumbnail = f"{stem}_t.{small}" if small else url
    return WireAsset(
        id=asset.id,
        folder=asset.folder,
        mime_type=asset.media_type or None,
        filename=asset.filename,
        size=asset.size,
        animated=asset.animated,
        url=url,
        thumbnail_url=thumbnail,
        date_created=timestamp(asset.created_at),
        date_updated=timestamp(asset.updated_at),
        width=asset.width,
        height=asset.height,
        parent_id=asset.parent_id,
    )


def page_answer(base: str, vault: Vault, page: AssetPage) -> WireAssetPage:
    """A page as the wire tells it."""
    return WireAssetPage(
        page=page.page,
        total_pages=page.total_pages,
        results=[asset_answer(base, vault, each) for each in page.results],
    )


def asset_mark(vault: Vault, uid: str) -> str:
    """What makes a file's address unguessable. It stays when the file is replaced: designs show the new one."""
    return hmac.digest(vault.derive(_PURPOSE), uid.encode(), "sha256").hex()[:20]


def thumbnail_key(blob_key: str) -> str:
    """Where the thumbnail of a file lies."""
    stem, _, ending = blob_key.rpartition(".")
    return f"{stem}_t.{THUMBNAILS[ending]}"


def object_keys(blob_key: str) -> tuple[str, ...]:
    """Every object that may lie in storage for a file."""
    return (blob_key, thumbnail_key(blob_key)) if blob_key.rpartition(".")[2] in THUMBNAILS else (blob_key,)
