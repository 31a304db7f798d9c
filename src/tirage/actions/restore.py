"""An archive of `backup` → a new installation in an empty folder, or nothing at all."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Any

from tirage.actions.archive import END, HEAD, BackupRefused, Member, damaged, json_object, read_archive
from tirage.actions.backup import FORMAT, fingerprint
from tirage.actions.files import flush_folder
from tirage.blobs import Blobs, open_blobs
from tirage.blobs.port import type_of
from tirage.context import data_folder, open_vault, running_database
from tirage.db.address import DatabaseAddress
from tirage.db.dump import Applied, Loader, Table, loading, require_empty
from tirage.db.folder import lock_data_folder
from tirage.db.migrate import Migration, migrate, read_migrations
from tirage.engine.errors import Problem
from tirage.settings import Settings
from tirage.store.vault import VAULT_FILE, Vault

UNFINISHED = "restore.unfinished"
"""A file in the data folder for as long as a restore runs; one that was killed leaves it behind."""
# What makes a folder no less empty: the root of a volume has it.
_IGNORED = frozenset({"lost+found"})


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What the new installation has been given; `migrated` are the migrations applied to it afterwards."""

    written_by: str
    rows: int
    objects: int
    secrets: tuple[str, ...]
    lost: tuple[str, ...]
    migrated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    written_by: str
    migrations: tuple[Applied, ...]
    tables: tuple[Table, ...]
    secret: str
    secrets: tuple[str, ...]
    """The secret files that are in the archive."""


@dataclass(slots=True)
class _Come:
    rows: dict[str, int]
    objects: int = 0
    end: dict[str, Any] | None = None


async def restore(
    settings: Settings, file: Path, *, sha256: str = "", migrations: tuple[Migration, ...] | None = None
) -> RestoreReport:
    """Read the archive to its end, then make the installation of the settings from it; on failure leave nothing.

    `sha256` is what the file's hash has to be, where it is known from elsewhere. Raises, before anything is written,
    BackupRefused `backup_damaged`, `backup_differs`, `backup_newer`, `backup_migration_differs`,
    `restore_folder_in_use`, `restore_storage_in_use`, `backup_secret_missing`, `backup_secret_differs`, and
    DatabaseRefused `database_not_empty`.
    """
    known = read_migrations() if migrations is None else migrations
    folder = data_folder(settings)
    if sha256 and _hash_of(file) != sha256.lower():
        message = f"The SHA-256 of {str(file)!r} is not the one that was given."
        raise BackupRefused(Problem("backup_differs", message, hint="Nothing was changed."))
    head = _verify(file)
    _check_migrations(head, known)
    _check_secret(settings, head)
    _check_folder(folder)
    if settings.database_url:
        require_empty(DatabaseAddress.of_urls(settings.database_url, settings.database_owner_url))
    if settings.storage:
        await _check_storage(settings)
    with _all_or_nothing(folder):
        with running_database(settings) as address:
            report = await _fill(settings, address, file, head, known)
        flush_folder(folder)
    return report


async def _fill(
    settings: Settings, address: DatabaseAddress, file: Path, head: _Head, known: tuple[Migration, ...]
) -> RestoreReport:
    migrate(address, migrations=known[: len(head.migrations)])
    blobs = open_blobs(settings.storage, data_folder(settings) / "blobs")
    try:
        # The rows are committed last, when all objects are there and the archive was read to its end once more.
        with loading(address, head.tables) as loader:
            come = await _take(settings, file, head, blobs, loader)
            assert come.end is not None
            if come.rows != come.end["rows"]:
                raise damaged("its rows are not as many as it says")
            loader.count_from(come.end["sequences"])
    finally:
        await blobs.close()
    report = migrate(address, migrations=known)
    return RestoreReport(
        written_by=head.written_by,
        rows=sum(come.rows.values()),
        objects=come.objects,
        secrets=head.secrets,
        lost=tuple(come.end["lost"]),
        migrated=tuple(map(str, report.new)),
    )


async def _take(settings: Settings, file: Path, head: _Head, blobs: Blobs, loader: Loader) -> _Come:
    tables = {each.name: each for each in head.tables}
    come = _Come(dict.fromkeys(tables, 0))
    for table, members in itertools.groupby(read_archive(file), key=lambda each: each.table):
        if table:
            if table not in tables:
                raise damaged(f"there is no table {table}")
            come.rows[table] += loader.fill(
                tables[table], itertools.chain.from_iterable(each.chunks for each in members)
            )
            continue
        for member in members:
            if member.key:
                media_type = member.media_type or type_of(member.key)
                await blobs.put(member.key, _stream(member), media_type, disposition=member.disposition or None)
                come.objects += 1
            elif member.secret:
                _write_secret(data_folder(settings) / member.secret, member.read())
            elif member.name == END:
                come.end = json_object(member.read())
    return come


async def _stream(member: Member) -> AsyncIterator[bytes]:
    for chunk in member.chunks:
        yield chunk


def _verify(file: Path) -> _Head:
    """Read the whole archive, compare every hash, and tell what it begins with."""
    about: dict[str, Any] = {}
    secrets = []
    secret = b""
    for member in read_archive(file):
        if member.name == HEAD:
            about = json_object(member.read())
            if about.get("format") != FORMAT:
                _refuse_newer(f"Its format is {about.get('format')!r}; this Tirage reads {FORMAT}.")
        elif member.secret:
            secrets.append(member.secret)
            data, file_name = member.read(), member.secret
            secret = data if file_name == VAULT_FILE else secret
        elif member.name == END and not {"rows", "sequences", "lost"} <= json_object(member.read()).keys():
            raise damaged("its end is not understood")
    try:
        head = _Head(
            written_by=str(about["tirage"]),
            migrations=tuple(Applied(**each) for each in about["migrations"]),
            tables=tuple(Table(each["name"], tuple(each["columns"])) for each in about["tables"]),
            secret=str(about["secret"]),
            secrets=tuple(secrets),
        )
    except (KeyError, TypeError) as error:
        raise damaged("its first member is not understood") from error
    if secret and not compare_digest(fingerprint(Vault.of_text(secret.decode("ascii", "replace"))), head.secret):
        raise damaged("its secret is not the one that it was made with")
    return head


def _check_migrations(head: _Head, known: tuple[Migration, ...]) -> None:
    newer = [f"{each.version:04d}_{each.name}" for each in head.migrations if each.version > len(known)]
    if newer:
        _refuse_newer(f"Its database has migrations unknown to this Tirage: {', '.join(newer)}.")
    for given, ours in zip(head.migrations, known, strict=False):
        if (given.version, given.checksum) != (ours.version, ours.checksum):
            message = f"The migration {ours} differs from the one in the backup."
            hint = "A released migration never changes: install an unchanged Tirage."
            raise BackupRefused(Problem("backup_migration_differs", message, hint=hint))


def _refuse_newer(message: str) -> None:
    hint = "Nothing was changed. Install the version of Tirage that made the backup, or a newer one."
    raise BackupRefused(Problem("backup_newer", f"A newer Tirage made this backup. {message}", hint=hint))


def _check_secret(settings: Settings, head: _Head) -> None:
    if settings.secret:
        if not compare_digest(fingerprint(open_vault(settings)), head.secret):
            message = "TIRAGE_SECRET is not the secret under which the backup's hooks and link keys are sealed."
            raise BackupRefused(Problem("backup_secret_differs", message, hint="Set it as it was, or unset it."))
    elif VAULT_FILE not in head.secrets:
        message = "The backup does not hold the installation's secret: it came from TIRAGE_SECRET when it was made."
        raise BackupRefused(Problem("backup_secret_missing", message, hint="Set TIRAGE_SECRET as it was."))


def _check_folder(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not {each.name for each in folder.iterdir()} - _IGNORED):
        return
    message = f"{str(folder)!r} is not an empty folder."
    hint = "A restore never mixes with what is there: name a new folder with --data-dir."
    if (folder / UNFINISHED).exists():
        hint = "A restore into it was interrupted; remove the folder and begin again."
    raise BackupRefused(Problem("restore_folder_in_use", message, hint=hint))


async def _check_storage(settings: Settings) -> None:
    blobs = open_blobs(settings.storage, data_folder(settings) / "blobs")
    try:
        async for about in blobs.list():
            message = f"The storage has objects already, {about.key!r} first."
            hint = "Restore into an empty folder or bucket, or give TIRAGE_STORAGE another prefix."
            raise BackupRefused(Problem("restore_storage_in_use", message, hint=hint))
    finally:
        await blobs.close()


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """The data folder, locked against a service; what was written into it goes away if the block fails."""
    new = not folder.exists()
    lock = lock_data_folder(folder)
    try:
        (folder / UNFINISHED).touch(mode=0o600)
        yield
        (folder / UNFINISHED).unlink()
    except BaseException:
        for entry in folder.iterdir():
            if entry.name in _IGNORED:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if new:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        lock.release()


def _write_secret(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(path.parent)


def _hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
