"""A workspace's monthly quota of pictures: asked before drawing, kept with the records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, TirageError
from tirage.store import usage


class QuotaExceeded(TirageError):
    """The workspace has made all pictures of this month. `seconds` are left of it."""

    def __init__(self, problems: Problem | Sequence[Problem], *, seconds: int = 0) -> None:
        super().__init__(problems)
        self.seconds = seconds


async def require_quota(service: Service, workspace: str, pictures: int = 1) -> None:
    """Refuse what could not be kept before it is drawn. Raises QuotaExceeded."""
    quota = service.settings.monthly_pictures
    if not quota:
        return
    now = service.clock.now()
    async with service.database.workspace(workspace) as tx:
        used = await usage.used(tx, now)
    if used + pictures > quota:
        raise exceeded(quota, now)


async def begin_quota(service: Service, tx: Transaction, now: datetime) -> None:
    """Begin a transaction that records pictures; before the first of them."""
    if service.settings.monthly_pictures:
        await usage.begin(tx, now)


async def take_quota(service: Service, tx: Transaction, pictures: int, now: datetime) -> None:
    """Count pictures in the transaction of their records, after `begin_quota`. Raises QuotaExceeded."""
    quota = service.settings.monthly_pictures
    if quota and pictures and not await usage.take(tx, pictures, quota, now):
        raise exceeded(quota, now)


def exceeded(quota: int, now: datetime) -> QuotaExceeded:
    """What is told when a month's pictures are made."""
    begin = usage.next_month(now)
    message = f"The workspace may make {quota} pictures a month, and has made them."
    hint = f"The next month begins on {begin.date().isoformat()} (UTC)."
    return QuotaExceeded(Problem("quota_exceeded", message, hint=hint), seconds=int((begin - now).total_seconds()) + 1)
