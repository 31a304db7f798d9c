"""A batch on a server → a live display while it runs, and sentences when it has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tirage.cli.console import INTERRUPTED, OK, SOME_FAILED, leave, result, result_json, say, tell_problem
from tirage.engine.errors import Problem

if TYPE_CHECKING:
    from tirage.client import Batch, Client

SHOWN = 10
"""Failed rows that are shown; `errors.csv` on the server holds all."""


def watch(client: Client, uid: str, *, json: bool) -> int:
    """Follow a batch to its end, tell how it went, and give the exit code. Ctrl-C leaves the batch alone."""
    last: Batch | None = None
    try:
        with _display(quiet=json) as show:
            for last in client.batches.watch(uid):
                show(last)
    except KeyboardInterrupt:
        say()
        say(f"The batch goes on. To watch it again: tirage batch watch {uid}")
        if json and last is not None:
            result_json({**as_json(last), "ok": False, "interrupted": True})
        leave(INTERRUPTED)
    assert last is not None
    # Events tell the numbers; the first errors come with the batch itself.
    tell(client.batches.get(uid), json=json)
    return code_of(last)


def code_of(batch: Batch) -> int:
    """0 where every row has its picture; 1 where some have none."""
    return OK if batch.state == "finished" and batch.counts.failed == 0 else SOME_FAILED


def tell(batch: Batch, *, json: bool) -> None:
    """Where a batch stands: failed rows first, then its numbers."""
    if json:
        result_json(as_json(batch))
        return
    if batch.error is not None:
        tell_problem(Problem(batch.error.code, batch.error.message, batch.error.pointer, batch.error.hint or None))
    for row in batch.errors[:SHOWN]:
        if row.error is not None:
            told = Problem(row.error.code, row.error.message, row.error.pointer, row.error.hint or None)
            tell_problem(told, f"row {row.row:,}")
    if batch.counts.failed > len(batch.errors[:SHOWN]) > 0:
        say(f"{batch.counts.failed - SHOWN:,} more failed.")
    result(sentence(batch))


def sentence(batch: Batch) -> str:
    """The batch in one line."""
    counts = batch.counts
    rows = "row" if counts.total == 1 else "rows"
    parts = [f"{batch.state}: {counts.total:,} {rows}, {counts.done:,} drawn"]
    if batch.finished_at is not None and batch.rate:
        parts[0] += f" ({batch.rate:.1f} images/s)"
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if counts.pending:
        parts.append(f"{counts.pending:,} to do")
    return f"{batch.id} {', '.join(parts)}"


def as_json(batch: Batch) -> dict[str, Any]:
    """The batch as the API tells it, with `ok` before it."""
    return {"ok": code_of(batch) == OK, **batch.model_dump(mode="json", by_alias=True)}


@contextmanager
def _display(*, quiet: bool) -> Iterator[Callable[[Batch], None]]:
    """Gives what is to be called with each state of the batch; a bar on a terminal, silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda batch: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.fields[state]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("[red]{task.fields[failed]}"),
        TextColumn("[dim]{task.fields[stages]}"),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, state="", rate="", left="", failed="", stages="")

        def show(batch: Batch) -> None:
            counts = batch.counts
            bar.update(
                task,
                total=counts.total or None,
                completed=counts.done + counts.failed,
                state=batch.state,
                rate=f"{batch.rate:.0f}/s" if batch.rate else "",
                left=f"{duration(batch.estimate)} left" if batch.estimate else "",
                failed=f"{counts.failed:,} failed" if counts.failed else "",
                stages=stages(batch.stages),
            )

        yield show


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `3 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def stages(milliseconds: dict[str, float]) -> str:
    """The times of the stages of a picture, the longest three: `paint 4.1 encode 2.0 ms`."""
    longest = sorted(milliseconds.items(), key=lambda each: -each[1])[:3]
    return " ".join(f"{name} {each:.1f}" for name, each in longest) + " ms" if longest else ""


@contextmanager
def downloading(total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Gives what is to be called after each file; a bar on a terminal, silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("fetching"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
