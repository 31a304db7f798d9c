"""What is fetched of a batch's rows: the files of those that are done, the values of those that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from tirage.db.connect import Transaction

_SIZES: LiteralString = """
SELECT number, (SELECT sum(size) FROM images WHERE images.workspace_id = batch_rows.workspace_id
    AND (images.id = image_id OR images.id = ANY(more_images)))::bigint AS size
FROM batch_rows WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'done' AND number > %(after)s
ORDER BY number LIMIT %(limit)s
"""
_FILES: LiteralString = """
SELECT number, batch_rows.name, page_index, extension, blob_key, size, sha256, images.created_at,
    path_folder || '/' || path_name || '.' || extension AS path, width, height, more_images <> '{}' AS several
FROM batch_rows JOIN images ON images.workspace_id = batch_rows.workspace_id
    AND (images.id = image_id OR images.id = ANY(more_images))
WHERE batch_rows.workspace_id = %(workspace)s AND batch_id = %(uid)s AND number > %(after)s AND number <= %(last)s
ORDER BY number, page_index LIMIT %(limit)s
"""
_FAILED: LiteralString = """
SELECT number, row_values, problem FROM batch_rows
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'failed' AND number > %(after)s
ORDER BY number LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of a finished row. `several` says that the row has more, told apart by `page_index`."""

    number: int
    name: str
    page_index: int
    extension: str
    blob_key: str
    size: int
    sha256: bytes
    created_at: datetime
    path: str
    width: int
    height: int
    several: bool

    @property
    def file_name(self) -> str:
        """What the file is called beside those of the other rows."""
        stem = self.name or f"{self.number:05d}"
        return f"{stem}-{self.page_index + 1}.{self.extension}" if self.several else f"{stem}.{self.extension}"


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A failed row with its values, both as JSON; empty values where the row could not be read."""

    number: int
    row_values: str
    problem: str


@dataclass(frozen=True, slots=True)
class RowSize:
    """How many bytes the files of a finished row have together."""

    number: int
    size: int | None


async def row_sizes(tx: Transaction, uid: str, after: int, limit: int) -> list[RowSize]:
    """The bytes of finished rows, by number, from behind `after`."""
    return await tx.all(RowSize, _SIZES, uid=uid, after=after, limit=limit)


async def files(tx: Transaction, uid: str, after: int, last: int, limit: int) -> list[RowFile]:
    """The files of finished rows behind `after` up to `last`, by number and page; the last row may be incomplete."""
    return await tx.all(RowFile, _FILES, uid=uid, after=after, last=last, limit=limit)


async def failed_rows(tx: Transaction, uid: str, after: int, limit: int) -> list[FailedRow]:
    """Failed rows with their values, by number, from behind `after`."""
    return await tx.all(FailedRow, _FAILED, uid=uid, after=after, limit=limit)
