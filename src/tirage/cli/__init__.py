"""The command line: one file a command; what a command needs is loaded when it runs."""

from __future__ import annotations


def main() -> None:
    """The entry point `tirage`."""
    from tirage.cli.app import run

    run()
