"""Every limit of the outbound client in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may cost; times in seconds, sizes in bytes.

    The defaults let a phone photo through from a slow shop's server and stop everything that only wants to
    hold a connection, a slot or memory.
    """

    dns: float = 3.0
    """Until the resolver has answered."""
    connect: float = 3.0
    """Until the TCP connection stands, and as much again for TLS."""
    first_byte: float = 5.0
    """From the request sent to the complete head of the response."""
    stall: float = 5.0
    """Between two pieces of a body."""
    total: float = 15.0
    """One try, redirects included; waiting for a free place is not counted."""
    min_rate: int = 16_000
    """Bytes a second that a body must reach on average …"""
    rate_grace: float = 2.0
    """… after this long."""
    max_bytes: int = 25_000_000
    """Of a body, as received and as inflated."""
    max_header_bytes: int = 65_536
    max_url_chars: int = 4_096
    """Signed URLs of object stores reach about 2,400."""
    max_addresses: int = 64
    """More answers than this are no host's real address list."""
    max_redirects: int = 3
    per_host: int = 8
    """Requests to one host at once …"""
    in_all: int = 32
    """… and to all hosts."""
    tries: int = 3
    """For answers and failures that may pass; deadlines that ran out are not tried again."""
    backoff: float = 0.25
    """Before the second try, doubled for the third, each times 0.5 to 1.5 at random."""
    max_retry_after: float = 10.0
    """A host that asks for a longer pause is not tried again."""
    breaker_failures: int = 5
    """Failures in a row that close a host off …"""
    breaker_pause: float = 10.0
    """… for this long; then one request tries whether it is back."""
