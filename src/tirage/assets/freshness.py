"""Response headers → how long a stored copy may be used without asking again (RFC 9111, as a private cache)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

UNSTATED = 300.0
"""Seconds for a source that says nothing: a batch asks once, an exchanged picture shows within minutes."""
LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """`store` whether a copy may be kept at all, `seconds` until it must be confirmed, and what confirms it."""

    store: bool
    seconds: float
    etag: str
    last_modified: str


def freshness(headers: Mapping[str, str], now: float) -> Freshness:
    """Read Cache-Control, Age, Expires, ETag and Last-Modified; names in lower case, `now` in Unix seconds."""
    directives = _directives(headers.get("cache-control", ""))
    seconds = UNSTATED
    if "no-cache" in directives or headers.get("vary", "").strip() == "*":
        seconds = 0.0
    elif "max-age" in directives:
        seconds = _number(directives["max-age"]) - _number(headers.get("age", "0"))
    elif "expires" in headers:
        seconds = (_date(headers["expires"]) or 0.0) - (_date(headers.get("date", "")) or now)
    return Freshness(
        store="no-store" not in directives,
        seconds=min(max(seconds, 0.0), LONGEST),
        etag=headers.get("etag", "")[:512],
        last_modified=headers.get("last-modified", "")[:64],
    )


def retry_after(value: str | None, now: float) -> float | None:
    """The pause that a Retry-After header asks for in seconds, or None where it says nothing readable."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:12])
    moment = _date(value)
    return None if moment is None else max(0.0, moment - now)


def _directives(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if name.strip()}


def _number(text: str) -> float:
    # What cannot be read counts as stale (RFC 9111, 4.2.1).
    return float(text[:12]) if text.isascii() and text.isdigit() else 0.0


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
