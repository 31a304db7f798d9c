"""What a source turned out to be: verified bytes with their hash."""

from __future__ import annotations

import hashlib
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
