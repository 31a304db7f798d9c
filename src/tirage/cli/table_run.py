"""`tirage render --data`: the run over a table, its progress, its summary and its end."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tirage.actions.render_table import RowRange, RunSummary, render_table
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.run_folder import ERRORS, MANIFEST, RunFolder
from tirage.actions.templates import LoadedTemplate
from tirage.cli.console import (
    INTERRUPTED,
    OK,
    SOME_FAILED,
    interrupted_by_terminate,
    leave,
    result,
    result_json,
    say,
    tell_problem,
    tell_warning,
)
from tirage.cli.options import SIZE_FIELD, format_of
from tirage.cli.progress import progress_bar
from tirage.engine import formats
from tirage.engine.errors import Problem, TirageError
from tirage.tables import FileNamer, Table, open_table

if TYPE_CHECKING:
    from tirage.context import Context

SHOWN = 10
"""Failed rows and warnings shown on a terminal; the files hold all."""


@dataclass(frozen=True, slots=True)
class TableRun:
    """What `tirage render --data` was asked for."""

    data: Path
    out: Path
    name: str = "{row:05d}"
    rows: tuple[int, int | None] = (1, None)
    report: Path | None = None
    resume: bool = False
    fail_fast: bool = False
    json: bool = False
    contact_sheet: Path | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    size: str = ""
    now: datetime | None = None
    """The moment that all rows are drawn for, the present one where none is given."""
    locale: str | None = None
    """The language of the rows, where it is not the template's."""
    told: list[dict[str, Any]] | None = None
    """Where summaries for programs are gathered, of which standard output can hold only one value."""

    def of_size(self, size: str, *, several: bool) -> TableRun:
        """The run that draws one size of a template; of several sizes each has a folder of its own in `out`."""
        if not several:
            return replace(self, size=size, name=self.name.replace(SIZE_FIELD, size))
        return replace(
            self,
            size=size,
            out=self.out / size,
            name=self.name.replace(SIZE_FIELD, size),
            report=with_size(self.report, size),
            contact_sheet=with_size(self.contact_sheet, size),
        )

    def draw_sizes(
        self,
        context: Context,
        sizes: Sequence[LoadedTemplate],
        output: Output,
        values: Mapping[str, str],
        allowed: Sequence[Path] = (),
    ) -> int:
        """Draw the rows in each of the sizes, one size after another, and give the worst exit code."""
        if len(sizes) == 1:
            run = self.of_size(sizes[0].size, several=False) if sizes[0].size else self
            return run.draw(context, sizes[0], output, values, allowed)
        if str(self.data) == "-":
            message = "Standard input is read once, and several sizes each read the table."
            raise TirageError(Problem("option_needs_file", message, hint="Name the table's file with --data."))
        told: list[dict[str, Any]] = []
        worst = OK
        for loaded in sizes:
            run = replace(self.of_size(loaded.size, several=True), told=told)
            worst = max(worst, run.draw(context, loaded, output, values, allowed))
            if worst != OK and self.fail_fast:
                break
        if self.json:
            result_json({"ok": worst == OK, "sizes": told})
        return worst

    def draw(
        self,
        context: Context,
        loaded: LoadedTemplate,
        output: Output,
        values: Mapping[str, str],
        allowed: Sequence[Path] = (),
    ) -> int:
        """Draw the rows, tell how it went, and give the exit code."""
        self._check_sheet(output)
        folders = self._folders(loaded, bool(values), allowed)
        # A run that goes on has to know what a row would become before it is drawn, and so reads all pictures itself.
        lends = not self.resume
        jobs = RowJobs(
            context,
            loaded,
            folders,
            output,
            settings=values,
            lends=lends,
            reports=self.report is not None,
            now=self.now,
            locale=self.locale,
        )
        summary = RunSummary()
        try:
            with interrupted_by_terminate(), self._table() as table:
                # Rows of JSON may have members that the first one lacks.
                fields = table.columns if table.format in ("csv", "tsv", "xlsx") else None
                namer = FileNamer(self.name, formats.get(output.format).extension, fields=fields)
                folder = RunFolder(self.out, resume=self.resume, report=self.report)
                with progress_bar(self._expected, quiet=self.json) as progress:
                    render_table(
                        context,
                        jobs,
                        table,
                        namer,
                        folder,
                        chosen=RowRange(*self.rows),
                        fail_fast=self.fail_fast,
                        progress=progress,
                        summary=summary,
                    )
            sheet = self._draw_sheet(context, loaded.template.name) if self.contact_sheet and summary.rows else None
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._tell_interruption(summary)
            context.pool.close()
            leave(INTERRUPTED)
        except TirageError:
            if summary.rows:
                say(f"Stopped after {summary.rows:,} rows, of which {summary.drawn:,} are drawn in {self.out}.")
            raise
        self._tell(summary, sheet)
        return SOME_FAILED if summary.failed else OK

    def _table(self) -> Table:
        return open_table(self.data, encoding=self.encoding, delimiter=self.delimiter, sheet=self.sheet)

    def _folders(self, loaded: LoadedTemplate, with_values: bool, allowed: Sequence[Path]) -> Folders:
        home = Path.cwd() if str(self.data) == "-" else self.data.parent
        rows = (home, Path.cwd()) if with_values else (home,)
        return Folders(loaded.folder, rows, tuple(allowed))

    def _expected(self) -> int | None:
        """How many rows there will be, for the progress bar; None where counting them would cost too much."""
        first, last = self.rows
        if not self.data.is_file() or self.data.stat().st_size > 20_000_000 or self.data.suffix.lower() == ".xlsx":
            return None if last is None else last - first + 1
        with self._table() as table:
            count = sum(1 for _ in table)
        return max(0, min(count, last or count) - first + 1)

    def _draw_sheet(self, context: Context, title: str) -> Path | None:
        """The contact sheet; that it cannot be drawn takes nothing from the run."""
        from tirage.actions.contact_sheet import draw_contact_sheet

        assert self.contact_sheet is not None
        try:
            return draw_contact_sheet(context, self.out, self.contact_sheet, Output(self._sheet_format()), title)
        except TirageError as error:
            tell_problem(error.problems[0], "contact sheet")
            return None

    def _sheet_format(self) -> str:
        return format_of(None, self.contact_sheet)

    def _check_sheet(self, output: Output) -> None:
        """Refuse what cannot be drawn before the run rather than after it."""
        if self.contact_sheet is None:
            return
        from tirage.actions.contact_sheet import READABLE

        self._sheet_format()
        if output.format not in READABLE:
            message = f"A contact sheet shows pictures, and {output.format} files are none."
            raise TirageError(Problem("contact_sheet_format", message, hint="Leave --contact-sheet out."))

    def _tell(self, summary: RunSummary, sheet: Path | None) -> None:
        self._tell_warnings(summary)
        self._tell_failures(summary)
        if self.json:
            if self.told is None:
                result_json(self._as_json(summary, sheet))
            else:
                self.told.append(self._as_json(summary, sheet))
            return
        rate = summary.drawn / summary.seconds if summary.seconds else 0.0
        rows = "row" if summary.rows == 1 else "rows"
        parts = [f"{summary.rows:,} {rows}: {summary.drawn:,} drawn in {summary.seconds:.1f} s"]
        if summary.drawn:
            parts[0] += f" ({rate:.1f} images/s)"
        if summary.skipped:
            parts.append(f"{summary.skipped:,} unchanged")
        if summary.failed:
            parts.append(f"{summary.failed:,} failed")
        result(", ".join(parts) + f". They lie in {self.out}")
        if sheet is not None:
            result(f"Contact sheet: {sheet}")

    def _tell_warnings(self, summary: RunSummary) -> None:
        told = list(summary.warnings.values())
        for each in told[:SHOWN]:
            rows = f"{each.count:,} rows, the first is row {each.row:,}" if each.count > 1 else f"row {each.row:,}"
            about_columns = each.warning.layer is None and each.count == summary.drawn + summary.skipped
            tell_warning(each.warning, "" if about_columns else rows)
        if len(told) > SHOWN:
            say(f"  and {len(told) - SHOWN} other kinds of warnings; --report writes all of them.")

    def _tell_failures(self, summary: RunSummary) -> None:
        for failure in summary.failures[:SHOWN]:
            line = f" (line {failure.line:,})" if failure.line else ""
            for problem in failure.error.problems:
                # What a reader says of a row names the line already.
                tell_problem(problem, f"row {failure.row:,}{'' if line in problem.message else line}")
        if summary.failed:
            more = f"{summary.failed - SHOWN:,} more failed; " if summary.failed > SHOWN else ""
            say(f"{more}all failed rows are listed in {self.out / ERRORS}")

    def _tell_interruption(self, summary: RunSummary) -> None:
        say()
        say(f"Stopped by the user: {summary.drawn:,} drawn, each whole, in {self.out}.")
        say("To go on, call the same command with --resume: rows that are done and unchanged are skipped.")
        if self.json:
            result_json({**self._as_json(summary, None), "ok": False, "interrupted": True})

    def _as_json(self, summary: RunSummary, sheet: Path | None) -> dict[str, Any]:
        return {
            "ok": summary.failed == 0,
            **({"size": self.size} if self.size else {}),
            "rows": summary.rows,
            "drawn": summary.drawn,
            "skipped": summary.skipped,
            "failed": summary.failed,
            "files": summary.files,
            "bytes": summary.bytes,
            "seconds": round(summary.seconds, 3),
            "imagesPerSecond": round(summary.drawn / summary.seconds, 2) if summary.seconds else 0.0,
            "out": str(self.out),
            "manifest": str(self.out / MANIFEST),
            "errors": str(self.out / ERRORS) if summary.failed else None,
            "contactSheet": str(sheet) if sheet else None,
            "failures": [
                {
                    "row": failure.row,
                    **({"line": failure.line} if failure.line else {}),
                    "retryable": failure.error.retryable,
                    "problems": [each.as_dict() for each in failure.error.problems],
                }
                for failure in summary.failures
            ],
            "warnings": [
                {
                    "code": each.warning.code,
                    "message": each.warning.message,
                    "layer": each.warning.layer,
                    "rows": each.count,
                    "firstRow": each.row,
                }
                for each in summary.warnings.values()
            ],
        }


def with_size(path: Path | None, size: str) -> Path | None:
    """A file beside the results of one size: `{size}` replaced, or the size behind its stem."""
    if path is None:
        return None
    if SIZE_FIELD in str(path):
        return Path(str(path).replace(SIZE_FIELD, size))
    return path.with_name(f"{path.stem}-{size}{path.suffix}")
