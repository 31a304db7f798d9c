"""EVIL with CANARY around it and STUBDNS beside them, and clients with short limits that talk to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tests.harness.behaviours import all_behaviours
from tests.harness.canary import Canary
from tests.harness.evil import EvilHost
from tests.harness.stubdns import StubDns

from tirage.assets.fetch import Fetcher
from tirage.assets.fetched import Fetched
from tirage.assets.guard import STANDARD_PORTS, Policy
from tirage.assets.limits import Limits
from tirage.engine.errors import ResourceProblem

T = TypeVar("T")

SHORT = Limits(
    dns=2.0,
    connect=2.0,
    first_byte=2.0,
    stall=2.0,
    total=8.0,
    rate_grace=0.5,
    max_bytes=1_000_000,
    backoff=0.01,
    breaker_pause=0.2,
)
"""The production limits, the times divided so that the tests are quick also where a deadline must run out."""

PATIENT = replace(SHORT, first_byte=60.0, stall=60.0, total=60.0)
"""For hosts that are slow on purpose, and machines that are slow by chance."""


@dataclass
class Field:
    """EVIL on 127.0.0.2 and CANARY on other loopback addresses, all at one port, with a name server beside them.

    The port counts as a usual web port, so that only the address decides.
    """

    evil: EvilHost
    canary: Canary
    dns: StubDns

    @property
    def policy(self) -> Policy:
        """Production policy, plus exactly `127.0.0.2:port`."""
        return Policy.of([self.evil.place], ports=STANDARD_PORTS | {self.evil.port})

    def fetcher(self, policy: Policy | None = None, limits: Limits = SHORT, **others: Any) -> Fetcher:
        """A client that asks STUBDNS."""
        others.setdefault("resolver", self.dns.server)
        return Fetcher(policy or self.policy, limits=limits, **others)

    def outcome(self, url: str, policy: Policy | None = None, **others: Any) -> Fetched | str:
        """What a fresh client makes of one URL: the bytes, or the code of its problem."""

        async def go() -> Fetched | str:
            async with self.fetcher(policy, **others) as fetcher:
                return await outcome_of(fetcher, url)

        return run(go)

    def code(self, url: str, policy: Policy | None = None, **others: Any) -> str:
        """The code of the problem that a URL must have."""
        found = self.outcome(url, policy, **others)
        return found if isinstance(found, str) else "fetched"


async def outcome_of(fetcher: Fetcher, url: str) -> Fetched | str:
    """The bytes of one URL, or the code of its problem."""
    try:
        return await fetcher.fetch(url)
    except ResourceProblem as error:
        return error.code


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine to its end."""
    return asyncio.run(work())


@contextmanager
def open_field() -> Iterator[Field]:
    """A fresh field; CANARY must not have been dialled when the block is over."""
    for _ in range(20):
        with EvilHost(behaviours=all_behaviours()) as evil:
            try:
                canary = Canary(evil.port)
            except OSError:
                continue  # the number is taken on one of the other addresses
            with canary, StubDns() as dns:
                yield Field(evil, canary, dns)
                assert canary.accepts == 0, "a denied address was dialled"
            return
    raise RuntimeError("no port was free on all loopback addresses")
