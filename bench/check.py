"""`tirage check` as people run it: rows a second on the Open Graph card, and what a row costs the processors."""

from __future__ import annotations

import csv
import random
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

_WORDS = [
    *("shipping", "backpressure", "fairness", "queues", "render", "million", "cards", "without", "losing", "the"),
    *("plot", "slow", "consumer", "fast", "engine", "pixels", "layout", "text", "fonts"),
]


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows a second of the check itself, without its start; processor milliseconds of all its processes a row."""

    per_second: float
    processor_ms: float


def check_speed(rows: int) -> Checked:
    """Check a table, and one of a fifth of its rows: the difference is what rows cost."""
    with TemporaryDirectory(prefix="tirage-bench-") as name:
        few, many = (_run(table_of(Path(name) / f"{count}.csv", count)) for count in (rows // 5, rows))
    more = rows - rows // 5
    return Checked(more / (many[0] - few[0]), (many[1] - few[1]) * 1000 / more)


def _run(table: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processors."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "tirage", "check", "open-graph", "--data", str(table)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    took = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table_of(path: Path, rows: int) -> Path:
    """Rows whose titles, dates and authors differ, as those of a site do."""
    dice = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("title", "category", "author", "date", "reading_time", "site"))
        for number in range(rows):
            title = " ".join(dice.choices(_WORDS, k=dice.randint(3, 12)))
            author = f"{dice.choice(('Lin', 'Bo', 'Maria', 'Ana'))} {dice.choice(('Nakamura', 'Li', 'Okafor'))}"
            writer.writerow(
                (
                    f"{title.capitalize()} {number}", dice.choice(("ENGINEERING", "NOTE", "PRODUCT")), author,
                    f"{dice.randint(1, 28)} June 2027", f"{dice.randint(1, 20)} min read", "tidewater.dev",
                )
            )  # fmt: skip
    return path
