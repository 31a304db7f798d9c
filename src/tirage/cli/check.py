"""`tirage check`: every problem of a template, and of each row what would fail, overflow or be missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tirage.cli.console import (
    OK,
    SOME_FAILED,
    WRONG,
    ending,
    result,
    result_json,
    say,
    stop,
    tell_problem,
    tell_problems,
    tell_warning,
)
from tirage.cli.options import AllowHosts, AllowPaths, Delimiter, Encoding, Sheet, folders_of, open_context, settings_of

if TYPE_CHECKING:
    from tirage.actions.check_table import CheckSummary, Finding

SHOWN = 50
MAX_JSON = 10_000


def check(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A template's file, or the name of a starter.")],
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="The table; - is standard input.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="LAYER.KEY=VALUE", help="Values that rank above columns.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, metavar="N", help="How many rows are laid out at once.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings for programs, and nothing else.")] = False,
    allow_host: AllowHosts = None,
    allow_path: AllowPaths = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
) -> None:
    """Tell every problem of a template and, row by row, what would fail, overflow or be missing. Draws nothing.

    Without a table, the template's sample rows are checked. Ends with 1 when there is something to mend in a row.
    """
    values = settings_of(settings or ())
    allowed = folders_of(allow_path or ())
    with ending(json), open_context(workers=workers, allow_hosts=allow_host or ()) as context:
        from tirage.actions.check_table import CheckSummary, check_table, missing_columns
        from tirage.actions.row_jobs import Folders, Output, RowJobs
        from tirage.actions.templates import load_template, sample_row
        from tirage.tables import Row, open_table

        loaded = load_template(template)
        home = loaded.folder if data is None else Path.cwd() if str(data) == "-" else data.parent
        folders = Folders(loaded.folder, (home, Path.cwd()) if values else (home,), allowed)
        jobs = RowJobs(context, loaded, folders, Output(), settings=values, layout_only=True)
        summary = CheckSummary()
        if data is None:
            samples = [dict(each) for each in loaded.template.document.sample_rows] or [sample_row(loaded.template)[0]]
            rows = [Row(number, sample) for number, sample in enumerate(samples, 1)]
            stop(_tell(check_table(context, jobs, rows, summary), summary, "sample rows", json))
        with open_table(data, encoding=encoding, delimiter=delimiter, sheet=sheet) as table:
            if table.format in ("csv", "tsv", "xlsx") and (
                missing := missing_columns(loaded.template, table.columns, values)
            ):
                tell_problems(missing)
                if json:
                    result_json({"ok": False, "problems": [each.as_dict() for each in missing]})
                stop(WRONG)
            stop(_tell(check_table(context, jobs, table, summary), summary, "rows", json))


def _tell(findings: Iterable[Finding], summary: CheckSummary, what: str, json: bool) -> int:
    listed: list[dict[str, Any]] = []
    for number, finding in enumerate(findings):
        if json and number < MAX_JSON:
            listed.append(_as_json(finding))
        elif not json and number < SHOWN:
            _tell_finding(finding)
    for warning in summary.general.values():
        tell_warning(warning)
    bad = summary.failed + summary.losing
    if json:
        general = [{"code": each.code, "message": each.message} for each in summary.general.values()]
        counts = {"rows": summary.rows, "failed": summary.failed, "losing": summary.losing}
        result_json({"ok": not bad, **counts, "general": general, "findings": listed})
    else:
        if bad > SHOWN:
            say(f"  and {bad - SHOWN:,} more rows; --json lists them.")
        text = f"{summary.rows:,} {what}: "
        text += f"{summary.failed:,} would fail, {summary.losing:,} would lose something." if bad else "all well."
        result(text, *(("!", "yellow") if bad else ("✓", "green")))
    return SOME_FAILED if bad else OK


def _tell_finding(finding: Finding) -> None:
    if finding.error is not None:
        for problem in finding.error.problems:
            tell_problem(problem, f"row {finding.row:,}")
    for warning in finding.warnings:
        tell_warning(warning, f"row {finding.row:,}")


def _as_json(finding: Finding) -> dict[str, Any]:
    problems = [each.as_dict() for each in finding.error.problems] if finding.error else []
    warnings = [{"code": each.code, "layer": each.layer, "message": each.message} for each in finding.warnings]
    return {"row": finding.row, "problems": problems, "warnings": warnings}
