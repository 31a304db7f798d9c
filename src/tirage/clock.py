"""What time it is: one protocol, so that a test can move it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; whoever records or compares times takes one of these."""

    def now(self) -> datetime:
        """The moment, in UTC, with its time zone."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class OffsetClock:
    """A clock that runs with another one, ahead of it or behind it; tests move it by hours."""

    offset: timedelta = timedelta()
    base: Clock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        """The base clock's moment plus the offset."""
        return self.base.now() + self.offset

    def advance(self, by: timedelta) -> None:
        """Move the clock by this much more."""
        self.offset += by


@dataclass(slots=True)
class StillClock:
    """A clock that stands until it is moved: two readings are equal."""

    moment: datetime

    def now(self) -> datetime:
        """The moment at which it stands."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Move the clock by this much."""
        self.moment += by
