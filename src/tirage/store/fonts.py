"""A workspace's own fonts: one file for each style of a family."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.store.errors import Conflict, NotFound
from tirage.store.unique import with_new_uid


@dataclass(frozen=True, slots=True)
class NewFont:
    """A font about to be recorded: its names as the file gives them, the hash and size of what was stored.

    `face` is what drawing must know of it, JSON text of whoever wrote it.
    """

    family: str
    style: str
    weight: int
    italic: bool
    filename: str
    size: int
    sha256: bytes
    blob_key: str
    face: str = "{}"


@dataclass(frozen=True, slots=True)
class Font:
    """A font of a workspace. `weight` is 1 to 1000 (OpenType, OS/2)."""

    id: str
    workspace_id: str
    family: str
    style: str
    weight: int
    italic: bool
    filename: str
    size: int
    sha256: bytes
    blob_key: str
    face: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeptFont:
    """A font as it is recorded now; `old_blob_key` is the object of the file that it replaced."""

    font: Font
    old_blob_key: str | None


MARK: LiteralString = """
    coalesce((SELECT md5(string_agg(encode(fonts.sha256, 'hex'), '' ORDER BY fonts.id))
              FROM fonts WHERE fonts.workspace_id = %(workspace)s), '')
"""
_COLUMNS: LiteralString = """
    id, workspace_id, family, style, weight, italic, filename, size, sha256, blob_key, face, created_at
"""
# Whoever adds a font to a workspace waits for the one before: the number of fonts is bounded.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('fonts ' || %(workspace)s, 0))"
_COUNT: LiteralString = "SELECT count(*) FROM fonts WHERE workspace_id = %(workspace)s"
_INSERT: LiteralString = (
    """
INSERT INTO fonts ("""
    + _COLUMNS
    + """)
VALUES (
    %(uid)s, %(workspace)s, %(family)s, %(style)s, %(weight)s, %(italic)s, %(filename)s, %(size)s, %(sha256)s,
    %(blob_key)s, %(face)s, %(now)s
)
ON CONFLICT (id) DO NOTHING
RETURNING """
    + _COLUMNS
    + """
"""
)
_BY_STYLE: LiteralString = (
    "SELECT "
    + _COLUMNS
    + """ FROM fonts
WHERE workspace_id = %(workspace)s AND lower(family) = lower(%(family)s) AND lower(style) = lower(%(style)s)
"""
)
_REPLACE: LiteralString = (
    """
UPDATE fonts
SET family = %(family)s, style = %(style)s, weight = %(weight)s, italic = %(italic)s, filename = %(filename)s,
    size = %(size)s, sha256 = %(sha256)s, blob_key = %(blob_key)s, face = %(face)s, created_at = %(now)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)
_MARK: LiteralString = "SELECT " + MARK
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM fonts WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_LIST: LiteralString = (
    """
SELECT """
    + _COLUMNS
    + """ FROM fonts
WHERE workspace_id = %(workspace)s
ORDER BY created_at DESC, id DESC
"""
)
_DELETE: LiteralString = (
    """
DELETE FROM fonts WHERE workspace_id = %(workspace)s AND id = %(uid)s
RETURNING """
    + _COLUMNS
    + """
"""
)


async def put(tx: Transaction, new: NewFont, now: datetime, *, most: int) -> KeptFont:
    """Record a font. One of the same family and style (upper and lower case alike) keeps its id and gets this file.

    Raises Conflict `fonts_full` where the workspace has `most` fonts already.
    """
    values = {name: getattr(new, name) for name in NewFont.__slots__}
    await tx.value(_LOCK)
    old = await tx.one(Font, _BY_STYLE, family=new.family, style=new.style)
    if old is not None:
        replaced = await tx.one(Font, _REPLACE, uid=old.id, now=now, **values)
        return KeptFont(_found(replaced, old.id), old.blob_key)
    if await tx.value(_COUNT) >= most:
        message = f"The workspace has {most} fonts, which is the most it may have."
        raise Conflict(Problem("fonts_full", message, hint="Delete one that is no longer needed."))
    made = await with_new_uid(lambda uid: tx.one(Font, _INSERT, uid=uid, now=now, **values))
    return KeptFont(made, None)


async def mark(tx: Transaction) -> str:
    """A text that is another one as soon as the workspace's fonts are others; empty where it has none."""
    return str(await tx.value(_MARK))


async def list_fonts(tx: Transaction) -> list[Font]:
    """The workspace's fonts, newest first."""
    return await tx.all(Font, _LIST)


async def get(tx: Transaction, uid: str) -> Font:
    """One font. Raises NotFound `font_not_found`."""
    return _found(await tx.one(Font, _GET, uid=uid), uid)


async def delete(tx: Transaction, uid: str) -> Font:
    """Remove a font; its object is the caller's to delete. Raises NotFound `font_not_found`."""
    return _found(await tx.one(Font, _DELETE, uid=uid), uid)


def _found(font: Font | None, uid: str) -> Font:
    if font is None:
        raise NotFound.of("font", uid)
    return font
