"""`tirage check`: every problem of a template, and of each row what would fail, overflow or be missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tirage.cli.console import OK, SOME_FAILED, WRONG, ending, result, result_json, stop, tell_problems
from tirage.cli.options import (
    AllowHosts,
    AllowPaths,
    Delimiter,
    Encoding,
    LocaleName,
    SizeNames,
    folders_of,
    format_of,
    locale_of,
    open_context,
    settings_of,
)
from tirage.engine.errors import Problem, TirageError

if TYPE_CHECKING:
    from tirage.actions.check_table import TableCheck
    from tirage.context import Context

PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".pdf", ".svg"})


def check(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A template's file, or the name of a starter.")],
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="The table; - is standard input.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="LAYER.KEY=VALUE", help="Values that rank above columns.")
    ] = None,
    size: SizeNames = None,
    locale: LocaleName = None,
    scale: Annotated[
        float, typer.Option(min=0.1, max=4, metavar="S", help="Pixels per px that are meant to be drawn.")
    ] = 1.0,
    dpi: Annotated[
        float | None, typer.Option(min=1, max=2400, metavar="D", help="Dots per inch of the print that is meant.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, metavar="N", help="How many rows are laid out at once.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings for programs, and nothing else.")] = False,
    contact_sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the ten worst rows into one picture.")
    ] = None,
    allow_host: AllowHosts = None,
    allow_path: AllowPaths = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The sheet of a workbook; the name of a picture (worst.png) is a contact sheet's."
        ),
    ] = None,
) -> None:
    """Tell every problem of a template, and which rows would fail, overflow, miss or hide something, the worst first.

    Without a table, the template's sample rows are checked. Ends with 1 when there is something to mend in a row.
    """
    values = settings_of(settings or ())
    allowed = folders_of(allow_path or ())
    if sheet is not None and contact_sheet is None and Path(sheet).suffix.lower() in PICTURE_ENDINGS:
        contact_sheet, sheet = Path(sheet), None
    language = locale_of(locale)
    with ending(json), open_context(workers=workers, allow_hosts=allow_host or ()) as context:
        from tirage.actions.check_table import check_table, missing_columns
        from tirage.actions.row_jobs import Folders, Output, RowJobs
        from tirage.actions.templates import in_sizes, load_template, sample_row, sample_rows
        from tirage.cli.table_run import with_size
        from tirage.engine.options import OutputOptions
        from tirage.tables import Row, open_table

        if contact_sheet is not None:
            format_of(None, contact_sheet)
        sizes = in_sizes(load_template(template), size or ())
        if len(sizes) > 1 and str(data) == "-":
            message = "Standard input is read once, and several sizes each read the table."
            raise TirageError(Problem("option_needs_file", message, hint="Name the table's file with --data."))
        output = Output("png", OutputOptions(scale=scale, dpi=dpi))
        told: list[dict[str, Any]] = []
        worst = OK
        for loaded in sizes:
            home = loaded.folder if data is None else Path.cwd() if str(data) == "-" else data.parent
            folders = Folders(loaded.folder, (home, Path.cwd()) if values else (home,), allowed)
            jobs = RowJobs(context, loaded, folders, output, settings=values, locale=language)
            if data is None:
                samples = sample_rows(loaded.template) or [sample_row(loaded.template)[0]]
                found = check_table(context, jobs, [Row(number, sample) for number, sample in enumerate(samples, 1)])
            else:
                with open_table(data, encoding=encoding, delimiter=delimiter, sheet=sheet) as table:
                    if table.format in ("csv", "tsv", "xlsx") and (
                        missing := missing_columns(loaded.template, table.columns, values)
                    ):
                        tell_problems(missing)
                        if json:
                            result_json({"ok": False, "problems": [each.as_dict() for each in missing]})
                        stop(WRONG)
                    found = check_table(context, jobs, table)
            target = with_size(contact_sheet, loaded.size) if len(sizes) > 1 else contact_sheet
            drawn = _draw(context, found, target, loaded.template.name) if target else None
            summary = _summary(found, drawn, loaded.size)
            told.append(summary)
            if not json:
                _tell(found, "sample rows" if data is None else "rows", drawn, loaded.size)
            worst = max(worst, SOME_FAILED if found.ranking.bad else OK)
        if json:
            result_json(told[0] if len(told) == 1 else {"ok": worst == OK, "sizes": told})
        stop(worst)


def _draw(context: Context, found: TableCheck, target: Path, title: str) -> Path | None:
    from tirage.actions.worst_sheet import draw_worst_sheet

    return draw_worst_sheet(context, found, target, title)


def _summary(found: TableCheck, drawn: Path | None, size: str) -> dict[str, Any]:
    from tirage.actions.ranking import ranking_as_json

    told: dict[str, Any] = {"size": size} if size else {}
    told |= ranking_as_json(found.ranking)
    return told if drawn is None else {**told, "contactSheet": str(drawn)}


def _tell(found: TableCheck, what: str, drawn: Path | None, size: str) -> None:
    from tirage.cli.check_report import tell_ranking

    ranking = found.ranking
    tell_ranking(ranking)
    text = f"{ranking.rows:,} {what if ranking.rows != 1 else what.removesuffix('s')}: "
    text += f"{ranking.failed:,} would fail, {ranking.losing:,} would lose something" if ranking.bad else "all well"
    if ranking.noted:
        text += f"; {ranking.noted:,} more to look at" if ranking.bad else f"; {ranking.noted:,} to look at"
    named = f"{size}: " if size else ""
    result(f"{named}{text}.", *(("!", "yellow") if ranking.bad else ("✓", "green")))
    if drawn is not None:
        result(f"The worst rows: {drawn}")
