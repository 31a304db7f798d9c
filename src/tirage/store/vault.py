"""Secrets at rest: sealed with AES-256-GCM under the installation's own secret, which never enters the database."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tirage.engine.errors import Problem
from tirage.store.errors import Invalid

VAULT_FILE = "secret.key"
SECRET_BYTES = 32

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Vault:
    """Seals and opens secrets, and derives other keys, from one secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise Invalid(
                Problem(
                    "secret_invalid",
                    f"The installation's secret has {len(secret)} bytes; it takes {SECRET_BYTES}.",
                    hint="Make one with: openssl rand -base64 32",
                )
            )
        self._secret = secret
        self._derived: dict[str, bytes] = {}
        self._cipher = AESGCM(self.derive("seal"))

    @classmethod
    def of_text(cls, text: str) -> Vault:
        """A vault from a setting: 32 bytes in base 64. Raises Invalid `secret_invalid`."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise Invalid(
                Problem(
                    "secret_invalid",
                    "The installation's secret is not base 64.",
                    hint="Make one with: openssl rand -base64 32",
                )
            ) from None

    @classmethod
    def of_folder(cls, folder: Path) -> Vault:
        """The vault of a data folder; its secret is made at the first call and readable by its owner alone."""
        path = folder / VAULT_FILE
        if not path.exists():
            _create(path, base64.b64encode(secrets.token_bytes(SECRET_BYTES)) + b"\n")
        return cls.of_text(path.read_text(encoding="ascii"))

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-Expand, RFC 5869); knowing them tells nothing of those for another."""
        held = self._derived.get(purpose)
        if held is None:
            held = HKDFExpand(SHA256(), SECRET_BYTES, b"tirage " + purpose.encode()).derive(self._secret)
            self._derived[purpose] = held
        return held

    def seal(self, plain: bytes, *place: str) -> bytes:
        """The secret as it may lie in a row. `place` (table, workspace, id) is bound to it: it opens nowhere else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """The secret again. Raises Invalid `secret_unreadable` where the row was altered or sealed with another."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        with contextlib.suppress(InvalidTag, ValueError):
            if sealed[:1] == _VERSION:
                return self._cipher.decrypt(nonce, body, _bound(place))
        raise Invalid(
            Problem(
                "secret_unreadable",
                "A stored secret cannot be opened: it was sealed under another installation's secret, or altered.",
                hint=f"Restore {VAULT_FILE} together with the database, or make new keys and hooks.",
            )
        )


def _bound(place: tuple[str, ...]) -> bytes:
    """Each part with its length before it, so that no two places read alike."""
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in place)


def _create(path: Path, content: bytes) -> None:
    """Write the file whole or not at all; the first of two processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    # The name, too, must survive a power cut: without it everything sealed would be lost.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
