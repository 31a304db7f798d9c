"""The network below the HTTP client: resolves once, asks the guard, and dials the admitted number."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.names import NameNotFound, Resolver
from tirage.assets.problems import problem
from tirage.assets.urls import IPAddress, Url

# Bare line feeds are read as line ends by the HTTP parser (RFC 9112, 2.2), so they end a head here too.
_HEAD_END = re.compile(rb"\n\r?\n")


class HeadTooLong(httpcore.RemoteProtocolError):
    """The head of a response exceeds its limit."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for a pool; every connection in that pool has passed the policy.

    TLS and the Host header keep the name of the URL, only the dialled address is numeric; nothing between the
    decision and the packet asks a resolver again.
    """

    def __init__(self, policy: Policy, resolver: Resolver, limits: Limits) -> None:
        self._policy = policy
        self._resolver = resolver
        self._limits = limits
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host of which all addresses are admitted; raises `ResourceProblem`."""
        try:
            address: IPAddress | None = ipaddress.ip_address(host)
        except ValueError:
            address = None
        # The scheme plays no part in the decision; TLS is put on top by the caller.
        url = Url("http", host, port, "/", address)
        addresses = await self._resolve(url)
        self._policy.admit(url, addresses)
        return GuardedStream(await self._dial(url, addresses), self._limits)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refused: no URL means a socket of this machine."""
        raise problem("source_blocked", "Unix sockets are not fetched from.")

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool's own use."""
        await asyncio.sleep(seconds)

    async def _resolve(self, url: Url) -> Sequence[IPAddress]:
        if url.address is not None:
            return [url.address]
        try:
            async with asyncio.timeout(self._limits.dns):
                addresses = list(dict.fromkeys(await self._resolver.resolve(url.host)))
        except TimeoutError:
            raise problem("source_dns", f"No name server answered for {url.host} in time.") from None
        except NameNotFound:
            raise problem("source_dns", f"The host {url.host} was not found.", "Check its spelling.") from None
        if len(addresses) > self._limits.max_addresses:
            raise problem("source_dns", f"The host {url.host} has an absurd number of addresses.")
        return addresses

    async def _dial(self, url: Url, addresses: Sequence[IPAddress]) -> httpcore.AsyncNetworkStream:
        deadline = time.monotonic() + self._limits.connect
        timed_out = False
        for index, address in enumerate(addresses):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            # An unreachable first address (IPv6 without a route, mostly) leaves time for the next ones.
            share = left if index == len(addresses) - 1 else left / 2
            try:
                return await self._dialler.connect_tcp(str(address), url.port, timeout=share)
            except httpcore.ConnectTimeout:
                timed_out = True
            except httpcore.ConnectError:
                continue
        if timed_out:
            raise problem("source_timeout", f"{url.host} did not take the connection in time.")
        raise problem("source_unreachable", f"{url.host} could not be reached.")


class GuardedStream(httpcore.AsyncNetworkStream):
    """A connection that watches the head of each response: its size, its time, and where the body begins."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits
        self._head: bytearray | None = bytearray()
        self._deadline: float | None = None
        self._body_bytes = 0
        self._spoilt = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece; while the head is incomplete, within the time left for it."""
        if self._head is None:
            piece = await self._inner.read(max_bytes, timeout)
            self._body_bytes += len(piece)
            return piece
        if self._deadline is None:
            self._deadline = time.monotonic() + self._limits.first_byte
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The head of the response took too long.")
        piece = await self._inner.read(max_bytes, left)
        if not piece:
            if self._head:
                raise httpcore.RemoteProtocolError("The connection ended inside the head of the response.")
            raise httpcore.ReadError("The connection was closed instead of answered.")
        self._scan(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send a piece of a request; what is read next begins with a head."""
        self._head, self._deadline, self._body_bytes = bytearray(), None, 0
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Put TLS on the connection; raises `ResourceProblem` with `source_tls` or `source_timeout`."""
        try:
            inner = await self._inner.start_tls(ssl_context, server_hostname, self._limits.connect)
        except httpcore.ConnectTimeout:
            raise problem("source_timeout", f"{server_hostname} did not finish its TLS handshake in time.") from None
        except httpcore.ConnectError as error:
            cause = error.__cause__
            reason = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else "the handshake failed"
            raise problem("source_tls", f"{server_hostname} has no usable TLS: {reason}.") from None
        return GuardedStream(inner, self._limits)

    def get_extra_info(self, info: str) -> Any:
        """As the stream below; a spoilt connection looks closed by the other side, so the pool drops it."""
        if info == "is_readable" and self._spoilt:
            return True
        return self._inner.get_extra_info(info)

    def surplus(self, declared: int) -> bool:
        """Whether the host sent more than the `declared` bytes of body; such a connection is not used again.

        The bytes beyond the declared length would be read as the head of the next response.
        """
        if self._body_bytes > declared:
            self._spoilt = True
        return self._spoilt

    def _scan(self, piece: bytes) -> None:
        head = self._head
        assert head is not None
        start = max(0, len(head) - 2)
        head += piece
        while (end := _HEAD_END.search(head, start)) is not None:
            informational = head[9:10] == b"1"  # "HTTP/1.1 103 …"
            rest = head[end.end() :]
            if not informational:
                self._head, self._body_bytes = None, len(rest)
                if end.end() > self._limits.max_header_bytes:
                    raise HeadTooLong
                return
            self._head = head = rest
            start = 0
        if len(head) > self._limits.max_header_bytes:
            raise HeadTooLong
