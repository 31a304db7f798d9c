"""When a request is sent again, and after how long (RFC 9110, 10.2.3: Retry-After)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that say: not now."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long: `tries` requests in all; a server that asks for more than `longest` seconds gets none."""

    tries: int = 5
    first: float = 0.5
    longest: float = 60.0

    def pause(self, attempt: int, asked: float | None) -> float | None:
        """Seconds before attempt number `attempt` (the first is 1); None where it is not made."""
        if attempt > self.tries:
            return None
        if asked is not None:
            return asked if asked <= self.longest else None
        # Full jitter: clients that failed together do not come back together.
        return random.uniform(0, min(8.0, self.first * 2 ** (attempt - 1)))


def retry_after(text: str | None) -> float | None:
    """The header in seconds from now: a number or an HTTP date."""
    if not text:
        return None
    if text.strip().isdigit():
        return min(float(text), 1e9)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
