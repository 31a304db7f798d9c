"""A batch → what is fetched of it: its manifest, its errors, an archive of its files; streamed, never held."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby

import orjson
from stream_zip import NO_COMPRESSION_64, AsyncMemberFile, async_stream_zip

from tirage.actions.batch_outputs import read_wanted
from tirage.actions.merge_pdfs import merged
from tirage.actions.picture_answer import image_url
from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.faults import fault
from tirage.store import batch_files, batch_orders, batches
from tirage.store.batch_files import RowFile
from tirage.store.errors import Conflict, NotFound
from tirage.tables.write import escape_formula

PART_BYTES = 4_000_000_000
"""An archive is cut into parts of so many bytes of files: what every program and every file system takes."""
MOST_MERGED = 9_000_000_000
"""Bytes: a PDF's table of objects has ten digits for each place."""
_AT_ONCE = 500
_MODE = 0o100644
_LAST = 2**31 - 1
_MANIFEST = ("row", "file", "sha256", "bytes", "width", "height", "page", "url")
_ERRORS = ("row", "code", "layer", "message", "hint", "values")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an archive: rows behind `after` up to `last`. `of` is how many parts there are."""

    number: int
    of: int
    after: int
    last: int


async def manifest_lines(service: Service, workspace: str, uid: str, *, as_csv: bool) -> AsyncIterator[bytes]:
    """The files of finished rows with their digests, as CSV with a header or as NDJSON."""
    if as_csv:
        yield _line(_MANIFEST)
    async for files in _files(service, workspace, uid, 0, _LAST):
        told = [_entry(service.public_url, each) for each in files]
        yield b"".join(_line([str(value) for value in each.values()]) if as_csv else _json(each) for each in told)


async def error_lines(service: Service, workspace: str, uid: str) -> AsyncIterator[bytes]:
    """The failed rows as CSV: why, and the values as JSON, so that they can be mended and sent again."""
    yield _line(_ERRORS)
    after = 0
    while True:
        async with service.database.workspace(workspace) as tx:
            found = await batch_files.failed_rows(tx, uid, after, _AT_ONCE)
        if not found:
            return
        after = found[-1].number
        lines = []
        for row in found:
            problem = orjson.loads(row.problem)
            told = (str(problem.get(name) or "") for name in ("code", "layer", "message", "hint"))
            lines.append(_line([str(row.number), *told, row.row_values]))
        yield b"".join(lines)


async def archive_part(service: Service, workspace: str, uid: str, number: int) -> Part:
    """The part of that number, from 1. Raises NotFound `archive_part_not_found`."""
    lasts: list[int] = []
    after = held = 0
    while True:
        async with service.database.workspace(workspace) as tx:
            found = await batch_files.row_sizes(tx, uid, after, 10 * _AT_ONCE)
        if not found:
            break
        for row in found:
            if held and held + (row.size or 0) > PART_BYTES:
                lasts.append(after)
                held = 0
            held, after = held + (row.size or 0), row.number
    lasts.append(after)
    if not 1 <= number <= len(lasts):
        raise NotFound(Problem("archive_part_not_found", f"The archive has {len(lasts)} parts; there is no {number}."))
    return Part(number, len(lasts), lasts[number - 2] if number > 1 else 0, lasts[number - 1])


async def archive(service: Service, workspace: str, uid: str, part: Part) -> AsyncIterator[bytes]:
    """A ZIP (ZIP64 where it must be) of the part's files, stored as they are: pictures are compressed already."""

    async def members() -> AsyncIterator[AsyncMemberFile]:
        async for files in _files(service, workspace, uid, part.after, part.last):
            for each in files:
                # The whole file first: an object that is gone must not end an archive in the middle of a member.
                data = await (await service.blobs.get(each.blob_key)).read()
                fault("zip_half")
                yield (
                    each.file_name,
                    each.created_at,
                    _MODE,
                    NO_COMPRESSION_64(len(data), zlib.crc32(data)),
                    _once(data),
                )

    async for chunk in async_stream_zip(members()):
        yield chunk


async def require_pdfs(service: Service, workspace: str, uid: str) -> None:
    """Refuse to merge a batch without PDFs. Raises NotFound, Conflict `batch_not_pdf`, `batch_too_large`."""
    async with service.database.workspace(workspace) as tx:
        batch = await batches.get(tx, uid)
        order = await batch_orders.get(tx, uid)
        size = await batch_files.bytes_of(tx, uid, "pdf")
    if not any(each.output.format == "pdf" for each in read_wanted(order.outputs, batch)):
        hint = "Start it with pdf among its formats."
        raise Conflict(Problem("batch_not_pdf", "The batch makes no PDFs that could be merged.", hint=hint))
    if size > MOST_MERGED:
        message = (
            f"Merged, the batch would have more than {MOST_MERGED // 1_000_000_000} GB, the most that a PDF holds."
        )
        raise Conflict(Problem("batch_too_large", message, hint="Fetch the archive, or split the table."))


async def merged_pdf(service: Service, workspace: str, uid: str) -> AsyncIterator[bytes]:
    """One PDF with the pages of the PDFs of all finished rows, in their order."""

    async def documents() -> AsyncIterator[bytes]:
        async for files in _files(service, workspace, uid, 0, _LAST):
            for each in files:
                if each.extension == "pdf":
                    yield await (await service.blobs.get(each.blob_key)).read()

    async for part in merged(documents()):
        yield part


async def _files(service: Service, workspace: str, uid: str, after: int, last: int) -> AsyncIterator[list[RowFile]]:
    """All files of some rows, group after group; those of one row are never parted."""
    limit = _AT_ONCE
    while True:
        async with service.database.workspace(workspace) as tx:
            found = await batch_files.files(tx, uid, after, last, limit)
        whole = found
        if len(found) == limit:
            rows = [list(files) for _, files in groupby(found, key=lambda each: each.number)]
            whole = [each for row in rows[:-1] for each in row]
            if not whole:  # one row alone has more pages than were asked for
                limit *= 2
                continue
        if not whole:
            return
        yield whole
        if len(found) < limit:
            return
        after = whole[-1].number


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _entry(public_url: str, each: RowFile) -> dict[str, str | int]:
    return {
        "row": each.number,
        "file": each.file_name,
        "sha256": each.sha256.hex(),
        "bytes": each.size,
        "width": each.width,
        "height": each.height,
        "page": each.page_index,
        "url": image_url(public_url, each.path),
    }


def _json(entry: dict[str, str | int]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def _line(cells: tuple[str, ...] | list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow([escape_formula(cell) for cell in cells])
    return buffer.getvalue().encode()
