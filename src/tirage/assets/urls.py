"""Text → `Url`: a strict reading of http and https URLs that leaves no second way to read them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, NoReturn
from urllib.parse import quote, urljoin

import idna

from tirage.assets.problems import problem

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# RFC 1123 labels, and the underscore that many bucket and preview hosts carry.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# The system's resolver reads 0x7f.1, 0177.1 and 2130706433 as IPv4 (inet_aton); so does the URL standard, which
# calls a host an IPv4 address when its last label is a number.
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")
_TARGET_SAFE = "%/:?#[]@!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Url:
    """A checked URL: `host` in lower-case ASCII (IPv6 without brackets), `target` the path with query."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str
    address: IPAddress | None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port as text: what credentials and breakers belong to."""
        return f"{self.scheme}://{self.authority}"

    @property
    def text(self) -> str:
        """The URL in its normal form, without fragment."""
        return self.origin + self.target

    def __str__(self) -> str:
        """The URL as messages and logs may show it: without its query, cut at 200 characters."""
        shown = self.origin + self.target.partition("?")[0]
        return shown if len(shown) <= 200 else shown[:199] + "…"


def parse_url(text: str, *, max_chars: int = 4_096) -> Url:
    """Read an absolute http or https URL.

    Raises:
        ResourceProblem: `source_invalid`, for everything that two programs could read in two ways: user names,
            blanks, backslashes, control characters, broken percent signs, numbers written as octal or hexadecimal.
    """
    if len(text) > max_chars:
        _refuse(f"The URL has {len(text):,} characters; {max_chars:,} are allowed.")
    if _FORBIDDEN.search(text):
        _refuse("The URL contains a blank, a control character or a backslash.", "Write a blank as %20.")
    scheme_match = _SCHEME.match(text)
    if scheme_match is None:
        _refuse("The URL has no scheme.", "Begin it with https:// or http://.")
    scheme = scheme_match[1].lower()
    if scheme not in ("http", "https"):
        _refuse(f"The scheme {scheme[:20]}: is not fetched.", "Use https:// or http://.")
    rest = text[scheme_match.end() :]
    if not rest.startswith("//"):
        _refuse("The URL has no // after its scheme.")
    authority, target = _split(rest[2:])
    if "@" in authority:
        _refuse("The URL contains a user name or password.", "Use a signed URL instead.")
    host_text, port = _host_and_port(authority, _DEFAULT_PORTS[scheme])
    host, address = read_host(host_text)
    return Url("http" if scheme == "http" else "https", host, port, target, address)


def read_host(text: str) -> tuple[str, IPAddress | None]:
    """A host as written → its normal form, and the address if it is one.

    Unicode names become punycode after UTS 46 mapping, so that full-width digits and dots are judged as what a
    resolver would make of them. Raises `source_invalid`.
    """
    if text.startswith("["):
        inner = text[1:-1] if text.endswith("]") else ""
        try:
            v6 = ipaddress.IPv6Address(inner)
        except ValueError:
            v6 = None
        if v6 is None or v6.scope_id is not None:
            _refuse("The URL's IPv6 address cannot be read.")
        return str(v6), v6
    name = text
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True, std3_rules=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            _refuse("The URL's host name is not a valid international domain name.")
    name = name.lower().removesuffix(".")
    if not name or len(name) > 253:
        _refuse("The URL has no host, or one longer than 253 characters.")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        _refuse("The URL's host name contains characters that no host name has.")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            v4 = ipaddress.IPv4Address(name)
        except ValueError:
            _refuse("The URL's host is a number that is not an IPv4 address.", "Write four decimal numbers.")
        return str(v4), v4
    return name, None


def join(base: Url, location: str, *, max_chars: int = 4_096) -> Url:
    """The URL that a Location header means, seen from the URL that answered with it; raises `source_invalid`."""
    # urljoin silently removes tabs, line ends and leading blanks, so they are looked for before it.
    if len(location) > max_chars or _FORBIDDEN.search(location):
        _refuse("The redirect's target is too long or contains a blank, a control character or a backslash.")
    try:
        joined = urljoin(base.text, location)
    except ValueError:
        _refuse("The redirect's target cannot be read.")
    return parse_url(joined, max_chars=max_chars)


def _split(rest: str) -> tuple[str, str]:
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    authority, target = rest[:end], rest[end:].partition("#")[0]
    if _BAD_PERCENT.search(target):
        _refuse("The URL contains a percent sign that is not followed by two hexadecimal digits.", "Write it as %25.")
    try:
        target = quote(target, safe=_TARGET_SAFE)
    except UnicodeEncodeError:  # a lone surrogate
        _refuse("The URL contains half a character.")
    return authority, target if target.startswith("/") else "/" + target


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    host, colon, port_text = authority, "", ""
    if not authority.endswith("]"):
        before, colon, port_text = authority.rpartition(":")
        host = before if colon else authority
    if not colon:
        return host, default
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 and 0 < int(port_text) < 65_536):
        _refuse("The URL's port is not a number from 1 to 65535.")
    return host, int(port_text)


def _refuse(message: str, hint: str | None = None) -> NoReturn:
    raise problem("source_invalid", message, hint)
