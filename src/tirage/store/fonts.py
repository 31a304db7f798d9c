"""A workspace's own fonts, each file once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.store.errors import NotFound
from tirage.store.unique import with_new_uid


@dataclass(frozen=True, slots=True)
class NewFont:
    """A font about to be recorded: its names as the file gives them, the hash and size of what was stored."""

    family: str
    style: str
    weight: int
    italic: bool
    filename: str
    size: int
    sha256: bytes
    blob_key: str


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
    created_at: datetime


_COLUMNS: LiteralString = """
    id, workspace_id, family, style, weight, italic, filename, size, sha256, blob_key, created_at
"""
_INSERT: LiteralString = (
    """
INSERT INTO fonts ("""
    + _COLUMNS
    + """)
VALUES (
    %(uid)s, %(workspace)s, %(family)s, %(style)s, %(weight)s, %(italic)s, %(filename)s, %(size)s, %(sha256)s,
    %(blob_key)s, %(now)s
)
ON CONFLICT DO NOTHING
RETURNING """
    + _COLUMNS
    + """
"""
)
_BY_HASH: LiteralString = (
    "SELECT " + _COLUMNS + " FROM fonts WHERE workspace_id = %(workspace)s AND sha256 = %(sha256)s"
)
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


async def insert(tx: Transaction, new: NewFont, now: datetime) -> Font:
    """Record a font; a file that the workspace has already is given instead."""
    values = {name: getattr(new, name) for name in NewFont.__slots__}

    async def attempt(uid: str) -> Font | None:
        made = await tx.one(Font, _INSERT, uid=uid, now=now, **values)
        return made or await tx.one(Font, _BY_HASH, sha256=new.sha256)

    return await with_new_uid(attempt)


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
