"""`Range` and `If-Range` → the part of a file that is wanted (RFC 9110, 14): one range of bytes, or the whole file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request

from tirage.api.errors import Refused

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `stop` (not included) of `size`."""

    start: int
    stop: int
    size: int

    @property
    def content_range(self) -> str:
        """The header of a 206."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def wanted_part(request: Request, etag: str, size: int) -> Part | None:
    """The part that a GET asks for; None is the whole.

    Several ranges at once, other units and what cannot be read are answered with the whole file, as a server may; so is
    a range of another version than the caller has (`If-Range`). Raises Refused `range_not_satisfiable`.
    """
    given = request.headers.getlist("range")
    if request.method != "GET" or len(given) != 1:
        return None
    found = _RANGE.fullmatch(given[0].strip())
    if found is None or found[1] == found[2] == "" or not _fits(request, etag):
        return None
    if found[1] == "":  # the last so many bytes
        length = int(found[2])
        start, stop = max(0, size - length), size
    else:
        start = int(found[1])
        stop = min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None  # no range at all (RFC 9110, 14.1.1)
    if start >= min(stop, size):
        raise Refused(
            "range_not_satisfiable",
            f"The file has {size} bytes, and none of them lies in the range that was asked for.",
            headers={"content-range": f"bytes */{size}"},
        )
    return Part(start, stop, size)


def _fits(request: Request, etag: str) -> bool:
    """Whether the caller's part is of this version; a date proves nothing, entity tags compare strongly."""
    told = request.headers.get("if-range")
    return told is None or told.strip() == etag
