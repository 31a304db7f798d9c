"""A running or resting installation → one archive: database, objects and secrets as of one moment."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from tirage import __version__
from tirage.actions.archive import HEAD, SECRETS, ArchiveWriter, BackupRefused, Sink
from tirage.actions.files import flush_folder
from tirage.blobs import Blobs, StorageProblem, open_blobs
from tirage.blobs.port import About, type_of
from tirage.clock import Clock
from tirage.context import data_folder, open_vault, running_database
from tirage.db.address import DatabaseAddress
from tirage.db.dump import Snapshot, sequences, snapshot, still_named
from tirage.engine.errors import Problem
from tirage.settings import Settings
from tirage.store.vault import VAULT_FILE, Vault

FORMAT = 1
STANDARD_OUTPUT = Path("-")
_PROBES = "probe/"
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What the archive holds. `sha256` is that of the whole file.

    `lost` are objects that rows name and the storage has not, the first of them; `lost_count` is how many there are.
    """

    rows: int
    objects: int
    object_bytes: int
    secrets: tuple[str, ...]
    sha256: str
    lost: tuple[str, ...]
    lost_count: int


async def backup(settings: Settings, file: Path, clock: Clock) -> BackupReport:
    """Write the installation into a new file, which appears whole and readable by its owner alone; `-` is a pipe.

    The service may run: rows are of one moment, and objects are read after that moment, so none that a row names is
    missing but those deleted meanwhile. Raises BackupRefused `backup_exists`, `backup_suffix`, `installation_missing`;
    DatabaseRefused, DatabaseUnavailable, StorageProblem, OSError.
    """
    _check_name(file)
    _check_installation(settings)
    now = int(clock.now().timestamp())
    with running_database(settings) as address:
        blobs = open_blobs(settings.storage, data_folder(settings) / "blobs", reserve_bytes=0)
        try:
            with _new_file(file) as out:
                with _compressed(file, out) as sink:
                    told = await _write(settings, address, blobs, ArchiveWriter(sink, now))
                report = BackupReport(**told, sha256=out.digest.hexdigest())
        finally:
            await blobs.close()
    return report


async def _write(settings: Settings, address: DatabaseAddress, blobs: Blobs, writer: ArchiveWriter) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+", encoding="ascii") as named:
        with snapshot(address) as taken:
            head = {
                "format": FORMAT,
                "tirage": __version__,
                "migrations": [asdict(each) for each in taken.migrations],
                "tables": [asdict(each) for each in taken.tables],
                "secret": fingerprint(open_vault(settings)),
            }
            writer.add(HEAD, json.dumps(head).encode())
            secrets = _add_secrets(settings, writer)
            rows = _add_tables(taken, writer)
            named.writelines(f"{key}\n" for key in taken.objects())
        named.seek(0)
        count, size, missing = await _add_objects(blobs, writer, named)
    lost = still_named(address, missing) if missing else ()
    writer.finish({"rows": rows, "sequences": sequences(address), "lost": lost})
    return {
        "rows": sum(rows.values()), "objects": count, "object_bytes": size, "secrets": secrets,
        "lost": lost[:_MOST_NAMED], "lost_count": len(lost),
    }  # fmt: skip


def _add_secrets(settings: Settings, writer: ArchiveWriter) -> tuple[str, ...]:
    found = []
    for name in SECRETS:
        path = data_folder(settings) / name
        # A secret that comes from the settings is the operator's, whatever an old file says.
        if path.is_file() and not (name == VAULT_FILE and settings.secret):
            writer.add(f"secrets/{name}", path.read_bytes())
            found.append(name)
    return tuple(found)


def _add_tables(taken: Snapshot, writer: ArchiveWriter) -> dict[str, int]:
    rows = {}
    for table in taken.tables:
        rows[table.name] = 0
        for number, part in enumerate(taken.parts(table)):
            writer.add(f"database/{table.name}/{number:06d}.copy", part)
            # In COPY's text form a line end within a value is written as two characters.
            rows[table.name] += part.count(b"\n")
    return rows


async def _add_objects(blobs: Blobs, writer: ArchiveWriter, named: IO[str]) -> tuple[int, int, list[str]]:
    """How many objects there are, of how many bytes, and the named ones (in the order of keys) that are missing."""
    count = size = 0
    missing: list[str] = []
    wanted = _Wanted(line.rstrip("\n") for line in named)
    async for about in blobs.list():
        if about.key.startswith(_PROBES) or not await _add_object(blobs, writer, about):
            continue
        count += 1
        size += about.size
        missing += wanted.up_to(about.key)
    return count, size, missing + wanted.rest()


async def _add_object(blobs: Blobs, writer: ArchiveWriter, listed: About) -> bool:
    """Whether the object was still there."""
    try:
        blob = await blobs.get(listed.key)
    except StorageProblem as error:
        if error.code == "storage_not_found":
            return False
        raise
    about = blob.about
    media_type = "" if about.media_type in ("", type_of(about.key)) else about.media_type
    name = f"objects/{about.key}"
    async with aclosing(blob.stream) as stream:  # type: ignore[type-var]
        with writer.member(name, about.size, media_type=media_type, disposition=about.disposition or "") as write:
            async for chunk in stream:
                write(chunk)
    return True


class _Wanted:
    """Sorted keys that are ticked off by another sorted series."""

    def __init__(self, keys: Iterator[str]) -> None:
        self._keys = keys
        self._next = next(keys, None)

    def up_to(self, found: str) -> list[str]:
        """The wanted keys before the one found, which are missing, therefore; that one is ticked off."""
        passed = []
        while self._next is not None and self._next < found:
            passed.append(self._next)
            self._next = next(self._keys, None)
        if self._next == found:
            self._next = next(self._keys, None)
        return passed

    def rest(self) -> list[str]:
        """All that are left."""
        left = [] if self._next is None else [self._next, *self._keys]
        self._next = None
        return left


def fingerprint(vault: Vault) -> str:
    """What tells one installation's secret from another's without telling the secret."""
    return vault.derive("backup fingerprint")[:8].hex()


def _check_installation(settings: Settings) -> None:
    """Refuse an empty folder: opening it would make a new installation, with a new secret, and back that up."""
    folder = data_folder(settings)
    for here, what in (
        (settings.secret or (folder / VAULT_FILE).is_file(), VAULT_FILE),
        (settings.database_url or (folder / "postgres").is_dir(), "database"),
    ):
        if not here:
            message = f"There is no {what} in the folder {str(folder)!r}."
            hint = "Name the folder of the installation with --data-dir, and set the variables that the service has."
            raise BackupRefused(Problem("installation_missing", message, hint=hint))


class _Hashing:
    """A file of which the hash is known when it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _check_name(file: Path) -> None:
    if file == STANDARD_OUTPUT:
        if sys.stdout.isatty():
            message = "A backup is not text for a terminal."
            raise BackupRefused(Problem("backup_suffix", message, hint="Name a file, or pipe it into a program."))
        return
    if not file.name.endswith((".tar", ".tar.gz", ".tgz")):
        message = f"{file.name!r} does not end in .tar or .tar.gz."
        raise BackupRefused(Problem("backup_suffix", message, hint="Name it backup.tar or backup.tar.gz."))
    if file.exists():
        message = f"{str(file)!r} exists already."
        raise BackupRefused(Problem("backup_exists", message, hint="A backup never replaces another: name a new file."))


@contextmanager
def _new_file(file: Path) -> Iterator[_Hashing]:
    """The file while it is written: it has its name when it is whole, flushed to the disk, or never."""
    if file == STANDARD_OUTPUT:
        out = _Hashing(sys.stdout.buffer)
        yield out
        out.flush()
        return
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield _Hashing(opened)
            opened.flush()
            os.fsync(opened.fileno())
        # Unlike a rename, a link never replaces what came there meanwhile.
        os.link(part, file)
    finally:
        part.unlink()
    flush_folder(file.parent)


@contextmanager
def _compressed(file: Path, out: _Hashing) -> Iterator[Sink]:
    if file.suffix in (".gz", ".tgz"):
        # Level 4: most of an installation are pictures, which are compressed already.
        with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=4, mtime=0) as packed:
            yield packed
    else:
        yield out
