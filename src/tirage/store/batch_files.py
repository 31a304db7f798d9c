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
    path_folder || '/' || path_name || '.' || extension AS path, width, height,
    count(*) OVER (PARTITION BY number, images.template_id, images.format, options::jsonb ->> 'size',
        options::jsonb ->> 'locale') > 1 AS several, images.template_id,
    COALESCE(options::jsonb ->> 'size', '') AS size_name, COALESCE(options::jsonb ->> 'locale', '') AS locale,
    images.template_id <> batches.template_id AS other_design
FROM batch_rows JOIN batches ON batches.id = batch_id AND batches.workspace_id = batch_rows.workspace_id
JOIN images ON images.workspace_id = batch_rows.workspace_id
    AND (images.id = image_id OR images.id = ANY(more_images))
WHERE batch_rows.workspace_id = %(workspace)s AND batch_id = %(uid)s AND number > %(after)s AND number <= %(last)s
ORDER BY number, images.id <> image_id, array_position(more_images, images.id::text), page_index LIMIT %(limit)s
"""
_BYTES: LiteralString = """
SELECT COALESCE(sum(size), 0)::bigint FROM batch_rows JOIN images ON images.workspace_id = batch_rows.workspace_id
    AND (images.id = image_id OR images.id = ANY(more_images))
WHERE batch_rows.workspace_id = %(workspace)s AND batch_id = %(uid)s AND extension = %(extension)s
"""
_SAME: LiteralString = """
WITH same AS (
    SELECT id, page_index FROM images WHERE workspace_id = %(workspace)s AND recipe = %(recipe)s
), held AS (
    SELECT same.id, page_index, number FROM same JOIN batch_rows ON image_id = same.id AND image_id <> ''
    WHERE workspace_id = %(workspace)s AND batch_id = %(base)s
    UNION ALL
    SELECT same.id, page_index, number FROM same
    JOIN batch_rows ON more_images @> ARRAY[same.id::text] AND more_images <> '{}'
    WHERE workspace_id = %(workspace)s AND batch_id = %(base)s
)
SELECT DISTINCT ON (page_index) id FROM held ORDER BY page_index, number <> %(number)s, number
"""
_FAILED: LiteralString = """
SELECT number, row_values, problem FROM batch_rows
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s AND state = 'failed' AND number > %(after)s
ORDER BY number LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of a finished row. `several` says that the design has pages, told apart by `page_index`.

    `size_name` and `locale` are those asked for; `other_design` says that it is not of the batch's first design.
    """

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
    template_id: str
    size_name: str
    locale: str
    other_design: bool

    @property
    def file_name(self) -> str:
        """What the file is called beside those of the other rows."""
        label = file_label(
            self.template_id if self.other_design else "",
            self.size_name,
            self.locale,
            self.page_index if self.several else None,
        )
        return f"{self.name or f'{self.number:05d}'}{label}.{self.extension}"


def file_label(design: str, size: str, locale: str, page: int | None) -> str:
    """What tells the files of one row apart, beside their endings: such as "-story-de-2"."""
    parts = (design, size, locale, "" if page is None else str(page + 1))
    return "".join(f"-{each}" for each in parts if each)


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


async def bytes_of(tx: Transaction, uid: str, extension: str) -> int:
    """The bytes of all files of finished rows that end so."""
    return int(await tx.value(_BYTES, uid=uid, extension=extension))


async def same_pictures(tx: Transaction, base: str, recipe: bytes, number: int) -> tuple[str, ...]:
    """The pictures of another batch with this recipe, one a page; rather those of its row of the same number."""
    return tuple(await tx.values(_SAME, base=base, recipe=recipe, number=number))


async def failed_rows(tx: Transaction, uid: str, after: int, limit: int) -> list[FailedRow]:
    """Failed rows with their values, by number, from behind `after`."""
    return await tx.all(FailedRow, _FAILED, uid=uid, after=after, limit=limit)
