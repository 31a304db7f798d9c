"""Messages → a receiver's answer: POST through the guard, once, without following where the answer leads."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpcore

from tirage.assets.connector import GuardedBackend
from tirage.assets.exchange import Answer, exchange
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.names import Resolver
from tirage.assets.problems import problem
from tirage.assets.urls import Url, parse_url

MAX_URL = 2_000
ANSWER_BYTES = 65_536
SECONDS = 15.0
# A receiver may take its time to the last second; how slowly it answers is its own affair.
_LIMITS = Limits(
    first_byte=SECONDS, stall=SECONDS, total=SECONDS, min_rate=0, max_bytes=ANSWER_BYTES, max_url_chars=MAX_URL
)


class Poster:
    """Sends messages under one policy; belongs to the event loop it is first used in.

    Every connection passes the guard when it is opened, so a name that was public when it was registered and means
    our own network now is refused. Redirects are answers like any other.
    """

    def __init__(self, policy: Policy, *, resolver: Resolver, trust: ssl.SSLContext, limits: Limits = _LIMITS) -> None:
        self.trust = trust
        self._policy = policy
        self._limits = limits
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=256,
            max_keepalive_connections=32,
            keepalive_expiry=10.0,
            network_backend=GuardedBackend(policy, resolver, limits),
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    def check(self, text: str) -> Url:
        """An address as a receiver of messages: https, or http to a host that the operator has opened by name.

        Nothing is resolved or sent. Raises ResourceProblem with `source_invalid`, `source_blocked` or `source_self`.
        """
        if "#" in text:
            raise problem("source_invalid", "The address ends in a fragment, which is never sent.", "Leave it out.")
        host = text.partition("//")[2].partition("/")[0]
        if not host.isascii():
            # Look-alikes of other scripts: what is registered reads as what is dialled.
            raise problem(
                "source_invalid", "The address's host is written in other than ASCII letters.", "Write it as xn--…."
            )
        url = parse_url(text, max_chars=self._limits.max_url_chars)
        if url.scheme == "http" and not self._opened(url):
            raise problem(
                "source_blocked",
                "Messages are sent by https only: by http everybody between could read and repeat them.",
                "Give an https:// address, or let the operator open this host.",
            )
        self._policy.check_url(url)
        return url

    async def post(self, text: str, message: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a message; the answer has at most 64 kB and comes within 15 seconds, where no other limits are given.

        Raises ResourceProblem with one of the `source_…` codes where no such answer came.
        """
        url = self.check(text)
        return await exchange(self._pool, url, headers, self._limits, self._limits.total, message=message)

    def _opened(self, url: Url) -> bool:
        return any(
            place.names(url.host, url.address) and place.port in (None, url.port) for place in self._policy.allow
        )
