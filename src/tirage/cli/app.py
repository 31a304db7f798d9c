"""The commands put together."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tirage import __version__
from tirage.cli import (
    backup,
    batch,
    check,
    config,
    db,
    doctor,
    fonts,
    fsck,
    keys,
    render,
    restore,
    sample,
    schema,
    serve,
    starters,
    worker,
)

app = typer.Typer(
    name="tirage",
    help="Personalized pictures in large batches: a template, a table, one finished picture per row.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("render", short_help="Draw a template: once, or once for each row.")(render.render)
app.command("check", short_help="Tell what is wrong with a template or its rows.")(check.check)
app.command("starters", short_help="List or copy the starter templates.")(starters.starters)
app.command("sample", short_help="Make a table of plausible data.")(sample.sample)
app.add_typer(fonts.fonts, name="fonts", short_help="List the font families, or add one.")
app.command("doctor", short_help="Look whether all that is needed works.")(doctor.doctor)
app.command("schema", short_help="Print the JSON Schemas.")(schema.schema)
app.add_typer(batch.batch, name="batch", short_help="Draw tables on a server.")
app.command("worker", short_help="Carry out the jobs of batches.")(worker.worker)
app.command("serve", short_help="Start the service: database, storage and API.")(serve.serve)
app.add_typer(keys.keys, name="keys", short_help="Make API keys of the service.")
app.add_typer(db.db, name="db", short_help="Look after the service's database.")
app.command("backup", short_help="Write the service's data into one file.")(backup.backup)
app.command("restore", short_help="Make the service's data from such a file.")(restore.restore)
app.command("fsck", short_help="Prove that nothing is lost or doubled.")(fsck.fsck)
app.command("config", short_help="Show every setting and where it comes from.")(config.config)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tirage {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Personalized pictures in large batches: a template, a table, one finished picture per row."""


def run() -> None:
    """Run the command of the command line."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read the output has left (`tirage starters | head`).
        sys.stderr.close()
        sys.exit(0)
