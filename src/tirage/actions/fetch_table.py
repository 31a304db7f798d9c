"""An address or a query → a table in the store, fetched once: what is drawn again later is drawn from the same rows."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import IO

from tirage.actions.query_table import query_table
from tirage.actions.store_table import StoredTable, drop_table, store_table
from tirage.assets.download import Downloaded, download
from tirage.blobs.port import CHUNK
from tirage.context import Service
from tirage.store import batch_orders
from tirage.store.batch_orders import TableOrder
from tirage.tables.open import FORMATS

_TYPES = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.apache.parquet": "parquet",
}
UNKNOWN = "bin"
"""The ending of tables whose format their first bytes tell."""


@dataclass(frozen=True, slots=True)
class FetchedTable:
    """A table that was fetched; `table` is None where the address says that nothing has changed."""

    table: StoredTable | None
    etag: str = ""


async def fetch_for_batch(service: Service, workspace: str, uid: str, order: TableOrder) -> str:
    """The key of a batch's table, fetched by its order and recorded with the batch.

    Raises ResourceProblem `source_…`, TableProblem from a query, StorageProblem.
    """
    table = await fetch_source(service, workspace, order)
    async with service.database.workspace(workspace) as tx:
        kept = await batch_orders.fetched(tx, uid, table.key)
    if not kept:
        await drop_table(service, table)
    return table.key if kept else ""


async def fetch_source(service: Service, workspace: str, order: TableOrder, *, first: int = 0) -> StoredTable:
    """The table that an order names, stored; of a query `first` rows only, where it is not 0.

    Raises ResourceProblem `source_…`, TableProblem from a query, StorageProblem.
    """
    if order.source_query:
        return await _queried(service, workspace, order.source_query, first)
    found = await fetch_table(service, workspace, order.source_url)
    assert found.table is not None
    return found.table


async def fetch_table(service: Service, workspace: str, address: str, *, etag: str = "") -> FetchedTable:
    """The table at an address; with `etag`, only where it has changed since. Raises ResourceProblem, StorageProblem."""
    with tempfile.TemporaryFile() as file:
        found = await download(service.fetcher, address, file, etag=etag)
        if not found.changed:
            return FetchedTable(None, etag)
        size = file.seek(0, 2)
        file.seek(0)
        table = await store_table(service, workspace, format_of(found), _chunks(file), size)
        return FetchedTable(table, found.etag)


def format_of(found: Downloaded) -> str:
    """The format of what was fetched: by the name it is given, its type, its address; `bin` where none tells."""
    header = Message()
    header["content-disposition"] = found.disposition
    named = header.get_filename() or ""
    path = re.split(r"[?#]", found.final_url)[0]
    for name in (named, path):
        extension = name.rpartition(".")[2].lower()
        if extension in FORMATS:
            return FORMATS[extension]
    return _TYPES.get(found.media_type, UNKNOWN)


async def _queried(service: Service, workspace: str, query: str, first: int) -> StoredTable:
    with tempfile.TemporaryFile() as file:
        await query_table(service.settings, query, file, first=first)
        size = file.seek(0, 2)
        file.seek(0)
        return await store_table(service, workspace, "ndjson", _chunks(file), size)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while data := await asyncio.to_thread(file.read, CHUNK):
        yield data
