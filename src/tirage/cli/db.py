"""`tirage db`: bring the database to this version's schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, result, say

db = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after the service's database.")


@db.callback()
def _root() -> None:
    """Look after the service's database."""


@db.command("migrate")
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and change nothing.")] = False,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data.")] = None,
) -> None:
    """Apply the migrations that this database has not seen; `tirage serve` does the same when it starts."""
    with ending():
        from tirage.cli.service_settings import read
        from tirage.context import has_database, running_database
        from tirage.db import migrate as migrations

        settings = read({"data_dir": None if data_dir is None else str(data_dir)})
        if dry_run and not has_database(settings):
            report = migrations.MigrationReport((), migrations.read_migrations(), dry_run=True)
        else:
            with running_database(settings) as address:
                report = migrations.migrate(address, dry_run=dry_run)
        for each in report.new:
            result(f"{'to apply' if dry_run else 'applied'}  {each}")
        if not report.new:
            say("The database is up to date.")
