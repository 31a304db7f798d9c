"""Cursors: where a newest-first list goes on, bound to its workspace and its filters."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from tirage.engine.errors import Problem
from tirage.store.errors import Invalid

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MARK_BYTES = 8
_ID = re.compile(r"\w{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and the cursor of the next, None on the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """The row after which a page begins, by the columns that order the list."""

    created_at: datetime
    id: str

    def cursor(self, *bound: str) -> str:
        """The position as opaque text; `bound` (workspace, filters) must be the same when it comes back."""
        microseconds = (self.created_at - _EPOCH) // _MICROSECOND
        body = f"{microseconds:x}.{self.id}"
        return base64.urlsafe_b64encode(_mark(body, bound) + body.encode()).decode().rstrip("=")


def read_cursor(text: str, *bound: str) -> Position:
    """The position in a cursor. Raises Invalid `cursor_invalid`, also for a cursor of another list.

    The mark refuses mistakes, not attacks: a forged position shows nothing but other rows of one's own.
    """
    try:
        raw = base64.b64decode(text[:200] + "=" * (-len(text[:200]) % 4), altchars=b"-_", validate=True)
        body = raw[_MARK_BYTES:].decode("ascii")
        digits, _, uid = body.partition(".")
        if raw[:_MARK_BYTES] == _mark(body, bound) and _ID.fullmatch(uid):
            return Position(_EPOCH + int(digits, 16) * _MICROSECOND, uid)
    except (binascii.Error, ValueError, OverflowError):
        pass
    raise Invalid(
        Problem(
            "cursor_invalid",
            "The cursor does not belong to this list.",
            "cursor",
            "Take the cursor from the page before, with the same filters, or start without one.",
        )
    )


def _mark(body: str, bound: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join((body, *bound)).encode()).digest()[:_MARK_BYTES]
