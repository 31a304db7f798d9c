"""A table's rows → a folder of files, with a manifest of what is done and a list of what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import perf_counter

from tirage.actions.flow import Flow, Outcome
from tirage.actions.render_image import drawn_of
from tirage.actions.row_jobs import RowJobs
from tirage.actions.run_folder import RunFolder, Written
from tirage.context import Context
from tirage.engine.errors import TirageError
from tirage.engine.report import Warning_
from tirage.tables.filenames import FileNamer
from tirage.tables.rows import BadRow, Row

MAX_TOLD = 200
"""Different warnings, and failed rows, that a summary tells; all of them are in the report and in errors.csv."""
_WRITING_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class RowRange:
    """Which rows of a table: `first`…`last`, counted from 1."""

    first: int = 1
    last: int | None = None


@dataclass(slots=True)
class Told:
    """A warning that rows had in common: how many, and the first of them."""

    warning: Warning_
    row: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that failed, the line of the table in which it begins (0: it has none), and why."""

    row: int
    line: int
    error: TirageError


@dataclass(slots=True)
class RunSummary:
    """What a run came to. `skipped` rows were done before; `failures` are the first failed rows."""

    drawn: int = 0
    skipped: int = 0
    failed: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    most_begun: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: dict[tuple[str, str | None, str], Told] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.drawn + self.skipped + self.failed

    def tell(self, row: int, warnings: Iterable[Warning_]) -> None:
        """Count a row's warnings; equal ones are one."""
        for warning in warnings:
            # What a column has to do with no row is the same for all of them; what a layer tells may quote the row.
            key = (warning.code, warning.layer, warning.message if warning.layer is None else "")
            told = self.warnings.get(key)
            if told is None:
                if len(self.warnings) >= MAX_TOLD:
                    continue
                told = self.warnings[key] = Told(warning, row)
            told.count += 1

    def fail(self, failure: Failure) -> None:
        """Count a failed row."""
        self.failed += 1
        if len(self.failures) < MAX_TOLD:
            self.failures.append(failure)


def render_table(
    context: Context,
    jobs: RowJobs,
    rows: Iterable[Row | BadRow],
    namer: FileNamer,
    folder: RunFolder,
    *,
    chosen: RowRange | None = None,
    fail_fast: bool = False,
    progress: Callable[[RunSummary], None] | None = None,
    summary: RunSummary | None = None,
) -> RunSummary:
    """Draw the chosen rows into the folder. A row that fails is a result; with `fail_fast` no row is begun after it.

    `summary` may be handed in to be read while the run goes on. Raises TirageError where the table cannot be read on,
    and KeyboardInterrupt; what was finished by then is in the manifest. The folder is closed in every case.
    """
    run = _Run(jobs, namer, folder, summary or RunSummary(), fail_fast, progress or (lambda _: None))
    flow = Flow(context, jobs, run.is_done)
    started = perf_counter()
    try:
        for outcome in flow.run(run.chosen(rows, chosen or RowRange())):
            run.settle(outcome)
        run.finish()
    finally:
        run.abandon()
        folder.close()
        run.summary.seconds = perf_counter() - started
        run.summary.most_begun = flow.most_begun
    return run.summary


@dataclass(slots=True)
class _Run:
    jobs: RowJobs
    namer: FileNamer
    folder: RunFolder
    summary: RunSummary
    fail_fast: bool
    progress: Callable[[RunSummary], None]
    names: dict[int, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    writing: list[tuple[int, Future[list[Written]]]] = field(default_factory=list)

    def chosen(self, rows: Iterable[Row | BadRow], wanted: RowRange) -> Iterator[Row | BadRow]:
        """The rows of the range, each with its file's name claimed in the order of the table."""
        for row in rows:
            if wanted.last is not None and row.number > wanted.last:
                return
            if self.fail_fast and self.summary.failed:
                return
            named: Row | BadRow = row
            if isinstance(row, Row):
                try:
                    # Rows before the range claim theirs too: a name does not depend on which rows are drawn.
                    name = self.namer.name(row.number, row.values)
                    if row.number >= wanted.first:
                        self.names[row.number] = name
                except TirageError as error:
                    named = BadRow(row.number, error.problems[0])
            if row.number >= wanted.first:
                self.lines[row.number] = row.line
                yield named

    def is_done(self, row: int, recipe: str) -> bool:
        """Whether an earlier run has made the row's files."""
        return self.folder.has(row, recipe, self.names[row])

    def settle(self, outcome: Outcome) -> None:
        """Write, skip or list one row."""
        name = self.names.pop(outcome.row, "")
        if outcome.error is not None:
            self._fail(outcome.row, outcome.error)
        elif outcome.reply is not None:
            drawn = drawn_of(outcome.recipe, outcome.reply, outcome.warnings)
            self.summary.tell(outcome.row, drawn.warnings)
            self.writing.append((outcome.row, self.folder.write(outcome.row, name, drawn)))
            while len(self.writing) >= _WRITING_AT_ONCE:
                self._written(*self.writing.pop(0))
        else:
            self.summary.skipped += 1
            del self.lines[outcome.row]
        self.progress(self.summary)

    def finish(self) -> None:
        """Wait for the last files."""
        while self.writing:
            self._written(*self.writing.pop(0))
            self.progress(self.summary)

    def abandon(self) -> None:
        """After an interruption: what has not begun to be written is given up, the rest is counted."""
        for row, future in self.writing:
            if not future.cancel():
                self._written(row, future)
        self.writing.clear()

    def _written(self, row: int, future: Future[list[Written]]) -> None:
        try:
            files = future.result()
        except TirageError as error:
            self._fail(row, error)
            return
        del self.lines[row]
        self.summary.drawn += 1
        self.summary.files += len(files)
        self.summary.bytes += sum(each.bytes for each in files)

    def _fail(self, row: int, error: TirageError) -> None:
        failure = Failure(row, self.lines.pop(row), error)
        self.folder.fail(failure.row, failure.line, error)
        self.summary.fail(failure)
