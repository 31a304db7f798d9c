"""Key → directory and file below a root, each step opened by descriptor so that no link is ever followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tirage.blobs.keys import LONGEST, missing, valid
from tirage.blobs.problems import StorageProblem, problem

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A planted pipe must not make the reader wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def translated(error: OSError, key: str) -> StorageProblem:
    """What the system refused, as a problem of the store."""
    if error.errno in FULL:
        return problem(
            "storage_full",
            f"The disk took no more bytes for {key[:80]!r}: {os.strerror(error.errno or 0)}.",
            "Make room or move the data folder; what was there before is untouched.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return problem(
            "storage_denied",
            f"The folder of the store may not be used for {key[:80]!r}: {os.strerror(error.errno)}.",
            "Give the user of this process read and write access to it.",
        )
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
        return problem(
            "storage_key_invalid",
            f"{key[:80]!r} cannot be stored: a part of it is a file, a folder or a link in the store.",
            "No key may be the folder of another, and links are not followed.",
        )
    return problem("storage_unavailable", f"The disk failed for {key[:80]!r}: {os.strerror(error.errno or errno.EIO)}.")


@contextmanager
def parent(root: int, key: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The open directory of a key and the name within it; with `make`, missing directories are made.

    Those made are durable when this ends without an error: flushed last, as the file system then has nothing left to
    write for them after the flush of what was put into them. Raises OSError: FileNotFoundError where a directory is
    missing, ENOTDIR or ELOOP where one is a link.
    """
    *folders, name = key.split("/")
    here = os.dup(root)
    grown: list[int] = []
    try:
        for depth, folder in enumerate(folders, 1):
            made = False
            try:
                below = os.open(folder, _DIRECTORY, dir_fd=here)
            except FileNotFoundError:
                if not make:
                    raise
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o700, dir_fd=here)
                    made = True
                below = os.open(folder, _DIRECTORY, dir_fd=here)
            # The innermost may have been made by another writer a moment ago, who has not flushed it yet.
            if made or (make and depth == len(folders)):
                grown.append(here)
            else:
                os.close(here)
            here = below
        yield here, name
        for above in grown:
            os.fsync(above)
    finally:
        for above in (*grown, here):
            os.close(above)


def open_file(root: int, key: str) -> int:
    """The descriptor of an object's regular file. Raises StorageProblem `storage_not_found` for anything else."""
    if not valid(key):
        raise missing(key)
    try:
        with parent(root, key) as (folder, name):
            file = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise missing(key) from None
        raise translated(error, key) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise missing(key)
    return file


def unlink(root: int, key: str) -> bool:
    """Remove a file, durably, and the directories that it leaves empty; whether it was there."""
    try:
        with parent(root, key) as (folder, name):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EPERM):
            return False
        raise translated(error, key) from error
    prune(root, key)
    return True


def prune(root: int, key: str) -> None:
    """Remove the empty directories above a key, innermost first."""
    folders = key.split("/")[:-1]
    # Whoever writes into one of them at this moment finds it gone and makes it again.
    with suppress(OSError):
        for depth in range(len(folders), 0, -1):
            with parent(root, "/".join(folders[:depth])) as (above, name):
                os.rmdir(name, dir_fd=above)


def walk(root: int, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
    """The keys below a prefix in their order, with what the system knows of each file; links are passed over."""
    try:
        with parent(root, f"{prefix}x") as (folder, _):
            below = os.dup(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno == errno.ELOOP:
            return
        raise translated(error, prefix) from error
    yield from _walk(below, prefix, after)


def _walk(folder: int, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            # As in object stores, keys are ordered as wholes: `a-b` is before `a/b`, so a folder counts its slash.
            found = sorted(
                entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
                if not entry.is_symlink()
            )
        for name in found:
            key = prefix + name
            if key.endswith("/"):
                if after[: len(key)] > key or len(key) > LONGEST:
                    continue
                try:
                    below = os.open(name[:-1], _DIRECTORY, dir_fd=folder)
                except OSError:
                    continue  # removed in the meantime, or exchanged for a link
                yield from _walk(below, key, after)
            elif key > after and valid(key):
                try:
                    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(facts.st_mode):
                    yield key, facts
    finally:
        os.close(folder)
