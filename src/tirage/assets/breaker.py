"""Per host: how many requests run at once, and a switch that opens when a host fails again and again."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tirage.assets.limits import Limits

# Hosts whose failures are remembered; a batch with more dead hosts than this forgets the oldest.
_REMEMBERED = 1_024


@dataclass(slots=True)
class _Host:
    failures: int = 0
    closed_until: float = 0.0
    probing: bool = False


@dataclass(slots=True)
class _Lane:
    places: asyncio.Semaphore
    users: int = field(default=0)


class Breaker:
    """Counts failures in a row per origin, and keeps requests away from an origin that is down."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def admits(self, origin: str) -> bool:
        """Whether a request may go out now; after a pause, exactly one may until its outcome is known."""
        host = self._hosts.get(origin)
        if host is None or host.failures < self._limits.breaker_failures:
            return True
        if host.probing or self._clock() < host.closed_until:
            return False
        host.probing = True
        return True

    def succeeded(self, origin: str) -> None:
        """The host answered, be it with an error status."""
        self._hosts.pop(origin, None)

    def failed(self, origin: str) -> None:
        """The host could not be reached or did not answer in time."""
        host = self._hosts.setdefault(origin, _Host())
        self._hosts.move_to_end(origin)
        host.failures += 1
        host.probing = False
        host.closed_until = self._clock() + self._limits.breaker_pause
        while len(self._hosts) > _REMEMBERED:
            self._hosts.popitem(last=False)

    def abandoned(self, origin: str) -> None:
        """The request ended without telling anything about the host; another may probe."""
        if (host := self._hosts.get(origin)) is not None:
            host.probing = False


class Lanes:
    """A bounded number of requests in all, and per origin, so that a slow host holds only its own lane."""

    def __init__(self, limits: Limits) -> None:
        self._per_host = limits.per_host
        self._all = asyncio.Semaphore(limits.in_all)
        self._lanes: dict[str, _Lane] = {}

    @property
    def hosts(self) -> int:
        """How many origins have requests waiting or under way."""
        return len(self._lanes)

    @asynccontextmanager
    async def place(self, origin: str) -> AsyncIterator[None]:
        """Wait for a place at this origin, then for one in all; given back at the end of the block."""
        lane = self._lanes.setdefault(origin, _Lane(asyncio.Semaphore(self._per_host)))
        lane.users += 1
        try:
            # The host's place first: whoever waits for a slow host must not hold one of the places of all.
            async with lane.places, self._all:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(origin, None)
