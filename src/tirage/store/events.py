"""The outbox: events written in the transaction of what they tell, each with a delivery for every hook that asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, cast

from tirage.db.connect import Transaction
from tirage.db.exchange import Statement
from tirage.ids import new_message_id
from tirage.store.errors import NotFound


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a workspace. `id` is the `webhook-id` of its deliveries, `payload` JSON text.

    `sequence` grows by one with each event of the workspace, in the order of their commits.
    """

    id: str
    workspace_id: str
    sequence: int
    type: str
    template_id: str | None
    payload: str
    created_at: datetime


_COLUMNS: LiteralString = "id, workspace_id, sequence, type, template_id, payload, created_at"

_NEXT: LiteralString = """
INSERT INTO event_sequences (workspace_id, last) VALUES (%(workspace)s, 1)
ON CONFLICT (workspace_id) DO UPDATE SET last = event_sequences.last + 1
RETURNING last
"""
# One statement, because every picture makes an event: its number where none was taken before, the event itself, and a
# delivery for each hook that wants it.
_ENQUEUE: LiteralString = (
    """
WITH next AS (
    INSERT INTO event_sequences (workspace_id, last)
    SELECT %(workspace)s, 1 WHERE %(sequence)s::bigint IS NULL
    ON CONFLICT (workspace_id) DO UPDATE SET last = event_sequences.last + 1
    RETURNING last
), event AS (
    INSERT INTO events ("""
    + _COLUMNS
    + """)
    SELECT %(uid)s, %(workspace)s, number, %(type)s, %(template_id)s, %(payload)s, %(now)s
    FROM (SELECT last FROM next UNION ALL SELECT %(sequence)s::bigint) AS numbers (number)
    WHERE number IS NOT NULL
    RETURNING """
    + _COLUMNS
    + """
), fan_out AS (
    INSERT INTO deliveries (event_id, hook_id, workspace_id, state, due_at, created_at)
    SELECT event.id, hooks.id, hooks.workspace_id, 'pending', event.created_at, event.created_at
    FROM hooks, event
    WHERE hooks.workspace_id = event.workspace_id AND hooks.event_type = event.type AND hooks.disabled_at IS NULL
      AND (hooks.template_id IS NULL OR hooks.template_id = event.template_id)
)
SELECT """
    + _COLUMNS
    + """ FROM event
"""
)
_GET: LiteralString = "SELECT " + _COLUMNS + " FROM events WHERE workspace_id = %(workspace)s AND id = %(uid)s"
_PURGE: LiteralString = """
DELETE FROM events WHERE id = ANY(ARRAY(
    SELECT id FROM events WHERE created_at < %(before)s ORDER BY created_at LIMIT 5000))
"""


async def next_sequence(tx: Transaction) -> int:
    """The number of the workspace's next event, for a payload that carries it.

    Other events of the workspace wait from here until this transaction ends: that is what makes the numbers follow the
    order of commits. So take it last.
    """
    return cast("int", await tx.value(_NEXT))


async def enqueue(
    tx: Transaction,
    type_: str,
    payload: str,
    now: datetime,
    *,
    template_id: str | None = None,
    sequence: int | None = None,
) -> Event:
    """Record an event and a delivery for every enabled hook of its type and design; committed with everything else.

    `sequence` comes from `next_sequence` where the payload needed it. Call it at the end of the transaction.
    """
    event = await tx.one(
        Event,
        _ENQUEUE,
        uid=new_message_id(),
        sequence=sequence,
        type=type_,
        template_id=template_id,
        payload=payload,
        now=now,
    )
    assert event is not None
    return event


def enqueuing(type_: str, payload: str, now: datetime, *, template_id: str | None = None) -> Statement:
    """The statement that does what `enqueue` does; the last of its exchange."""
    values = {"uid": new_message_id(), "sequence": None, "type": type_, "template_id": template_id}
    return Statement(_ENQUEUE, {**values, "payload": payload, "now": now})


async def get(tx: Transaction, uid: str) -> Event:
    """One event. Raises NotFound `event_not_found`."""
    event = await tx.one(Event, _GET, uid=uid)
    if event is None:
        raise NotFound.of("event", uid)
    return event


async def purge(system: Transaction, before: datetime) -> int:
    """Remove events of all tenants older than a moment with deliveries and log, some thousands at most; how many.

    In a transaction of the system.
    """
    return await system.execute(_PURGE, before=before)
