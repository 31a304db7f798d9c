"""The clock → what has had its time is removed: answers kept for repetitions, and events with their deliveries."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from tirage.context import Service
from tirage.engine.errors import TirageError
from tirage.store import events, idempotency

EVERY_SECONDS = 600.0
EVENTS_KEPT = timedelta(days=30)
"""How long an event can be replayed and its deliveries be looked up; the last retry is over after four days."""
log = logging.getLogger(__name__)


async def keep_clean(service: Service) -> None:
    """Remove what has had its time until it is cancelled: what a process of the service runs beside its requests."""
    while True:
        try:
            await clean_up(service)
        except TirageError as error:
            log.warning("What has expired cannot be removed: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


async def clean_up(service: Service) -> int:
    """Remove it once; how many rows that were. Several processes may do so beside each other."""
    now = service.clock.now()
    removed = 0
    for purge, before in ((idempotency.purge, now), (events.purge, now - EVENTS_KEPT)):
        while True:
            async with service.database.system() as system:
                gone = await purge(system, before)
            removed += gone
            if not gone:
                break
    return removed
