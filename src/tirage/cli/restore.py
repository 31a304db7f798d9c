"""`tirage restore`: a file of `tirage backup` into a new, empty data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, interrupted_by_terminate, say


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What tirage backup has written.")],
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="An empty folder, or one to be made.")] = None,
    sha256: Annotated[str | None, typer.Option(metavar="HEX", help="The SHA-256 that the file must have.")] = None,
) -> None:
    """Check the whole file, then make an installation from it in an empty folder, migrated to this version."""
    with ending(), interrupted_by_terminate():
        import asyncio

        from tirage.actions import restore as action
        from tirage.cli.service_settings import read
        from tirage.context import data_folder

        settings = read({"data_dir": None if data_dir is None else str(data_dir)})
        report = asyncio.run(action.restore(settings, file, sha256=sha256 or ""))
        say(
            f"Restored into {data_folder(settings)}: {report.rows} rows, {report.objects} objects,",
            mark="✓",
            colour="green",
        )
        say(f"  {len(report.secrets)} secret files, from Tirage {report.written_by}.")
        for each in report.migrated:
            say(f"  migrated: {each}")
        if report.lost:
            say(f"{len(report.lost)} objects were missing when the backup was made: {report.lost[0]} …", mark="!")
        say(f"  Start it: tirage serve --data-dir {data_folder(settings)}")
