"""How a batch's table is read: where it comes from, what its columns are for, what its rows' files are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from tirage.db.connect import Transaction

_PUT: LiteralString = """
INSERT INTO batch_orders (batch_id, workspace_id, naming, mapping, encoding, delimiter, sheet, source_url, source_query,
                          destination, outputs, base_batch)
VALUES (%(uid)s, %(workspace)s, %(naming)s, %(mapping)s, %(encoding)s, %(delimiter)s, %(sheet)s, %(source_url)s,
        %(source_query)s, %(destination)s, %(outputs)s, %(base_batch)s)
"""
_GET: LiteralString = """
SELECT naming, mapping, encoding, delimiter, sheet, source_url, source_query, destination, outputs, base_batch
FROM batch_orders
WHERE workspace_id = %(workspace)s AND batch_id = %(uid)s
"""
_FETCHED: LiteralString = """
UPDATE batches SET source_key = %(key)s
WHERE workspace_id = %(workspace)s AND id = %(uid)s AND source_key = '' AND state IN ('queued', 'running', 'paused')
"""


@dataclass(frozen=True, slots=True)
class TableOrder:
    """What was asked for about a table; empty texts leave it to the reader. `mapping` is a JSON object.

    `destination` is the id of the bucket that the files are handed over to. `outputs` is a JSON array of what each row
    becomes, empty for one file of the batch's design and format; `base_batch` the batch whose pictures may be taken.
    """

    naming: str = ""
    mapping: str = "{}"
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    source_url: str = ""
    source_query: str = ""
    destination: str | None = None
    outputs: str = "[]"
    base_batch: str | None = None


async def put(tx: Transaction, uid: str, order: TableOrder) -> None:
    """Keep what was asked for; in the transaction that makes the batch."""
    await tx.execute(
        _PUT, uid=uid, naming=order.naming, mapping=order.mapping, encoding=order.encoding, delimiter=order.delimiter,
        sheet=order.sheet, source_url=order.source_url, source_query=order.source_query,
        destination=order.destination, outputs=order.outputs, base_batch=order.base_batch,
    )  # fmt: skip


async def get(tx: Transaction, uid: str) -> TableOrder:
    """What was asked for; of batches from before there were orders, nothing."""
    return await tx.one(TableOrder, _GET, uid=uid) or TableOrder()


async def fetched(tx: Transaction, uid: str, key: str) -> bool:
    """The table of a batch lies at this key now; whether it is the one that is kept."""
    return await tx.execute(_FETCHED, uid=uid, key=key) == 1
