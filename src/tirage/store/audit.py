"""What must hold between rows of all tenants → those for which it does not; in transactions of the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from tirage.db.connect import Transaction

LEASE_GRACE = timedelta(seconds=30)
"""So long after a lease has run out its chunk is in other hands, where any worker runs."""
MOST = 1_000
"""Findings that one query tells at most; whoever mends them asks again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row for which something does not hold: of which workspace, its own id, and what is wrong with it."""

    workspace_id: str
    subject: str
    told: str


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """What the record of a picture says of its object."""

    id: str
    workspace_id: str
    blob_key: str
    media_type: str
    size: int
    sha256: bytes


_PICTURES: LiteralString = """
SELECT id, workspace_id, blob_key, media_type, size, sha256 FROM images WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
"""
_STILL: LiteralString = "SELECT id FROM images WHERE id = ANY(%(ids)s)"

# i1. A row whose picture somebody removed has an empty id, one that never had one has none.
_DONE_WITHOUT: LiteralString = """
SELECT r.workspace_id, r.batch_id || ' row ' || r.number AS subject,
    CASE WHEN r.image_id IS NULL THEN 'is done and names no picture' ELSE 'names a picture without a record' END AS told
FROM batch_rows r
WHERE r.state = 'done' AND r.image_id IS DISTINCT FROM ''
  AND NOT EXISTS (SELECT FROM images i WHERE i.id = r.image_id)
LIMIT %(most)s
"""
_PAGE_WITHOUT: LiteralString = """
SELECT r.workspace_id, r.batch_id || ' row ' || r.number AS subject, 'names a page without a record' AS told
FROM batch_rows r, unnest(r.more_images) AS page (id)
WHERE r.more_images <> '{}' AND page.id <> '' AND NOT EXISTS (SELECT FROM images i WHERE i.id = page.id)
LIMIT %(most)s
"""
_SHARED: LiteralString = """
SELECT min(workspace_id) AS workspace_id, batch_id || ' picture ' || image_id AS subject,
    'is the picture of ' || count(*) || ' rows' AS told
FROM batch_rows WHERE state = 'done' AND image_id <> '' GROUP BY batch_id, image_id HAVING count(*) > 1 LIMIT %(most)s
"""
_UNDONE_WITH: LiteralString = """
SELECT workspace_id, batch_id || ' row ' || number AS subject, 'is ' || state || ' and names a picture' AS told
FROM batch_rows WHERE state <> 'done' AND image_id <> '' LIMIT %(most)s
"""
# i3.
_COUNTERS: LiteralString = """
SELECT b.workspace_id, b.id AS subject,
    format('counts total %%s, done %%s, failed %%s; its rows are %%s, %%s, %%s',
           b.total, b.done, b.failed, r.total, r.done, r.failed) AS told
FROM batches b LEFT JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'failed') AS failed
    FROM batch_rows WHERE batch_id = b.id) r ON true
WHERE (b.total, b.done, b.failed) IS DISTINCT FROM (r.total, r.done, r.failed) LIMIT %(most)s
"""
_FINISHED: LiteralString = """
SELECT workspace_id, id AS subject, format('has finished with %%s rows neither done nor failed', total - done - failed)
    AS told
FROM batches WHERE state = 'finished' AND done + failed <> total LIMIT %(most)s
"""
# i4.
_LEASES: LiteralString = """
SELECT c.workspace_id, c.batch_id || ' chunk ' || c.number AS subject,
    'is held since ' || c.lease_until || ', and no worker has taken it over' AS told
FROM batch_chunks c JOIN batches b ON b.id = c.batch_id
WHERE c.state = 'running' AND b.state = 'running' AND c.lease_until < %(before)s LIMIT %(most)s
"""
_STUCK: LiteralString = """
SELECT b.workspace_id, b.id AS subject, 'is ' || b.state || ' and no job will go on with it' AS told
FROM batches b
WHERE b.state IN ('queued', 'running') AND NOT EXISTS (
    SELECT FROM tirage_jobs.procrastinate_jobs j
    WHERE j.status IN ('todo', 'doing') AND j.args ->> 'workspace' = b.workspace_id
      AND (b.expanded OR j.args ->> 'batch' = b.id))
LIMIT %(most)s
"""
# i5.
_EVENTLESS: LiteralString = """
SELECT b.workspace_id, b.id AS subject, 'is ' || b.state || ' and has no event that says so' AS told
FROM batches b
WHERE b.state IN ('finished', 'failed', 'cancelled') AND NOT EXISTS (
    SELECT FROM events e WHERE e.workspace_id = b.workspace_id AND e.type = %(finished)s
      AND e.created_at >= b.created_at AND e.payload::json ->> 'id' = b.id)
LIMIT %(most)s
"""
_REPEATED: LiteralString = """
SELECT min(workspace_id) AS workspace_id, id AS subject, 'is the id of ' || count(*) || ' events' AS told
FROM events GROUP BY id HAVING count(*) > 1 LIMIT %(most)s
"""
_DELIVERIES: LiteralString = """
SELECT d.workspace_id, d.event_id || ' to ' || d.hook_id AS subject,
    format('counts %%s attempts and has %%s in its log', d.attempts, a.held) AS told
FROM deliveries d JOIN LATERAL (
    SELECT count(*) AS held FROM delivery_attempts WHERE event_id = d.event_id AND hook_id = d.hook_id) a ON true
WHERE d.attempts <> a.held LIMIT %(most)s
"""
# i6. Pictures that were removed stay counted, so the count may be above the records and never below.
_USAGE: LiteralString = """
SELECT u.workspace_id, to_char(u.month, 'YYYY-MM') AS subject,
    format('counts %%s pictures; %%s of the month are recorded', u.pictures, i.made) AS told
FROM usage u JOIN LATERAL (
    SELECT count(*) AS made FROM images WHERE workspace_id = u.workspace_id
      AND created_at >= u.month::timestamp AT TIME ZONE 'UTC'
      AND created_at < (u.month + interval '1 month') AT TIME ZONE 'UTC') i ON true
WHERE u.pictures < i.made LIMIT %(most)s
"""
# i7. References that no foreign key holds to the workspace; the others the database holds itself.
_CROSSING: LiteralString = """
(SELECT r.workspace_id, r.batch_id || ' row ' || r.number AS subject, 'names a picture of another workspace' AS told
 FROM batch_rows r JOIN images i ON i.id = r.image_id OR i.id = ANY(r.more_images)
 WHERE r.workspace_id <> i.workspace_id)
UNION ALL
(SELECT i.workspace_id, 'image ' || i.id, 'is of another workspace''s design'
 FROM images i JOIN templates t ON t.id = i.template_id WHERE t.workspace_id <> i.workspace_id)
UNION ALL
(SELECT workspace_id, 'image ' || id, 'has its object in another workspace''s folder'
 FROM images WHERE NOT starts_with(blob_key, workspace_id || '/'))
UNION ALL
(SELECT workspace_id, 'asset ' || id, 'has its object in another workspace''s folder'
 FROM assets WHERE NOT starts_with(blob_key, workspace_id || '/'))
UNION ALL
(SELECT workspace_id, 'font ' || id, 'has its object in another workspace''s folder'
 FROM fonts WHERE NOT starts_with(blob_key, workspace_id || '/'))
UNION ALL
(SELECT workspace_id, 'batch ' || id, 'has its table in another workspace''s folder'
 FROM batches WHERE source_key <> '' AND NOT starts_with(source_key, workspace_id || '/'))
UNION ALL
(SELECT s.workspace_id, 'schedule ' || s.id, 'has started another workspace''s batch'
 FROM batch_schedules s JOIN batches b ON b.id = s.last_batch WHERE b.workspace_id <> s.workspace_id)
UNION ALL
(SELECT w.id, 'key ' || k.id, 'has another account''s workspace as its own'
 FROM api_keys k JOIN workspaces w ON w.id = k.default_workspace_id WHERE w.account_id <> k.account_id)
LIMIT %(most)s
"""
_TABLES: LiteralString = """
SELECT source_key FROM batches
WHERE source_key = ANY(%(keys)s) AND NOT expanded AND state NOT IN ('finished', 'failed', 'cancelled')
"""


async def pictures(system: Transaction, after: str, limit: int) -> list[KeptPicture]:
    """Records of pictures in the order of their ids, from behind one."""
    return await system.all(KeptPicture, _PICTURES, after=after, limit=limit)


async def still_recorded(system: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Those of the pictures that have a record at this moment."""
    return frozenset(await system.values(_STILL, ids=list(ids)))


async def rows_without_picture(system: Transaction) -> list[Finding]:
    """i1: finished rows that have not exactly one record of their own, and others that have one."""
    found: list[Finding] = []
    for statement in (_DONE_WITHOUT, _PAGE_WITHOUT, _SHARED, _UNDONE_WITH):
        found += await system.all(Finding, statement, most=MOST)
    return found


async def wrong_counters(system: Transaction) -> list[Finding]:
    """i3: batches that do not count what their rows are."""
    return [*await system.all(Finding, _COUNTERS, most=MOST), *await system.all(Finding, _FINISHED, most=MOST)]


async def stale_leases(system: Transaction, now: datetime) -> list[Finding]:
    """i4: chunks whose lease has long run out, and batches under way for which there is no job."""
    return [
        *await system.all(Finding, _LEASES, before=now - LEASE_GRACE, most=MOST),
        *await system.all(Finding, _STUCK, most=MOST),
    ]


async def missing_events(system: Transaction, finished: str) -> list[Finding]:
    """i5: batches that ended without an event of the type `finished`, repeated ids, attempts that do not add up."""
    return [
        *await system.all(Finding, _EVENTLESS, finished=finished, most=MOST),
        *await system.all(Finding, _REPEATED, most=MOST),
        *await system.all(Finding, _DELIVERIES, most=MOST),
    ]


async def wrong_usage(system: Transaction) -> list[Finding]:
    """i6: months of a workspace that count fewer pictures than it has of them."""
    return await system.all(Finding, _USAGE, most=MOST)


async def crossing_references(system: Transaction) -> list[Finding]:
    """i7: rows that name something of another tenant."""
    return await system.all(Finding, _CROSSING, most=MOST)


async def tables_to_read(system: Transaction, keys: Sequence[str]) -> frozenset[str]:
    """Those of the keys that are of a table which a batch will still read."""
    return frozenset(await system.values(_TABLES, keys=list(keys)))


async def designs_there(system: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Those of the designs that there are."""
    return frozenset(await system.values("SELECT id FROM templates WHERE id = ANY(%(ids)s)", ids=list(ids)))
