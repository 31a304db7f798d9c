"""The file of a backup: a tar archive whose members are listed, with their SHA-256, in parts of a manifest among them.

Order: `tirage.json` (what this is), `secrets/…`, `database/TABLE/NNNNNN.copy`, `objects/KEY`, and `end.json`, which
closes every whole archive. After each thousand members, and before the end, a part of the manifest lists those since
the last one and holds that one's hash. So both writing and reading need little memory, however large the archive.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tirage.blobs.keys import valid
from tirage.engine.errors import Problem, TirageError

HEAD, END = "tirage.json", "end.json"
SECRETS = ("secret.key", "tls/certificate.pem", "tls/key.pem")
"""The files of the data folder that are kept beside database and objects."""
MEMBERS_PER_PART = 1000
CHUNK = 256 * 1024
LONGEST_TEXT = 16 * 1024 * 1024
"""Bytes of a part of the manifest, of the head and of the end, that are read at once."""

_TABLE_PART = re.compile(r"database/([a-z_][a-z0-9_]{0,62})/(\d{6,9})\.copy")
_MANIFEST = re.compile(r"manifest/\d{6,9}\.ndjson")
_MEDIA_TYPE, _DISPOSITION = "TIRAGE.media_type", "TIRAGE.disposition"


class BackupRefused(TirageError):
    """A backup that cannot be made, or a file that cannot be restored: damaged, altered, newer, in the wrong place."""


class Sink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> Any:
        """Take all of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the manifest lists it; `media_type` and `disposition` are told where an object's key does not."""

    name: str
    size: int
    sha256: str
    media_type: str = ""
    disposition: str = ""

    def line(self) -> bytes:
        """One line of the manifest."""
        return json.dumps([self.name, self.size, self.sha256, self.media_type, self.disposition]).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Member:
    """A member being read; its `chunks` are read once, before the next member is asked for."""

    name: str
    size: int
    media_type: str
    disposition: str
    chunks: Iterator[bytes] = field(repr=False)

    @property
    def table(self) -> str:
        """The table whose rows these are, or an empty text."""
        match = _TABLE_PART.fullmatch(self.name)
        return match[1] if match else ""

    @property
    def key(self) -> str:
        """The object's key, or an empty text."""
        return self.name.removeprefix("objects/") if self.name.startswith("objects/") else ""

    @property
    def secret(self) -> str:
        """The path of the secret file in the data folder, or an empty text."""
        return self.name.removeprefix("secrets/") if self.name.startswith("secrets/") else ""

    def read(self) -> bytes:
        """All bytes of a small member."""
        if self.size > LONGEST_TEXT:
            raise damaged(f"{self.name} is too long")
        return b"".join(self.chunks)


class ArchiveWriter:
    """Writes members in order, to anything that takes bytes; `time` is a Unix time that all of them bear."""

    def __init__(self, out: Sink, time: int) -> None:
        self._out = out
        self._time = time
        self._listed: list[Entry] = []
        self._parts = 0
        self._previous = ""
        self.members = 0
        self.bytes = 0

    def add(self, name: str, data: bytes) -> None:
        """A member at hand."""
        with self.member(name, len(data)) as write:
            write(data)

    @contextmanager
    def member(
        self, name: str, size: int, *, media_type: str = "", disposition: str = ""
    ) -> Iterator[Callable[[bytes], None]]:
        """A member of so many bytes; the block writes them. ValueError where they are not as many."""
        digest, written = hashlib.sha256(), 0
        attributes = {_MEDIA_TYPE: media_type, _DISPOSITION: disposition}
        self._header(name, size, {key: value for key, value in attributes.items() if value})

        def write(data: bytes) -> None:
            nonlocal written
            digest.update(data)
            written += len(data)
            self._out.write(data)

        yield write
        if written != size:
            raise ValueError(f"{name} has {written} bytes instead of {size}")
        self._pad(size)
        self._listed.append(Entry(name, size, digest.hexdigest(), media_type, disposition))
        self.members += 1
        self.bytes += size
        if len(self._listed) == MEMBERS_PER_PART:
            self._list()

    def finish(self, facts: dict[str, Any]) -> None:
        """Write the rest of the manifest, the end with these facts, and the tar archive's own end."""
        self._list()
        end = {**facts, "members": self.members, "bytes": self.bytes, "manifest": self._previous}
        self._plain(END, json.dumps(end).encode())
        self._out.write(bytes(2 * tarfile.BLOCKSIZE))

    def _list(self) -> None:
        head = json.dumps({"previous": self._previous, "members": len(self._listed)}).encode() + b"\n"
        text = head + b"".join(each.line() for each in self._listed)
        self._parts += 1
        self._plain(f"manifest/{self._parts:06d}.ndjson", text)
        self._previous = hashlib.sha256(text).hexdigest()
        self._listed.clear()

    def _plain(self, name: str, data: bytes) -> None:
        self._header(name, len(data), {})
        self._out.write(data)
        self._pad(len(data))

    def _header(self, name: str, size: int, attributes: dict[str, str]) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._time, 0o600
        info.pax_headers = attributes
        self._out.write(info.tobuf(tarfile.PAX_FORMAT))

    def _pad(self, size: int) -> None:
        self._out.write(bytes(-size % tarfile.BLOCKSIZE))


@dataclass(slots=True)
class _Reading:
    listed: list[Entry] = field(default_factory=list)
    previous: str = ""
    members: int = 0
    size: int = 0
    end: dict[str, Any] | None = None


def read_archive(path: Path) -> Iterator[Member]:
    """The members in order, `tirage.json` first and `end.json` last; each is checked against the manifest that follows.

    Whoever has read to the end has read exactly what was written. Raises BackupRefused `backup_damaged`.
    """
    reading = _Reading()
    with _opened(path) as source, _translated():
        with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK) as archive:
            for info in archive:
                if not info.isreg() or reading.end is not None:
                    raise damaged(f"{info.name[:120]!r} does not belong into a backup")
                yield from _member(archive, info, reading)
        if reading.end is None:
            raise damaged("it ends too early")
        while source.read(CHUNK):  # to the end: only there the compression's own checksum is compared
            pass


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, reading: _Reading) -> Iterator[Member]:
    # A stream keeps what it has seen of every member otherwise.
    archive.members.clear()  # type: ignore[attr-defined]
    file = archive.extractfile(info)
    assert file is not None
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        # Whoever reads the member runs this, not the reader of the archive.
        with _translated():
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                yield chunk

    attributes = [info.pax_headers.get(name, "") for name in (_MEDIA_TYPE, _DISPOSITION)]
    member = Member(info.name, info.size, attributes[0], attributes[1], chunks())
    if _MANIFEST.fullmatch(info.name):
        _compare(member.read(), reading)
        reading.previous = digest.hexdigest()
        return
    if info.name == END:
        text = member.read()
        reading.end = json_object(text)
        wanted = {"members": reading.members, "bytes": reading.size, "manifest": reading.previous}
        if reading.listed or {name: reading.end.get(name) for name in wanted} != wanted:
            raise damaged("members are missing")
        yield Member(END, len(text), "", "", iter([text]))
        return
    if (info.name == HEAD) != (reading.members == 0) or not _may_be_named(info.name):
        raise damaged(f"{info.name[:120]!r} does not belong into a backup")
    yield member
    for _ in member.chunks:
        pass
    reading.listed.append(Entry(info.name, info.size, digest.hexdigest(), *attributes))
    reading.members += 1
    reading.size += info.size
    if len(reading.listed) > MEMBERS_PER_PART:
        raise damaged("its manifest is missing")


def _compare(text: bytes, reading: _Reading) -> None:
    head, _, lines = text.partition(b"\n")
    about = json_object(head)
    if about != {"previous": reading.previous, "members": len(reading.listed)}:
        raise damaged("members or parts of its manifest are missing")
    if lines != b"".join(each.line() for each in reading.listed):
        told = lines.splitlines(keepends=True)
        wrong = (each.name for each, line in zip(reading.listed, told, strict=False) if each.line() != line)
        raise damaged(f"{next(wrong, 'the manifest')} is not as it was written")
    reading.listed.clear()


def _may_be_named(name: str) -> bool:
    """Whether a backup has members of this name: nothing that could lead out of a folder is among them."""
    if name.startswith("objects/"):
        return valid(name.removeprefix("objects/"))
    if name.startswith("secrets/"):
        return name.removeprefix("secrets/") in SECRETS
    return name == HEAD or _TABLE_PART.fullmatch(name) is not None


def json_object(text: bytes) -> dict[str, Any]:
    """A member that is a JSON object. Raises BackupRefused `backup_damaged`."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise damaged("a part of it cannot be read") from error
    if not isinstance(value, dict):
        raise damaged("a part of it cannot be read")
    return value


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError) as error:
        raise damaged(str(error) or "it ends too early") from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's tar archive; whether it is compressed is told by its first bytes, not by its name."""
    with path.open("rb") as raw:
        begin = raw.read(4)
        raw.seek(0)
        if begin[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield raw


def damaged(what: str) -> BackupRefused:
    """The error for a file that is not, or no longer, a whole backup."""
    message = f"This is not a whole backup of Tirage: {what}."
    return BackupRefused(Problem("backup_damaged", message, hint="Nothing was changed. Take another copy of the file."))
