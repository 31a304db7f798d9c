"""Callables → interleaved series of milliseconds of processor time, in which other programs hardly show."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time


@dataclass(frozen=True, slots=True)
class Series:
    """Milliseconds of repetitions in their order."""

    values: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 of 100 do not exceed."""
        return sorted(self.values)[min(len(self.values) - 1, int(len(self.values) * 0.95))]


def interleaved(
    candidates: Mapping[str, Callable[[int], object]], repetitions: int, *, warm: int = 8
) -> dict[str, Series]:
    """Time every candidate once a repetition, in turning order; each is given the number of the repetition.

    Warm-up repetitions come first, with numbers of their own. The garbage of before is frozen, as in a render child.
    """
    for number in range(warm):
        for call in candidates.values():
            call(number)
    gc.collect()
    gc.freeze()
    series: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for number in range(warm, warm + repetitions):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            call = candidates[name]
            started = process_time()
            call(number)
            series[name].append((process_time() - started) * 1000)
    gc.unfreeze()
    return {name: Series(tuple(values)) for name, values in series.items()}


def ratio(above: Series, below: Series) -> float:
    """The median over repetitions of one divided by the other: both met the same noise."""
    return median(a / b for a, b in zip(above.values, below.values, strict=True))


def excess(whole: Series, *parts: Series) -> float:
    """The median over repetitions of the milliseconds of `whole` beyond the sum of the parts."""
    beyond = (values[0] - sum(values[1:]) for values in zip(whole.values, *(p.values for p in parts), strict=True))
    return float(median(beyond))


def peak_memory() -> int:
    """The largest resident size that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def proportional_memory(pid: int) -> int:
    """The resident size of a process with shared pages divided among those who share them; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def resident_memory(pid: int) -> int:
    """The resident size of a process in bytes; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmRSS:"))


def children_of(pid: int) -> tuple[int, ...]:
    """All descendants of a process."""
    try:
        text = " ".join(file.read_text(encoding="ascii") for file in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return ()
    direct = [int(each) for each in text.split()]
    return (*direct, *(below for each in direct for below in children_of(each)))
