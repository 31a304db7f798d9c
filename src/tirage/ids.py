"""Identifiers and keys: random wire ids, picture paths that a retry finds again, API keys that carry a checksum."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Literal

KeyMode = Literal["live", "test"]

UID_PATTERN = re.compile(r"[0-9a-z]{6,32}")
"""What is taken as a wire id on input; ours are ten hexadecimal digits."""
KEY_PATTERN = re.compile(r"tir_(live|test)_[0-9A-Za-z]{36}")
"""The form of an API key, for secret scanners: 30 random characters (178 bits) and 6 of checksum."""

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHARACTERS = bytes(ord(_BASE62[byte % 62]) for byte in range(256))
_UNFAIR = bytes(range(4 * 62, 256))
"""Bytes beyond a multiple of 62: with them, the first eight characters would come more often."""
_RANDOM_CHARACTERS = 30
_CHECKSUM_CHARACTERS = 6
_PART = 10


def new_uid() -> str:
    """A random wire id: ten lower-case hexadecimal digits. Not unique by itself: a unique index decides."""
    return secrets.token_hex(5)


def new_message_id() -> str:
    """A random id of an event, `msg_` and 22 base-62 characters (131 bits), the `webhook-id` of its deliveries."""
    return "msg_" + _random(22)


def new_token() -> str:
    """A random secret of 32 base-62 characters (190 bits), for claims and the like."""
    return _random(32)


def is_uid(text: str) -> bool:
    """Whether a text has the form of a wire id."""
    return UID_PATTERN.fullmatch(text) is not None


def picture_path(secret: bytes, *parts: str) -> str:
    """Where a picture lies: two parts of ten hexadecimal digits, `d12fb6f526/e26ca071c7`.

    The same parts (a request's id and page, or a batch and a row) give the same path, so a repeated job writes the same
    object; nobody without the secret can guess one. HMAC-SHA256 (RFC 2104), each part preceded by its length so that no
    two lists of parts read alike.
    """
    code = hmac.new(secret, digestmod=hashlib.sha256)
    for part in parts:
        data = part.encode()
        code.update(len(data).to_bytes(8, "big") + data)
    digits = code.hexdigest()
    return f"{digits[:_PART]}/{digits[_PART : 2 * _PART]}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner sees it, once. `hash` is what is stored; the text is never shown in a repr."""

    text: str = field(repr=False)
    hash: bytes = field(repr=False)
    mode: KeyMode = "live"

    @property
    def ending(self) -> str:
        """The last four characters, by which a person tells keys apart in a list."""
        return self.text[-4:]


def new_key(mode: KeyMode = "live") -> ApiKey:
    """A new random API key."""
    body = f"tir_{mode}_{_random(_RANDOM_CHARACTERS)}"
    text = body + _checksum(body)
    return ApiKey(text, hash_key(text), mode)


def verify_key_format(text: str) -> bool:
    """Whether a text has the form of an API key and its checksum is right; asks no database."""
    if KEY_PATTERN.fullmatch(text) is None:
        return False
    body, checksum = text[:-_CHECKSUM_CHARACTERS], text[-_CHECKSUM_CHARACTERS:]
    return hmac.compare_digest(_checksum(body), checksum)


def hash_key(text: str) -> bytes:
    """What is stored of a key: its SHA-256. No salt and no slow hash: the key itself has 178 random bits."""
    return hashlib.sha256(text.encode()).digest()


def read_key(text: str) -> ApiKey | None:
    """A key given from outside (`TIRAGE_BOOTSTRAP_KEY`, say) as a key to be stored, or None where its form is wrong."""
    if not verify_key_format(text):
        return None
    return ApiKey(text, hash_key(text), "live" if text.startswith("tir_live_") else "test")


def _random(length: int) -> str:
    # Bytes are drawn together: each alone would be a call of the system.
    text = ""
    while len(text) < length:
        text += secrets.token_bytes(length + 8).translate(_CHARACTERS, _UNFAIR).decode()
    return text[:length]


def _checksum(body: str) -> str:
    """The CRC-32 of the text before it, as six base-62 digits, most significant first."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits
