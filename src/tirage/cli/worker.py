"""`tirage worker`: carry out the jobs of batches, on this machine or on another one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, interrupted_by_terminate, say


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many chunks of rows are in work at once.")] = 2,
    queues: Annotated[str, typer.Option(metavar="NAMES", help="The queues to serve, with commas between.")] = "batches",
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data, on this machine.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many pictures are drawn at once.")] = None,
    beside: Annotated[bool, typer.Option("--beside", hidden=True, help="End when standard input ends.")] = False,
) -> None:
    """Draw the rows of batches until Ctrl-C; elsewhere set TIRAGE_DATABASE_URL, TIRAGE_STORAGE and TIRAGE_SECRET."""
    import asyncio
    import os
    import sys

    from tirage import log
    from tirage.cli.service_settings import read
    from tirage.context import running_database, start_pool, words
    from tirage.outlet import unblocked
    from tirage.pool.priority import yield_as_session
    from tirage.worker.run import work

    with unblocked(), ending(), interrupted_by_terminate():
        settings = read(
            {
                "data_dir": None if data_dir is None else str(data_dir),
                "workers": None if workers is None else str(workers),
            }
        )
        log.configure(settings.log_format)
        if beside:
            # Requests of the service on this machine are answered first where the processor is short.
            os.nice(10)
            yield_as_session()
        pool = start_pool(settings, prefetch=1)
        try:
            with running_database(settings) as address:
                if not beside:
                    say("Carrying out jobs. Ctrl-C ends it.")
                held = sys.stdin.fileno() if beside else None
                asyncio.run(work(settings, pool, address, tuple(words(queues)), concurrency, until_closed=held))
        finally:
            pool.close()
        if not beside:
            say("Stopped.")
