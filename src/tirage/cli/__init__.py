"""The command line: one file a command; what a command needs is loaded when it runs."""

from __future__ import annotations


def main() -> None:
    """The entry point `tirage`."""
    import gc
    import os
    import sys

    gc.set_threshold(50_000)  # loading makes no garbage, and a run little that is circular
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal of few characters is no reason to fail
    try:
        from tirage.cli.head_start import begin

        begin(sys.argv[1:])
        from tirage.cli.app import run

        run()
    except KeyboardInterrupt:
        os._exit(130)
