"""A table as it comes in → an object that a batch will read; nobody looks at its rows yet."""

from __future__ import annotations

from dataclasses import dataclass

from tirage.blobs.port import Data, type_of
from tirage.blobs.problems import StorageProblem
from tirage.context import Service
from tirage.ids import new_token


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table in the store; `sha256` in hex."""

    key: str
    size: int
    sha256: str


async def store_table(service: Service, workspace: str, extension: str, data: Data, size: int = 0) -> StoredTable:
    """Store a table under a new key; `size` is what is known of its bytes. Raises StorageProblem."""
    await service.blobs.admit(size)
    key = f"{workspace}/batches/{new_token().lower()}.{extension}"
    stored = await service.blobs.put(key, data, type_of(key))
    return StoredTable(stored.key, stored.size, stored.sha256)


async def move_table(service: Service, workspace: str, table: StoredTable) -> StoredTable:
    """The same table among the objects of another workspace. Raises StorageProblem."""
    if table.key.startswith(f"{workspace}/"):
        return table
    found = await service.blobs.get(table.key)
    moved = await store_table(service, workspace, table.key.rpartition(".")[2], found.stream, table.size)
    await drop_table(service, table)
    return moved


async def drop_table(service: Service, table: StoredTable) -> None:
    """Remove a table that no batch will read; where the store is away it stays, as an object that nothing names."""
    try:
        await service.blobs.delete(table.key)
    except StorageProblem:
        return
