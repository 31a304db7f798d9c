"""Resolved addresses + policy → admitted or refused, before any packet is sent."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tirage.assets.problems import problem
from tirage.assets.urls import IPAddress, Url, read_host
from tirage.engine.errors import Problem, ResourceProblem, TirageError

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

STANDARD_PORTS = frozenset({80, 443, 8080, 8443})
"""Ports that need no opening: elsewhere live mail, databases and caches, some of which obey an HTTP request."""

# The special-purpose registries of IANA (RFC 6890 and its updates) and what clouds put beside them. The table is
# ours because `ipaddress.is_global` has answered differently from one Python patch release to the next.
_DENIED_V4 = tuple(
    (ipaddress.IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud host agent"),
        ("169.254.0.0/16", "link-local, cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments, cloud metadata"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved, broadcast"),
    )
)
# Of IPv6 only 2000::/3 is handed out as global unicast (RFC 4291); these parts of it are not public hosts.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    (ipaddress.IPv6Network(network), name)
    for network, name in (
        ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Interface identifiers of ISATAP (RFC 5214, 6.1) carry an IPv4 address in any prefix, with the u bit clear or set.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address is a public host's; `range` names the denied range."""

    allowed: bool
    range: str = ""


def classify(address: IPAddress) -> Verdict:
    """Judge one resolved address.

    IPv4 inside IPv4-mapped and NAT64 addresses is taken out and judged (networks with DNS64 see the whole IPv4
    internet that way); 6to4, Teredo, ISATAP and IPv4-compatible addresses are refused as a whole.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return classify(inner)
        if address not in _GLOBAL_V6:
            return Verdict(False, "outside global unicast")
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return Verdict(False, "ISATAP")
        return next((Verdict(False, name) for network, name in _DENIED_V6 if address in network), Verdict(True))
    return next((Verdict(False, name) for network, name in _DENIED_V4 if address in network), Verdict(True))


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


@dataclass(frozen=True, slots=True)
class Place:
    """A host name or a network, at one port or (for `port` None) at the ports that need no opening."""

    host: str | None
    network: IPNetwork | None
    port: int | None

    def names(self, host: str, address: IPAddress | None) -> bool:
        """Whether `address`, asked for as `host`, is this place, whatever the port."""
        if self.host is not None:
            return host == self.host
        return address is not None and self.network is not None and address in self.network


def parse_place(text: str) -> Place:
    """Read `host`, `host:port`, `1.2.3.4`, `1.2.3.4:port`, `10.0.0.0/8`, `10.0.0.0/8:port`, `[::1]:port`, `fd00::/8`.

    Raises `TirageError` with the code `policy_invalid`; patterns and regular expressions are none of these forms.
    """
    body, port = text.strip(), None
    if body.startswith("["):
        inner, _, tail = body[1:].partition("]")
        body, port_text = inner, tail.removeprefix(":") if tail.startswith(":") else tail
    elif body.count(":") == 1:
        body, _, port_text = body.partition(":")
    else:
        port_text = ""
    if port_text:
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65_536):
            raise _policy_problem(text, "its port is not a number from 1 to 65535")
        port = int(port_text)
    try:
        return Place(None, ipaddress.ip_network(body), port)
    except ValueError as error:
        if "/" in body or ":" in body:
            raise _policy_problem(text, f"it is not a network ({error})") from None
    try:
        host, _ = read_host(body)
    except ResourceProblem:
        raise _policy_problem(text, "it is neither a host name, an address nor a network") from None
    return Place(host, None, port)


def _too_wide(network: IPNetwork) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return network.prefixlen < 8
    return network.prefixlen < 16 and not network.subnet_of(ipaddress.IPv6Network("fc00::/7"))


def _policy_problem(entry: str, reason: str) -> TirageError:
    return TirageError(
        Problem(
            code="policy_invalid",
            message=f"The allowed host {entry!r} cannot be used: {reason}.",
            hint="Write host, host:port, address:port or a network such as 10.1.0.0/16.",
        )
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """Which hosts may be fetched from: public ones, those in `allow`, never our own.

    Two callers with different policies use two fetchers; no connection and no cached byte is shared between them.
    """

    allow: frozenset[Place] = frozenset()
    own: frozenset[Place] = frozenset()
    unsafe: tuple[str, ...] = ()
    ports: frozenset[int] = STANDARD_PORTS

    @classmethod
    def of(
        cls,
        allow: Iterable[str] = (),
        *,
        own_hosts: Iterable[str] = (),
        unsafe_allow: Iterable[str] = (),
        ports: Iterable[int] = STANDARD_PORTS,
    ) -> Policy:
        """Build a policy from text entries.

        `own_hosts` are the service's public names and bind addresses (`tirage.example`, `10.0.0.5:8000`).
        `unsafe_allow` is the only way to open networks as wide as 0.0.0.0/0; settings that feed it carry the
        prefix `UNSAFE_` and are listed by `unsafe`. `ports` are those that need no opening on public hosts.
        Raises `TirageError` with the code `policy_invalid`.
        """
        places = []
        for entry in allow:
            place = parse_place(entry)
            if place.network is not None and _too_wide(place.network):
                raise _policy_problem(entry, "it opens so much that the guard would guard nothing")
            places.append(place)
        unsafe = tuple(unsafe_allow)
        return cls(
            allow=frozenset(places) | {parse_place(entry) for entry in unsafe},
            own=frozenset(parse_place(entry) for entry in own_hosts),
            unsafe=unsafe,
            ports=frozenset(ports),
        )

    @property
    def fingerprint(self) -> str:
        """Equal for policies that open the same places; part of the key of everything cached."""
        places = sorted(f"{place.host or place.network}:{place.port}" for place in self.allow)
        places += sorted(map(str, self.ports - STANDARD_PORTS))
        return hashlib.sha256("\n".join(places).encode()).hexdigest()[:16] if places else ""

    def check_url(self, url: Url) -> None:
        """Refuse what can be told before a name is resolved; raises `source_self` or `source_blocked`."""
        if url.address is not None:
            self.admit(url, [url.address])
            return
        if self._is_own(url, None):
            raise _own(url)
        if url.port not in self.ports and not any(place.port == url.port for place in self.allow):
            raise _blocked(url)

    def admit(self, url: Url, addresses: Sequence[IPAddress]) -> None:
        """Refuse the URL unless *every* address it resolved to is admitted; raises like `check_url`.

        One bad answer among good ones is how a rebinding name looks, and which one a client would dial is chance.
        """
        for address in addresses:
            if self._is_own(url, address):
                raise _own(url)
            if not self._admits(url, address):
                raise _blocked(url)

    def _admits(self, url: Url, address: IPAddress) -> bool:
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        usual = url.port in self.ports
        for place in self.allow:
            if (place.port == url.port or (place.port is None and usual)) and place.names(url.host, plain or address):
                return True
        return usual and classify(address).allowed

    def _is_own(self, url: Url, address: IPAddress | None) -> bool:
        plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        # An own place without a port is ours at every port.
        return any(place.names(url.host, plain or address) and place.port in (None, url.port) for place in self.own)


def _blocked(url: Url) -> ResourceProblem:
    return problem(
        "source_blocked",
        f"{url} is not fetched: its host or port is not open to Tirage.",
        "Only public hosts at the usual web ports are; a trusted other one is opened with --allow-host host:port.",
    )


def _own(url: Url) -> ResourceProblem:
    return problem("source_self", f"{url} is this service itself; a picture cannot be made from its own rendering.")
