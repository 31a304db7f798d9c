"""Fields and files → the bytes of a form (RFC 7578) and its media type."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form; `field` and `name` are ours, so they need no escapes."""

    field: str
    name: str
    media_type: str
    data: bytes


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[FormFile]) -> tuple[bytes, str]:
    """The body and the Content-Type. The boundary is a hash of the content, which therefore cannot hold it."""
    mark = hashlib.sha256()
    for name, value in fields:
        mark.update(f"{name}\0{value}\0".encode())
    for file in files:
        mark.update(file.data)
    boundary = f"tirage-{mark.hexdigest()}"
    parts = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(head.encode() + value.encode() + b"\r\n")
    for file in files:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{file.name}"\r\n'
            f"Content-Type: {file.media_type}\r\n\r\n"
        )
        parts.append(head.encode() + file.data + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
