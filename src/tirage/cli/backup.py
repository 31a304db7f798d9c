"""`tirage backup`: database, objects and secrets of an installation into one file, whether the service runs or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import SOME_FAILED, ending, interrupted_by_terminate, result, say, stop


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, .tar or .tar.gz; - writes a tar to a pipe.")
    ],
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data.")] = None,
) -> None:
    """Write database, pictures and secrets into one file; the service may run. Prints the file's SHA-256."""
    with ending(), interrupted_by_terminate():
        import asyncio

        from tirage.actions import backup as action
        from tirage.cli.service_settings import read
        from tirage.clock import SystemClock

        settings = read({"data_dir": None if data_dir is None else str(data_dir)})
        report = asyncio.run(action.backup(settings, file, SystemClock()))
        if file == action.STANDARD_OUTPUT:
            say(f"SHA-256 {report.sha256}")
        else:
            result(f"{report.sha256}  {file}")
        megabytes = report.object_bytes / 1e6
        say(f"{report.rows} rows, {report.objects} objects ({megabytes:.1f} MB), {len(report.secrets)} secret files.")
        if report.secrets:
            text = "THE FILE HOLDS SECRETS: whoever reads it has all that this installation keeps. Encrypt it."
        else:
            text = "Keep TIRAGE_SECRET as well: the secret came from there and is not in the file."
        say(text, mark="!", colour="yellow")
        if report.lost_count:
            some = ", ".join(report.lost)
            say(f"{report.lost_count} objects that the database names are not in the storage: {some}", mark="!")
            stop(SOME_FAILED)
