"""What a source turned out to be: verified bytes with their hash, or a file that somebody else is to read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one source, their SHA-256 in lower-case hex, the media type by their magic, and where they
    came from in the end (after redirects; a path for a file, empty for a data URL)."""

    data: bytes
    sha256: str
    media_type: str
    final_url: str

    @classmethod
    def of(cls, data: bytes, media_type: str, final_url: str) -> Fetched:
        """With the hash computed."""
        return cls(data, hashlib.sha256(data).hexdigest(), media_type, final_url)


@dataclass(frozen=True, slots=True, eq=False)
class LentFile:
    """A picture's file, open and unread; closed when nobody holds this object any more.

    Whoever reads it has to see what it is, and to hash it.
    """

    descriptor: int
    size: int

    def __del__(self) -> None:
        os.close(self.descriptor)
