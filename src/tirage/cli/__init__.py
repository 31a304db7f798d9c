"""The command line: one file a command; what a command needs is loaded when it runs."""

from __future__ import annotations


def main() -> None:
    """The entry point `tirage`."""
    import sys

    from tirage.cli.head_start import begin

    begin(sys.argv[1:])
    from tirage.cli.app import run

    run()
