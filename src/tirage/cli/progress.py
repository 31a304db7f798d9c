"""A progress bar on stderr, where that is a terminal and nobody asked for silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tirage.actions.render_table import RunSummary

_STEP = 0.1


@contextmanager
def progress_bar(expected: Callable[[], int | None], *, quiet: bool) -> Iterator[Callable[[RunSummary], None] | None]:
    """Gives what is to be called after each row. `expected` counts the rows, and is asked only for a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("drawing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=1 / _STEP,
    )
    with bar:
        task = bar.add_task("", total=expected(), rate="", failed="")

        def update(summary: RunSummary) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=summary.rows,
                rate=f"{speed:.0f}/s" if speed else "",
                failed=f"{summary.failed} failed" if summary.failed else "",
            )

        yield update
