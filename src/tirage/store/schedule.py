"""When a delivery is tried again: ten attempts over three days, and when an endpoint is given up."""

from __future__ import annotations

from datetime import timedelta

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The pause after each failed attempt (Standard Webhooks, "Deliverability and reliability"); after the tenth, none."""
JITTER = 0.2
"""Each pause is longer or shorter by up to this part: endpoints that failed together are not retried together."""
LONGEST = timedelta(hours=24)
"""What a receiver may ask for with Retry-After at most."""
GIVEN_UP_AFTER = timedelta(days=5)
"""An endpoint that answers nothing but failures for so long is disabled."""


def next_pause(failed: int, chance: float, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after the `failed`th failure of a delivery (1 is the first), or None where it was the last.

    `chance` in 0 … 1 places the pause between −20 % and +20 %. What the receiver asked for is the least, up to a day.
    """
    if failed > len(DELAYS):
        return None
    pause = DELAYS[failed - 1] * (1 + JITTER * (2 * chance - 1))
    if retry_after is not None:
        pause = max(pause, min(retry_after, LONGEST))
    return pause
