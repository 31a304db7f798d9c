"""How many pictures a workspace made in a calendar month, counted where a monthly quota holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import LiteralString

from tirage.db.connect import Transaction

_USED: LiteralString = """
SELECT coalesce(
    (SELECT pictures FROM usage WHERE workspace_id = %(workspace)s AND month = %(month)s),
    (SELECT count(*) FROM images WHERE workspace_id = %(workspace)s AND created_at >= %(begin)s))
"""
# The first to ask in a month counts what there is: a quota may have been set in the midst of it.
_BEGIN: LiteralString = """
INSERT INTO usage (workspace_id, month, pictures)
SELECT %(workspace)s, %(month)s, count(*) FROM images WHERE workspace_id = %(workspace)s AND created_at >= %(begin)s
ON CONFLICT DO NOTHING
"""
_TAKE: LiteralString = """
UPDATE usage SET pictures = pictures + %(pictures)s
WHERE workspace_id = %(workspace)s AND month = %(month)s AND pictures + %(pictures)s <= %(quota)s
"""


def month_of(now: datetime) -> date:
    """The first day of the calendar month, in UTC."""
    return now.astimezone(UTC).date().replace(day=1)


def next_month(now: datetime) -> datetime:
    """When the next calendar month begins, in UTC."""
    first = month_of(now)
    return datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)


async def used(tx: Transaction, now: datetime) -> int:
    """The pictures of the workspace's present month; deleted ones count once the quota was in force."""
    month = month_of(now)
    begin = datetime(month.year, month.month, 1, tzinfo=UTC)
    return int(await tx.value(_USED, month=month, begin=begin))


async def begin(tx: Transaction, now: datetime) -> None:
    """See that the month is counted: before anything of this transaction is recorded, or that would count twice."""
    month = month_of(now)
    await tx.execute(_BEGIN, month=month, begin=datetime(month.year, month.month, 1, tzinfo=UTC))


async def take(tx: Transaction, pictures: int, quota: int, now: datetime) -> bool:
    """Count pictures of this transaction, after `begin`; False, and nothing counted, where they are too many.

    Transactions of one workspace that take wait for each other: no two of them get the last picture.
    """
    return bool(await tx.execute(_TAKE, month=month_of(now), pictures=pictures, quota=quota))
