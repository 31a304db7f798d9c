"""Bytes → files that appear whole or not at all: written aside, flushed to the disk, renamed."""

from __future__ import annotations

import fcntl
import os
import re
from itertools import count
from pathlib import Path

from tirage.engine.errors import Problem, RenderProblem

_PART = re.compile(r"\.tirage-(\d+)-\d+\.part")
_numbers = count(1)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, replacing one of that name; after a crash there is the old one, the new one, or none.

    The folder's own entry is flushed by `flush_folder`. Raises RenderProblem `file_not_written`.
    """
    # Plain descriptors: a file object asks the system five more things, and threads meet at every one of them.
    part = path.with_name(f".tirage-{os.getpid()}-{next(_numbers)}.part")
    try:
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> RenderProblem:
    """The problem of a file or folder that cannot be written."""
    message = f"{str(path)!r} cannot be written: {error.strerror}."
    return RenderProblem(Problem("file_not_written", message, hint="Is there room, and may you write there?"))


def make_folder(path: Path) -> None:
    """The folder, with those above it. Raises RenderProblem `file_not_written`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        message = f"{str(path)!r} is a file where a folder is needed."
        raise RenderProblem(Problem("file_not_written", message, hint="Name another place.")) from None
    except OSError as error:
        raise unwritable(path, error) from error


def lock_folder(path: Path) -> int:
    """Keep other processes from writing a run into the folder, until the descriptor is closed or the process ends.

    Raises RenderProblem `folder_in_use`.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        message = f"Another run is writing into {str(path)!r}."
        hint = "Wait for it, or name another folder with --out."
        raise RenderProblem(Problem("folder_in_use", message, hint=hint), retryable=True) from None
    except OSError:  # file systems without locks go without
        return handle
    return handle


def flush_folder(path: Path) -> None:
    """Make the names of renamed files outlast a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_parts(folder: Path) -> None:
    """Remove what runs that were killed have left half written."""
    for entry in os.scandir(folder):
        match = _PART.fullmatch(entry.name)
        if match and not _alive(int(match[1])):
            Path(entry.path).unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
