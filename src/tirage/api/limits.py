"""How often a key, a workspace or an address may ask: token buckets in this process, and the headers that tell of them.

A bucket holds a minute's worth of requests and fills evenly, so a burst up to the limit passes at once. Every API
process counts for itself.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from tirage.api.errors import Refused
from tirage.settings import Settings

WINDOW = 60.0
"""Seconds after which an empty bucket is full again."""
REPLAYS = 30
"""How often a minute a hook's events may be asked for once more: each time may be for many thousands."""
MOST_BUCKETS = 50_000
"""The buckets that were used last are kept; one that is forgotten was most likely full."""
_SCOPE = "tirage.rate"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bucket stands: whole requests that are left, seconds until it is full and until it has one more."""

    policy: str
    limit: int
    left: int
    full_in: int
    next_in: int


class Buckets:
    """One bucket for each key, of `limit` requests a minute; 0 is without a limit."""

    def __init__(self, policy: str, limit: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self.limit = limit
        self._now = now
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def tokens(self, key: str) -> float:
        """What is in a bucket now."""
        tokens, moment = self._held.get(key, (float(self.limit), 0.0))
        return min(float(self.limit), tokens + (self._now() - moment) * self.limit / WINDOW)

    def take(self, key: str, tokens: float) -> None:
        """Leave so many tokens less in a bucket; it is the caller's to have looked."""
        self._held[key] = (self.tokens(key) - tokens, self._now())
        self._held.move_to_end(key)
        if len(self._held) > MOST_BUCKETS:
            self._held.popitem(last=False)

    def standing(self, key: str) -> Standing:
        """How a bucket stands now."""
        tokens, rate = self.tokens(key), self.limit / WINDOW
        # A whole token counts from a millionth below: sums of fractions do not meet it exactly.
        missing = max(0.0, 1.0 - tokens - 1e-6)
        return Standing(
            self.policy,
            self.limit,
            math.floor(tokens + 1e-6),
            math.ceil((self.limit - tokens) / rate - 1e-6),
            math.ceil(missing / rate),
        )


@dataclass(slots=True)
class Limits:
    """All limits of this process."""

    keys: Buckets
    workspaces: Buckets
    links: Buckets
    failures: Buckets
    replays: Buckets

    @classmethod
    def of(cls, settings: Settings, *, now: Callable[[], float] = time.monotonic) -> Limits:
        """As the settings say."""
        return cls(
            Buckets("key", settings.rate_key, now=now),
            Buckets("workspace", settings.rate_workspace, now=now),
            Buckets("address", settings.rate_links, now=now),
            Buckets("failures", settings.rate_failures, now=now),
            Buckets("hook", REPLAYS, now=now),
        )

    def admit_render(self, request: Request, key: str, workspace: str) -> None:
        """Count a request that draws. Raises Refused `rate_limited`, and then nothing is counted."""
        request.scope[_SCOPE] = _charge([(self.keys, key), (self.workspaces, workspace)])

    def admit_link(self, request: Request, workspace: str) -> None:
        """Count a link that has to be drawn, for its address and its workspace. Raises Refused `rate_limited`."""
        request.scope[_SCOPE] = _charge([(self.links, address_of(request)), (self.workspaces, workspace)])

    def admit_replay(self, request: Request, hook: str) -> None:
        """Count a replay of a hook's events. Raises Refused `rate_limited`."""
        request.scope[_SCOPE] = _charge([(self.replays, hook)])

    def count_failure(self, request: Request) -> None:
        """Count a wrong key or signature. Raises Refused `rate_limited` in its place where there were too many."""
        _charge([(self.failures, address_of(request))])

    def failing(self, request: Request) -> bool:
        """Whether an address has used up its failures."""
        return bool(self.failures.limit) and self.failures.standing(address_of(request)).left < 1


def headers_of(scope: Mapping[str, object]) -> Mapping[str, str]:
    """What the answer to a counted request tells of its limits."""
    found = scope.get(_SCOPE)
    return found if isinstance(found, dict) else {}


def address_of(request: Request) -> str:
    """The caller's address; of IPv6 the network, as one connection has all addresses of it (RFC 6177).

    What proxies say of it was believed before, where they are trusted.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(address), 64), strict=False))
    return host


def _charge(wanted: Sequence[tuple[Buckets, str]]) -> dict[str, str]:
    """Take one token of each bucket, or of none. Gives the headers."""
    counted = [(buckets, key) for buckets, key in wanted if buckets.limit]
    standings = [buckets.standing(key) for buckets, key in counted]
    empty = [each for each in standings if each.left < 1]
    if empty:
        worst = max(empty, key=lambda each: each.next_in)
        raise Refused(
            "rate_limited",
            f"There are more than {worst.limit} requests a minute of this {_NAMES[worst.policy]}.",
            hint=f"Try again in {max(1, worst.next_in)} s.",
            headers={"retry-after": str(max(1, worst.next_in)), **_headers(standings)},
        )
    for buckets, key in counted:
        buckets.take(key, 1.0)
    return _headers([buckets.standing(key) for buckets, key in counted])


_NAMES = {
    "key": "API key",
    "workspace": "workspace",
    "address": "address",
    "failures": "address that were refused",
    "hook": "hook",
}


def _headers(standings: Sequence[Standing]) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), and the older X- form."""
    if not standings:
        return {}
    tightest = min(standings, key=lambda each: each.left / each.limit)
    return {
        "ratelimit-policy": ", ".join(f'"{each.policy}";q={each.limit};w={WINDOW:.0f}' for each in standings),
        "ratelimit": ", ".join(f'"{each.policy}";r={each.left};t={each.full_in}' for each in standings),
        "x-ratelimit-limit": str(tightest.limit),
        "x-ratelimit-remaining": str(tightest.left),
        "x-ratelimit-reset": str(tightest.full_in),
    }
