"""The media library: files and folders of a workspace, listed in numbered pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.store.errors import Invalid, NotFound
from tirage.store.unique import with_new_uid

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A file about to be recorded, its bytes stored under `blob_key`; `animated` None where there are no frames."""

    filename: str
    media_type: str
    size: int
    sha256: bytes
    blob_key: str
    width: int | None = None
    height: int | None = None
    animated: bool | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the media library, or a folder, which has no bytes and no object."""

    id: str
    workspace_id: str
    parent_id: str | None
    folder: bool
    filename: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    animated: bool | None
    sha256: bytes | None
    blob_key: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AssetPage:
    """One page of a folder: its number, how many there are (1 for an empty folder), its assets newest first."""

    page: int
    total_pages: int
    results: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class ReplacedAsset:
    """An asset with its new file, and the object of the old one, None where both have the same bytes."""

    asset: Asset
    old_blob_key: str | None


@dataclass(frozen=True, slots=True)
class DeletedAsset:
    """An asset that is gone, and the objects (of a folder: of everything in it) that nothing names any more."""

    asset: Asset
    blob_keys: tuple[str, ...]


_COLUMNS: LiteralString = """
    id, workspace_id, parent_id, folder, filename, media_type, size, width, height, animated, sha256, blob_key,
    created_at, updated_at
"""
_INSERT: LiteralString = (
    """
INSERT INTO assets ("""
    + _COLUMNS
    + """)
VALUES (
    %(uid)s, %(workspace)s, %(parent)s, %(folder)s, %(filename)s, %(media_type)s, %(size)s, %(width)s, %(height)s,
    %(animated)s, %(sha256)s, %(blob_key)s, %(now)s, %(now)s
)
ON CONFLICT DO NOTHING
RETURNING """
    + _COLUMNS
    + """
"""
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM assets WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_PUBLIC: LiteralString = "SELECT " + _COLUMNS + " FROM assets WHERE id = %(uid)s AND NOT folder"
_COUNT: LiteralString = """
SELECT count(*) FROM assets
WHERE workspace_id = %(workspace)s AND parent_id IS NOT DISTINCT FROM %(parent)s::text
"""
_PAGE: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM assets
WHERE workspace_id = %(workspace)s AND parent_id IS NOT DISTINCT FROM %(parent)s::text
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s
"""
)
_LOCK: LiteralString = _GET + " FOR UPDATE"
_REPLACE: LiteralString = (
    """
UPDATE assets
SET filename = %(filename)s, media_type = %(media_type)s, size = %(size)s, width = %(width)s, height = %(height)s,
    animated = %(animated)s, sha256 = %(sha256)s, blob_key = %(blob_key)s, updated_at = %(now)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
_BLOB_KEYS: LiteralString = """
WITH RECURSIVE inside AS (
    SELECT id, blob_key FROM assets WHERE workspace_id = %(workspace)s AND id = %(uid)s
    UNION ALL
    SELECT assets.id, assets.blob_key FROM assets JOIN inside ON assets.parent_id = inside.id
    WHERE workspace_id = %(workspace)s
)
SELECT blob_key FROM inside WHERE blob_key IS NOT NULL
"""
_DELETE: LiteralString = (
    """
DELETE FROM assets WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)


async def insert(tx: Transaction, new: NewAsset, now: datetime, *, parent: str | None = None) -> Asset:
    """Record a file, in a folder where one is named. Raises NotFound `asset_not_found` for a folder that is none."""
    await _require_folder(tx, parent)
    values = {name: getattr(new, name) for name in NewAsset.__slots__}
    return await with_new_uid(
        lambda uid: tx.one(Asset, _INSERT, uid=uid, parent=parent, folder=False, now=now, **values)
    )


async def create_folder(tx: Transaction, name: str, now: datetime, *, parent: str | None = None) -> Asset:
    """A new empty folder. Raises NotFound `asset_not_found` for a parent that is none."""
    await _require_folder(tx, parent)
    return await with_new_uid(
        lambda uid: tx.one(
            Asset,
            _INSERT,
            uid=uid,
            parent=parent,
            folder=True,
            filename=name,
            media_type="",
            size=0,
            width=None,
            height=None,
            animated=None,
            sha256=None,
            blob_key=None,
            now=now,
        )
    )


async def get(tx: Transaction, uid: str) -> Asset:
    """One asset. Raises NotFound `asset_not_found`."""
    return _found(await tx.one(Asset, _GET, uid=uid), uid)


async def find_public(system: Transaction, uid: str) -> Asset | None:
    """A file by its id alone, for its public address. In a transaction of the system."""
    return await system.one(Asset, _PUBLIC, uid=uid)


async def page(tx: Transaction, number: int = 1, *, parent: str | None = None, size: int = PAGE_SIZE) -> AssetPage:
    """A page of the library or of a folder, newest first, counted from 1; a page past the last one is empty."""
    count = await tx.value(_COUNT, parent=parent)
    chosen = max(number, 1)
    rows = []
    # Beyond the last page there is nothing to skip to, and an offset has only 63 bits.
    if (chosen - 1) * size < count:
        rows = await tx.all(Asset, _PAGE, parent=parent, limit=size, offset=(chosen - 1) * size)
    return AssetPage(chosen, max(1, -(-count // size)), tuple(rows))


async def replace(tx: Transaction, uid: str, new: NewAsset, now: datetime) -> ReplacedAsset:
    """Put another file in an asset's place. Raises NotFound `asset_not_found`, Invalid `asset_is_folder`."""
    old = _found(await tx.one(Asset, _LOCK, uid=uid), uid)
    if old.folder:
        raise Invalid(Problem("asset_is_folder", f"{uid} is a folder; it has no file to replace."))
    values = {name: getattr(new, name) for name in NewAsset.__slots__}
    asset = _found(await tx.one(Asset, _REPLACE, uid=uid, now=now, **values), uid)
    return ReplacedAsset(asset, old.blob_key if old.blob_key != asset.blob_key else None)


async def delete(tx: Transaction, uid: str) -> DeletedAsset:
    """Remove an asset, a folder with everything in it; the objects are the caller's. Raises NotFound."""
    keys = await tx.values(_BLOB_KEYS, uid=uid)
    asset = _found(await tx.one(Asset, _DELETE, uid=uid), uid)
    return DeletedAsset(asset, tuple(keys))


async def _require_folder(tx: Transaction, parent: str | None) -> None:
    if parent is not None and not (await get(tx, parent)).folder:
        raise NotFound.of("asset", parent)


def _found(asset: Asset | None, uid: str) -> Asset:
    if asset is None:
        raise NotFound.of("asset", uid)
    return asset
