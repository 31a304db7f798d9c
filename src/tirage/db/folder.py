"""Locks on the data folder: one service at a time, and a count of who uses the embedded server."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tirage.db.errors import DatabaseRefused
from tirage.engine.errors import Problem

SERVICE_LOCK = "service.lock"


class FileLock:
    """An advisory lock of the operating system on a file; it ends with the process, however that ends.

    The descriptor is closed on exec. A child that is only forked would keep the lock: fork servers are started before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock, or change it from shared to exclusive and back; False where it is held and `wait` is off."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, mode if wait else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, text: str) -> None:
        """Leave a note for whoever finds the lock held."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Give the lock back; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock_data_folder(folder: Path) -> FileLock:
    """The data folder for this service alone, until the lock is released or the process ends.

    Raises DatabaseRefused `data_folder_in_use` with the number of the process that holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / SERVICE_LOCK)
    if not lock.acquire(wait=False):
        holder = lock.path.read_text(encoding="ascii", errors="replace").strip()[:20] or "unknown"
        lock.release()
        raise DatabaseRefused(
            Problem(
                "data_folder_in_use",
                f"Another Tirage (process {holder}) already serves the data folder {folder}.",
                hint="Stop it first, or choose another folder with --data-dir.",
            )
        )
    lock.write(str(os.getpid()))
    return lock
