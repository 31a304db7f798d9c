"""Pictures: what was made of what, found by id, by address, and newest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString

from tirage.db.connect import Transaction
from tirage.db.exchange import Statement
from tirage.ids import new_uid
from tirage.store.errors import NotFound
from tirage.store.paging import Page, Position, read_cursor
from tirage.store.unique import with_new_uid

Status = Literal["succeeded", "failed"]
LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class NewImage:
    """A picture about to be recorded. `path_folder` and `path_name` are the parts of `ids.picture_path`.

    `overrides` (the layer objects), `options`, `report` and `origin` (what else decided the bytes) are JSON text;
    `recipe` and `sha256` have 32 bytes.
    """

    template_id: str
    template_version: int
    path_folder: str
    path_name: str
    extension: str
    format: str
    media_type: str
    width: int
    height: int
    size: int
    sha256: bytes
    blob_key: str
    recipe: bytes
    overrides: str
    options: str
    report: str = ""
    metadata: str = ""
    page_index: int = 0
    pages: int = 1
    status: Status = "succeeded"
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A recorded picture."""

    id: str
    workspace_id: str
    template_id: str
    template_version: int
    status: Status
    path_folder: str
    path_name: str
    extension: str
    format: str
    media_type: str
    width: int
    height: int
    page_index: int
    pages: int
    size: int
    sha256: bytes
    blob_key: str
    recipe: bytes
    overrides: str
    options: str
    report: str
    metadata: str
    origin: str
    created_at: datetime

    @property
    def path(self) -> str:
        """The part of the picture's address after `/images/`."""
        return f"{self.path_folder}/{self.path_name}.{self.extension}"


@dataclass(frozen=True, slots=True)
class ImageFilter:
    """Which pictures a list shows; None is all. `since` belongs to the span, `until` does not.

    `templates` bounds the list to those of some designs, whatever else is asked for.
    """

    template_id: str | None = None
    format: str | None = None
    metadata: str | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None
    templates: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return "\0".join("" if value is None else f"={value}" for value in asdict(self).values())


_COLUMNS: LiteralString = """
    id, workspace_id, template_id, template_version, status, path_folder, path_name, extension, format, media_type,
    width, height, page_index, pages, size, sha256, blob_key, recipe, overrides, options, report, metadata, origin,
    created_at
"""
# Without a target: a taken id and a taken address both give no row; which of them it was is asked afterwards.
_INSERT: LiteralString = (
    """
INSERT INTO images ("""
    + _COLUMNS
    + """)
VALUES (
    %(uid)s, %(workspace)s, %(template_id)s, %(template_version)s, %(status)s, %(path_folder)s, %(path_name)s,
    %(extension)s, %(format)s, %(media_type)s, %(width)s, %(height)s, %(page_index)s, %(pages)s, %(size)s, %(sha256)s,
    %(blob_key)s, %(recipe)s, %(overrides)s, %(options)s, %(report)s, %(metadata)s, %(origin)s,
    %(now)s
)
"""
)
_INSERT_OR_NONE: LiteralString = (
    _INSERT
    + """
ON CONFLICT DO NOTHING
RETURNING """
    + _COLUMNS
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM images WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_BY_ID: LiteralString = "SELECT " + _COLUMNS + " FROM images WHERE id = %(uid)s"
_BY_PATH: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM images
WHERE workspace_id = %(workspace)s AND path_folder = %(path_folder)s AND path_name = %(path_name)s
"""
)
_PUBLIC: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM images WHERE path_folder = %(path_folder)s AND path_name = %(path_name)s
"""
)
_BY_RECIPE: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM images
WHERE workspace_id = %(workspace)s AND recipe = %(recipe)s AND status = 'succeeded'
ORDER BY created_at DESC, id DESC
LIMIT 1
"""
)
_PAGE: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM images
WHERE workspace_id = %(workspace)s
  AND (%(template_id)s::text IS NULL OR template_id = %(template_id)s)
  AND (%(templates)s::text[] IS NULL OR template_id = ANY(%(templates)s))
  AND (%(format)s::text IS NULL OR format = %(format)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(metadata)s::text IS NULL OR (md5(metadata) = md5(%(metadata)s) AND metadata = %(metadata)s))
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
  AND (%(after)s::timestamptz IS NULL OR (created_at, id) < (%(after)s, %(after_id)s))
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s
"""
)
_DELETE: LiteralString = (
    """
DELETE FROM images WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)


_FORGET: LiteralString = """
UPDATE batch_rows SET image_id = '' WHERE workspace_id = %(workspace)s AND image_id = %(uid)s AND image_id <> ''
"""
_FORGET_PAGE: LiteralString = """
UPDATE batch_rows SET more_images = array_replace(more_images, %(uid)s::text, '')
WHERE workspace_id = %(workspace)s AND more_images <> '{}' AND more_images @> ARRAY[%(uid)s::text]
"""


async def insert(tx: Transaction, new: NewImage, now: datetime) -> Image:
    """Record a picture. A picture that lies at this address already is given instead: the request was repeated."""
    values = _values(new)

    async def attempt(uid: str) -> Image | None:
        made = await tx.one(Image, _INSERT_OR_NONE, uid=uid, now=now, **values)
        return made or await by_path(tx, new.path_folder, new.path_name)

    return await with_new_uid(attempt)


def insertion(new: NewImage, workspace: str, now: datetime) -> tuple[Image, Statement]:
    """A picture under a new id, and the statement that records it; that fails where the id or the address is taken."""
    values = _values(new)
    uid = new_uid()
    return Image(id=uid, workspace_id=workspace, created_at=now, **values), Statement(
        _INSERT, {"uid": uid, "now": now, **values}
    )


def _values(new: NewImage) -> dict[str, Any]:
    return {name: getattr(new, name) for name in NewImage.__slots__}


async def get(tx: Transaction, uid: str) -> Image:
    """One picture by its id. Raises NotFound `image_not_found`."""
    return _found(await tx.one(Image, _GET, uid=uid), uid)


async def find_by_id(system: Transaction, uid: str) -> Image | None:
    """A picture by its id alone. In a transaction of the system: whoever asks compares its workspace with a key's."""
    return await system.one(Image, _BY_ID, uid=uid)


async def by_path(tx: Transaction, folder: str, name: str) -> Image | None:
    """The workspace's picture at an address, or None."""
    return await tx.one(Image, _BY_PATH, path_folder=folder, path_name=name)


async def by_recipe(tx: Transaction, recipe: bytes) -> Image | None:
    """The workspace's newest picture of a recipe, or None: its bytes are those that a render would give."""
    return await tx.one(Image, _BY_RECIPE, recipe=recipe)


async def find_public(system: Transaction, folder: str, name: str) -> Image | None:
    """The picture at an address, whoever's it is. In a transaction of the system: addresses are public, unguessable."""
    return await system.one(Image, _PUBLIC, path_folder=folder, path_name=name)


async def page(
    tx: Transaction, which: ImageFilter | None = None, *, cursor: str | None = None, limit: int = 50
) -> Page[Image]:
    """The workspace's pictures, newest first, at most `limit` (1 to 200). Rows that come or go do not shift the pages.

    Raises Invalid `cursor_invalid` for a cursor of another workspace or other filters.
    """
    chosen = which or ImageFilter()
    after = None if cursor is None else read_cursor(cursor, tx.workspace, str(chosen))
    size = min(max(limit, 1), LONGEST_PAGE)
    rows = await tx.all(
        Image,
        _PAGE,
        template_id=chosen.template_id,
        templates=None if chosen.templates is None else list(chosen.templates),
        format=chosen.format,
        metadata=chosen.metadata,
        status=chosen.status,
        since=chosen.since,
        until=chosen.until,
        after=after.created_at if after else None,
        after_id=after.id if after else None,
        limit=size + 1,
    )
    shown = rows[:size]
    more = Position(shown[-1].created_at, shown[-1].id).cursor(tx.workspace, str(chosen)) if len(rows) > size else None
    return Page(tuple(shown), more)


async def delete(tx: Transaction, uid: str) -> Image:
    """Remove a picture's record; its objects (`blob_key` and what was made of it) are the caller's to delete.

    Raises NotFound `image_not_found`.
    """
    gone = _found(await tx.one(Image, _DELETE, uid=uid), uid)
    # The row of a batch that it was of tells a removed picture from a lost one.
    await tx.execute(_FORGET_PAGE if gone.page_index else _FORGET, uid=uid)
    return gone


def _found(image: Image | None, uid: str) -> Image:
    if image is None:
        raise NotFound.of("image", uid)
    return image
