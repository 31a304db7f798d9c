"""`python -m bench.scale`: measured costs → what many machines would draw, and where the database becomes the limit.

A discrete-event simulation of one PostgreSQL and many workers. A worker has two chunks of rows in work, as `tirage
worker` does. A chunk is claimed (a little work of the database), drawn (the machine's cores are shared by its chunks),
and committed: its rows are recorded on one of the database's cores, then the batch's lock is held while the chunk is
settled. What it needs to know was measured on one machine; what it leaves out is named on its page.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

MACHINES = (1, 2, 5, 10, 20, 50, 100)
_SLOTS = 2
_CHUNK_ROWS = 200
_CHUNK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of processor time on one core. `picture` is of a machine that draws, all in all; `parent` the part of it
    that a worker's own process has to do alone.

    `record` is the database's work for a row from reading it to its record, `claim` and `settle` that of a chunk;
    `settle` is done while the batch is locked.
    """

    picture: float = 0.0202
    parent: float = 0.0055
    record: float = 0.0006
    claim: float = 0.005
    settle: float = 0.010


@dataclass(frozen=True, slots=True)
class Site:
    """The machines: how many draw, each with so many cores and workers, and how many cores the database has."""

    machines: int
    cores: int = 8
    workers: int = 4
    database: int = 8
    batches: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Pictures a second, and the shares of time that drawing cores, database cores and batch locks are busy."""

    rate: float
    drawing: float
    database: float
    lock: float

    @property
    def limit(self) -> str:
        """What holds the others up."""
        most, name = max((self.drawing, "drawing"), (self.database, "database"), (self.lock, "the batch's lock"))
        return name if most > 0.9 else "chunks in work"


def simulate(costs: Costs, site: Site, seconds: float = 120.0, seed: int = 1) -> Outcome:
    """Run the site from a standing start; the first quarter is not counted."""
    chance = random.Random(seed)
    # A machine draws its chunks at full speed, one after the other; one that would take too long is cut.
    row = max(costs.picture / site.cores, costs.parent / site.workers)
    slots = _SLOTS * site.workers
    rows = max(1, min(_CHUNK_ROWS, int(_CHUNK_SECONDS / (row * slots))))
    machines = [0.0] * site.machines
    servers = [0.0] * site.database
    locks = [0.0] * site.batches
    busy = held = drawn = 0.0
    pictures = 0
    warm = seconds / 4
    heapq.heapify(servers)

    def served(now: float, work: float) -> float:
        nonlocal busy
        begin = max(now, heapq.heappop(servers))
        heapq.heappush(servers, begin + work)
        if begin > warm:
            busy += work
        return begin + work

    # When each chunk's next step begins: (moment, slot, whether it is drawn already).
    steps = [(chance.uniform(0, 1), slot, False) for slot in range(site.machines * slots)]
    heapq.heapify(steps)
    while steps:
        now, slot, is_drawn = heapq.heappop(steps)
        if now > seconds:
            break
        if not is_drawn:
            begun = served(now, costs.claim)
            spent = rows * row * chance.uniform(0.9, 1.1)
            begin = max(begun, machines[slot // slots])
            machines[slot // slots] = begin + spent
            drawn += spent if begin > warm else 0.0
            heapq.heappush(steps, (begin + spent, slot, True))
            continue
        recorded = served(now, rows * costs.record)
        which = slot % site.batches
        begin = max(recorded, locks[which])
        locks[which] = begin + costs.settle
        if begin > warm:
            held += costs.settle
            busy += costs.settle
            pictures += rows
        heapq.heappush(steps, (locks[which], slot, False))
    counted = seconds - warm
    return Outcome(
        rate=pictures / counted,
        drawing=min(1.0, drawn / (counted * site.machines)),
        database=min(1.0, busy / (counted * site.database)),
        lock=min(1.0, held / (counted * site.batches)),
    )


def table(costs: Costs, sites: Sequence[Site]) -> str:
    """The outcomes as a table in Markdown."""
    lines = [
        "| machines | pictures/s | drawing cores busy | database cores busy | batch's lock held | limit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for site in sites:
        found = simulate(costs, site)
        shares = " | ".join(f"{100 * each:.0f} %" for each in (found.drawing, found.database, found.lock))
        lines.append(f"| {site.machines} | {found.rate:,.0f} | {shares} | {found.limit} |")
    return "\n".join(lines)


CARD = Costs()
"""The Open Graph card."""
CHEAP = replace(CARD, picture=0.0038, parent=0.0023)
"""A picture of 64×64 px with one number: as little drawing as there can be."""
TABLES = {
    "card": (CARD, tuple(Site(each) for each in MACHINES)),
    "cheap": (CHEAP, tuple(Site(each) for each in MACHINES)),
    "cheap-large": (CHEAP, tuple(Site(each, database=64) for each in MACHINES)),
}
"""The tables of the page, by name."""


def main() -> None:
    """Print the tables of `docs/explanation/scale.md`."""
    for name, (costs, sites) in TABLES.items():
        print(f"<!-- {name} -->\n{table(costs, sites)}\n")


if __name__ == "__main__":
    main()
