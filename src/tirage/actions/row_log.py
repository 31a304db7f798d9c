"""Lines by row number → a file that grows as rows finish and ends sorted: a torn end is mended, memory stays small."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tirage.actions.files import make_folder, unwritable

MAX_ROW = 10_000_000
_ABSENT = -1
_LOOK = 4096


class RowLog:
    """One line a row, appended in any order; a row's later line replaces its earlier one. Eight bytes a row in memory.

    With `row_of`, the lines that an earlier run left stay; it reads the number from a line, and gives None for one
    that is not whole. Raises RenderProblem `file_not_written`.
    """

    def __init__(self, path: Path, *, header: bytes = b"", row_of: Callable[[bytes], int | None] | None = None) -> None:
        self.path = path
        self._header = header
        self._offsets = array("q")
        self._sorted = True
        self._last = 0
        make_folder(path.parent)
        try:
            self._file: BinaryIO = path.open("r+b" if row_of is not None and path.exists() else "w+b")
            self._end = self._recover(row_of) if row_of is not None else 0
            if self._end < len(header):
                self._file.truncate(0)
                self._file.seek(0)
                self._file.write(header)
                self._end = len(header)
            self._file.flush()  # from here on it is written and read at places, past any buffer
        except OSError as error:
            raise unwritable(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def append(self, row: int, line: bytes) -> None:
        """Add a row's line, which has no line end in it; it is handed to the system at once."""
        try:
            rest = memoryview(line + b"\n")
            at = self._end
            while rest:
                written = os.pwrite(self._file.fileno(), rest, at)
                rest, at = rest[written:], at + written
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._note(row, self._end)
        self._end += len(line) + 1

    def line(self, row: int) -> bytes | None:
        """The row's line, or None."""
        offset = self._offsets[row] if 0 <= row < len(self._offsets) else _ABSENT
        if offset == _ABSENT:
            return None
        line = b""
        while not line.endswith(b"\n") and (more := os.pread(self._file.fileno(), _LOOK, offset + len(line))):
            line += more[: more.find(b"\n") + 1] or more
        return line.rstrip(b"\n")

    def drop(self, row: int) -> None:
        """Forget the row's line; it is gone once the log is finished."""
        if 0 <= row < len(self._offsets) and self._offsets[row] != _ABSENT:
            self._offsets[row] = _ABSENT
            self._sorted = False

    def rows(self) -> Iterator[int]:
        """The numbers of the rows that have a line, in order."""
        return (row for row, offset in enumerate(self._offsets) if offset != _ABSENT)

    def finish(self) -> None:
        """Bring the lines into the order of the rows and close the file; it is replaced whole or not at all."""
        if self._file.closed:
            return
        try:
            if self._sorted:
                os.fsync(self._file.fileno())
            else:
                self._rewrite()
        except OSError as error:
            raise unwritable(self.path, error) from error
        finally:
            self._file.close()

    def _rewrite(self) -> None:
        part = self.path.with_name(f".tirage-{os.getpid()}-0.part")
        try:
            with part.open("wb") as file:
                file.write(self._header)
                for row in self.rows():
                    file.write((self.line(row) or b"") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _note(self, row: int, offset: int) -> None:
        missing = row + 1 - len(self._offsets)
        if missing > 0:
            self._offsets.extend([_ABSENT] * missing)
        elif self._offsets[row] != _ABSENT:
            self._sorted = False
        self._sorted = self._sorted and row > self._last
        self._last = row
        self._offsets[row] = offset

    def _recover(self, row_of: Callable[[bytes], int | None]) -> int:
        """Learn what an earlier run wrote; from the first line that is not whole, the file is cut off."""
        end = len(self._header)
        self._file.seek(end)
        for line in self._file:
            row = row_of(line) if line.endswith(b"\n") else None
            if row is None or not 0 <= row <= MAX_ROW:
                break
            self._note(row, end)
            end += len(line)
        self._file.truncate(end)
        return end
