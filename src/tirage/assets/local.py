"""Paths and `data:` URLs → verified bytes, without any network."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tirage.assets.content import picture_type
from tirage.assets.fetched import Fetched, LentFile
from tirage.assets.problems import problem

MAX_BYTES = 25_000_000
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BLANKS = re.compile(rb"[ \t\r\n\f]")


def read_data_url(url: str, *, max_bytes: int = MAX_BYTES, recognise: Callable[[bytes], str] = picture_type) -> Fetched:
    """Decode a `data:` URL (RFC 2397), base64 or percent-encoded; its declared type plays no part.

    Raises:
        ResourceProblem: `source_invalid`, `source_too_large`, or what `recognise` finds.
    """
    head, comma, body = url.partition(",")
    if head[:5].lower() != "data:" or not comma:
        raise problem("source_invalid", "The data URL has no comma.", "Write data:image/png;base64,…")
    # Three characters are the most that one byte takes; refuse before anything is decoded.
    if len(body) > 3 * max_bytes:
        raise _data_too_large(max_bytes)
    if _BAD_PERCENT.search(body):
        raise problem("source_invalid", "The data URL contains a percent sign without two hexadecimal digits.")
    try:
        data = unquote_to_bytes(body) if "%" in body else body.encode("utf-8")
    except UnicodeEncodeError:
        raise problem("source_invalid", "The data URL contains half a character.") from None
    if head.lower().rstrip().endswith(";base64"):
        # Line breaks inside base64 come from mail programs; a missing padding from hand-made URLs.
        data = _BLANKS.sub(b"", data).rstrip(b"=")
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except binascii.Error:
            raise problem("source_invalid", "The data URL's base64 cannot be decoded.") from None
    if len(data) > max_bytes:
        raise _data_too_large(max_bytes)
    return Fetched.of(data, recognise(data), "")


class LocalFiles:
    """Reads regular files beneath given folders, each once as long as it does not change.

    A relative path is looked for in each of `bases`, in order (the folder of the file that names it comes first).
    What a path leads to, symbolic links followed, must lie beneath that base or beneath a path in `allow_paths`.
    """

    def __init__(
        self,
        bases: Sequence[Path],
        *,
        allow_paths: Iterable[Path] = (),
        max_bytes: int = MAX_BYTES,
        remembered_bytes: int = 64_000_000,
        recognise: Callable[[bytes], str] = picture_type,
    ) -> None:
        self._bases = [os.path.realpath(base) for base in bases]
        self._allowed = [os.path.realpath(path) for path in allow_paths]
        self._max_bytes = max_bytes
        self._remembered_bytes = remembered_bytes
        self._recognise = recognise
        self._memory: OrderedDict[tuple[str, int, int, int], Fetched] = OrderedDict()
        self._in_memory = 0
        self._lock = threading.Lock()

    def read(self, path: str) -> Fetched:
        """The bytes of one file.

        Raises:
            ResourceProblem: `source_not_found`, `source_blocked` outside the folders, `source_invalid` for what is
                no regular file, `source_too_large`, or what `recognise` finds.
        """
        handle, real, status = self._open(path)
        try:
            key = (real, status.st_ino, status.st_size, status.st_mtime_ns)
            with self._lock:
                if (known := self._memory.get(key)) is not None:
                    self._memory.move_to_end(key)
                    return known
            data = _read(handle, status.st_size, self._max_bytes)
        finally:
            os.close(handle)
        if len(data) > self._max_bytes:  # it grew, or lies in a file system that does not tell sizes
            raise self._too_large(path)
        fetched = Fetched.of(data, self._recognise(data), real)
        self._remember(key, fetched)
        return fetched

    def lend(self, path: str) -> LentFile | None:
        """The file open and unread, for another process to read; None for one that does not tell its size.

        Raises what `read` raises before it reads.
        """
        handle, _, status = self._open(path)
        if status.st_size:
            return LentFile(handle, status.st_size)
        os.close(handle)
        return None

    def _open(self, path: str) -> tuple[int, str, os.stat_result]:
        """A descriptor, the path that it stands for, and what the system says of the file."""
        if not path or "\0" in path:
            raise problem("source_invalid", "The path of the picture is empty or contains a NUL character.")
        real = self._locate(path)
        try:
            # Looked at before it is opened, because opening a device may do something; non-blocking, because it may
            # have become a FIFO since.
            if not stat.S_ISREG(os.lstat(real).st_mode):
                raise problem("source_invalid", f"{_shown(path)} is not a file.", "Name a picture file.")
            handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            reason = error.strerror
            raise problem("source_not_found", f"The file {_shown(path)} cannot be opened: {reason}.") from None
        status = os.fstat(handle)
        if status.st_size > self._max_bytes:
            os.close(handle)
            raise self._too_large(path)
        return handle, real, status

    def _locate(self, path: str) -> str:
        outside = False
        for base in self._bases:
            try:
                real = _plain(base, path) or os.path.realpath(os.path.join(base, path), strict=True)  # noqa: PTH118
            except (OSError, ValueError):  # ValueError: no text that a file system could hold
                continue
            if any(_beneath(real, folder) for folder in (base, *self._allowed)):
                return real
            outside = True
        if outside:
            raise problem(
                "source_blocked",
                f"The file {_shown(path)} lies outside the folder of the file that names it.",
                "Open its folder with --allow-path.",
            )
        raise problem("source_not_found", f"The file {_shown(path)} does not exist.", self._looked())

    def _looked(self) -> str | None:
        return "Looked in " + ", ".join(self._bases) + "." if self._bases else None

    def _too_large(self, path: str) -> Exception:
        return problem("source_too_large", f"The file {_shown(path)} is larger than {self._max_bytes:,} bytes.")

    def _remember(self, key: tuple[str, int, int, int], fetched: Fetched) -> None:
        if len(fetched.data) > self._remembered_bytes // 4:
            return
        with self._lock:
            if key not in self._memory:
                self._memory[key] = fetched
                self._in_memory += len(fetched.data)
            while self._in_memory > self._remembered_bytes:
                _, dropped = self._memory.popitem(last=False)
                self._in_memory -= len(dropped.data)


def read_local(path: str, base_folder: Path, allow_paths: Iterable[Path] = ()) -> Fetched:
    """Read one file as `LocalFiles` does, without remembering it."""
    return LocalFiles([base_folder], allow_paths=allow_paths).read(path)


def _plain(base: str, path: str) -> str | None:
    """The path beneath a real folder where no part of it is a link or leads upwards, else None; most are so.

    Resolving would ask the system about every folder from the root on, for every row. Raises OSError.
    """
    at = base
    for name in path.split("/"):
        if name in ("", os.curdir, os.pardir):
            return None
        at = f"{at}/{name}"
        if stat.S_ISLNK(os.lstat(at).st_mode):
            return None
    return at


def _read(handle: int, size: int, most: int) -> bytes:
    """What the file holds, up to one byte more than `most`; `size` is what it says of itself."""
    # No more room than it needs: a buffer for the most that is allowed would be mapped and unmapped for every file.
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    parts, held = [data], len(data)
    while held <= most and (more := os.read(handle, most + 1 - held)):
        parts.append(more)
        held += len(more)
    return b"".join(parts)


def _beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _shown(path: str) -> str:
    return repr(path if len(path) <= 200 else path[:199] + "…")


def _data_too_large(max_bytes: int) -> Exception:
    return problem("source_too_large", f"The data URL holds more than {max_bytes:,} bytes.")
