"""Host name → addresses, from the system's resolver or from one name server that the settings give."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Sequence
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from tirage.assets.urls import IPAddress


class NameNotFound(Exception):
    """No usable answer: the name does not exist, the server failed, or the answer is absurd."""


class Resolver(Protocol):
    """Anything that turns a host name into addresses; the caller sets the deadline."""

    async def resolve(self, host: str) -> Sequence[IPAddress]:
        """All addresses of the host, in the order to be tried; raises `NameNotFound`."""
        ...


class SystemResolver:
    """The resolver of the operating system, with its hosts file and search domains."""

    async def resolve(self, host: str) -> Sequence[IPAddress]:
        """See `Resolver`."""
        # A thread of its own and not the loop's pool: getaddrinfo cannot be cancelled, and a silent name server
        # would hold every thread of a pool. Daemon threads do not delay the exit.
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[IPAddress]] = loop.create_future()

        def deliver(addresses: list[IPAddress] | None) -> None:
            if answer.done():
                return
            if addresses:
                answer.set_result(addresses)
            else:
                answer.set_exception(NameNotFound(host))

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
            except (OSError, UnicodeError, ValueError):
                addresses = None
            try:
                loop.call_soon_threadsafe(deliver, addresses)
            except RuntimeError:
                return  # The loop was closed while we waited: nobody wants the answer any more.

        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        return await answer


class ServerResolver:
    """One name server over UDP, and TCP where an answer is long; `server` is `address:port`."""

    def __init__(self, server: str, *, timeout: float = 3.0) -> None:
        host, _, port = server.rpartition(":")
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [str(ipaddress.ip_address(host.strip("[]")))]
        resolver.port = int(port)
        resolver.timeout = timeout / 2  # one lost packet is asked again
        resolver.lifetime = timeout
        self._resolver = resolver

    async def resolve(self, host: str) -> Sequence[IPAddress]:
        """See `Resolver`."""
        if host == "localhost" or host.endswith(".localhost"):
            # RFC 6761, 6.3: never a matter of the network.
            return [ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")]
        v4, v6 = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        if not v4 and not v6:
            raise NameNotFound(host)
        return [*v4, *v6]

    async def _ask(self, host: str, kind: str) -> list[IPAddress]:
        try:
            answer = await self._resolver.resolve(dns.name.from_text(host), kind, search=False)
            return [ipaddress.ip_address(record.address) for record in answer]
        except (dns.exception.DNSException, OSError, ValueError):
            return []
