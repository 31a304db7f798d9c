"""`tirage render`: one picture, or one for each row of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, stop
from tirage.cli.options import (
    AllowHosts,
    AllowPaths,
    Delimiter,
    Encoding,
    LocaleName,
    Sheet,
    folders_of,
    format_of,
    locale_of,
    moment_of,
    open_context,
    refuse_without_data,
    row_range,
    settings_of,
)
from tirage.engine.errors import Problem, TirageError


def render(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A template's file, or the name of a starter.")],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The table: CSV, TSV, JSON, NDJSON or XLSX; - is standard input. One picture per row."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LAYER.KEY=VALUE", help="Set a property, or a variable; ranks above columns."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="The folder of the results (default: out); without --data a file or a folder."
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="F",
            help="png, jpeg, webp, avif, pdf, svg, gif, apng or mp4. Default: the ending of --out, else png.",
        ),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Draw this size of the template; all is every one. May be repeated."),
    ] = None,
    name: Annotated[str, typer.Option(metavar="PATTERN", help="File names, such as {row:05d}-{title}.")] = "{row:05d}",
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, metavar="N", help="How many are drawn at once.")
    ] = None,
    rows: Annotated[str | None, typer.Option(metavar="1-100", help="Draw these rows only.")] = None,
    scale: Annotated[float, typer.Option(metavar="S", help="Device pixels per px, 0.1 to 4.")] = 1.0,
    quality: Annotated[int | None, typer.Option(metavar="Q", help="1 to 100, for jpeg, webp and avif.")] = None,
    dpi: Annotated[
        float | None, typer.Option(metavar="D", help="Resolution written into the files, 1 to 2400.")
    ] = None,
    progressive: Annotated[bool, typer.Option("--progressive", help="JPEGs that appear coarse first.")] = False,
    transparent: Annotated[bool, typer.Option("--transparent", help="Leave the page's background out.")] = False,
    max_bytes: Annotated[
        int | None, typer.Option(metavar="N", help="Lower the quality until a file is no larger.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="Of an animation, in seconds, 60 at most and by default.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(metavar="N", help="Frames a second of an animation, 30 at most; default: 1.")
    ] = None,
    frames: Annotated[int | None, typer.Option(metavar="N", help="Frames of an animation.")] = None,
    loops: Annotated[int, typer.Option(metavar="N", help="How often an animation is played; 0 is for ever.")] = 0,
    clock: Annotated[
        str | None,
        typer.Option(metavar="ISO", help="The moment that is drawn, such as 2026-12-24T18:00; default: now."),
    ] = None,
    locale: LocaleName = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.ndjson", help="Write what is to be told of each picture.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip rows that are done and unchanged.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Begin no row after the first that fails.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a summary for programs, and nothing else.")] = False,
    allow_host: AllowHosts = None,
    allow_path: AllowPaths = None,
    contact_sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Write one picture that shows up to 100 of the results.")
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
) -> None:
    """Draw a template: once, or once for each row of a table."""
    values = settings_of(settings or ())
    chosen = row_range(rows)
    allowed = folders_of(allow_path or ())
    now, language = moment_of(clock), locale_of(locale)
    with ending(json):
        if data is not None and str(data) != "-" and (data.is_dir() or not data.exists()):
            raise TirageError(Problem("table_not_found", f"There is no table {str(data)!r}."))
        if data is None:
            refuse_without_data(resume=resume, rows=rows is not None, contact_sheet=contact_sheet is not None)
        # First of all, because it warms up in processes of its own while this one loads, reads and parses.
        with open_context(workers=workers, allow_hosts=allow_host or ()) as context:
            from tirage.actions.row_jobs import Output
            from tirage.actions.templates import in_sizes, load_template
            from tirage.engine.options import OutputOptions

            output = Output(
                format_of(format, out if data is None else None),
                OutputOptions(
                    scale=scale,
                    quality=quality,
                    dpi=dpi,
                    progressive=progressive,
                    transparent=True if transparent else None,
                    max_bytes=max_bytes,
                    frames=frames,
                    duration=duration,
                    fps=fps,
                    loops=loops,
                ),
            )
            sizes = in_sizes(load_template(template), size or ())
            if data is None:
                from tirage.cli.one_picture import draw_one

                one = draw_one(
                    context, sizes, output, values,
                    allowed=allowed, out=out, report=report, json=json, now=now, locale=language,
                )  # fmt: skip
                stop(one)
            from tirage.cli.table_run import TableRun

            run = TableRun(
                data=data,
                out=out or Path("out"),
                name=name,
                rows=chosen,
                report=report,
                resume=resume,
                fail_fast=fail_fast,
                json=json,
                contact_sheet=contact_sheet,
                encoding=encoding,
                delimiter=delimiter,
                sheet=sheet,
                now=now,
                locale=language,
            )
            stop(run.draw_sizes(context, sizes, output, values, allowed))
