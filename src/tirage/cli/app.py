"""The commands put together."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tirage import __version__
from tirage.cli import render

app = typer.Typer(
    name="tirage",
    help="Personalized pictures in large batches: a template, a table, one finished picture per row.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("render")(render.render)


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
