"""The folder of a table's run: its pictures, the manifest of what is done, the list of what failed."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tirage.actions.files import flush_folder, lock_folder, make_folder, sweep_parts, write_whole
from tirage.actions.render_image import Drawn
from tirage.actions.row_log import RowLog
from tirage.engine.errors import TirageError
from tirage.tables.write import escape_formula

MANIFEST = "manifest.ndjson"
ERRORS = "errors.csv"
_ERROR_COLUMNS = ("row", "line", "code", "layer", "message", "retryable")
_WRITERS = 4
"""Flushing a file to the disk waits; several wait at once."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a row: its name in the folder, its hash, its size in px and bytes."""

    file: str
    sha256: str
    width: int
    height: int
    bytes: int


class RunFolder:
    """Writes a run's results. With `resume`, what an earlier run has done stays known.

    Of a row whose template has several pages, and a format that holds one, the files are numbered: `name-1.png`.
    """

    def __init__(self, folder: Path, *, resume: bool = False, report: Path | None = None) -> None:
        make_folder(folder)
        self._lock_handle = lock_folder(folder)
        sweep_parts(folder)
        self.folder = folder
        self._manifest = RowLog(folder / MANIFEST, row_of=_row_of if resume else None)
        self._report = RowLog(report, row_of=_row_of if resume else None) if report else None
        self._errors: RowLog | None = None
        self._lock = threading.Lock()
        (folder / ERRORS).unlink(missing_ok=True)
        self._writers = ThreadPoolExecutor(_WRITERS, "tirage-write")

    def has(self, row: int, recipe: str, name: str) -> bool:
        """Whether the row's files are there, made by this recipe under this name."""
        with self._lock:
            line = self._manifest.line(row)
        if line is None:
            return False
        entry = orjson.loads(line)
        if entry["recipe"] != recipe or entry["file"] not in (name, _numbered(name, 1)):
            return False
        files = entry.get("pages", [entry])
        return all(_has_size(self.folder / each["file"], each["bytes"]) for each in files)

    def write(self, row: int, name: str, drawn: Drawn) -> Future[list[Written]]:
        """Begin to write a row's files and note them as done; the future raises RenderProblem `file_not_written`.

        Both happen in one thread, which an interruption of the caller does not reach: no file is without its line.
        """
        return self._writers.submit(self._write, row, name, drawn)

    def _write(self, row: int, name: str, drawn: Drawn) -> list[Written]:
        written = []
        for number, each in enumerate(drawn.files, 1):
            file = _numbered(name, number) if len(drawn.files) > 1 else name
            write_whole(self.folder / file, each.data)
            sha256 = hashlib.sha256(each.data).hexdigest()
            written.append(Written(file, sha256, each.width, each.height, len(each.data)))
        entry: dict[str, Any] = {"row": row, **_members(written[0]), "recipe": drawn.recipe}
        if len(written) > 1:
            entry["pages"] = [_members(each) for each in written]
        with self._lock:
            self._manifest.append(row, orjson.dumps(entry))
            if self._report is not None:
                self._report.append(row, orjson.dumps({"row": row, "file": written[0].file, **drawn.report}))
        return written

    def fail(self, row: int, line: int, error: TirageError) -> None:
        """Note why a row failed, and in which line of the table it begins; 0 where that has none."""
        layer = next((each.layer for each in error.problems if each.layer), "")
        message = _sentence(" ".join(str(each) for each in error.problems))
        entry = _csv_line((str(row), str(line or ""), error.code, layer, message, _word(error.retryable)))
        with self._lock:
            self._manifest.drop(row)
            if self._report is not None:
                self._report.drop(row)
            if self._errors is None:
                self._errors = RowLog(self.folder / ERRORS, header=_csv_line(_ERROR_COLUMNS) + b"\n")
            self._errors.append(row, entry)

    def close(self) -> None:
        """Wait for what is being written and bring manifest, report and errors into order."""
        self._writers.shutdown(wait=True)
        for log in (self._manifest, self._report, self._errors):
            if log is not None:
                log.finish()
        with suppress(OSError):  # some file systems cannot flush folders
            flush_folder(self.folder)
        os.close(self._lock_handle)


def _numbered(name: str, page: int) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}-{page}{dot}{extension}" if dot else f"{name}-{page}"


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _members(written: Written) -> dict[str, Any]:
    return {
        "file": written.file,
        "sha256": written.sha256,
        "width": written.width,
        "height": written.height,
        "bytes": written.bytes,
    }


def _row_of(line: bytes) -> int | None:
    try:
        row = orjson.loads(line)["row"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return row if isinstance(row, int) else None


def _sentence(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())[:1000]


def _word(value: bool) -> str:
    return "true" if value else "false"


def _csv_line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="").writerow([escape_formula(cell) for cell in cells])
    return buffer.getvalue().encode()
