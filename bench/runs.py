"""`tirage render` as people run it: its speed with one and two workers, its start, its memory over a whole run."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter, sleep

import orjson

from bench import inputs
from bench.reference import document, texts
from bench.timing import children_of, proportional_memory, resident_memory

DIFFERENT = 100
"""Pictures of each kind on disk: more than a child keeps decoded, so that every row decodes its own."""
_EVERY = 0.05
_WEIGHED_EVERY = 20
"""Looks between two at the children's memory: the kernel walks all their pages for it, which takes milliseconds that
the run with two workers on two cores would miss."""
_SPIN = "from time import perf_counter as t\ns=t()\nfor _ in range(6_000_000): pass\nprint(t()-s)"
_TINY = {
    "name": "Tiny",
    "width": 64,
    "height": 64,
    "layers": [
        {"type": "shape", "name": "ground", "width": 64, "height": 64, "fill": "#204080"},
        {"type": "text", "name": "number", "text": "0", "x": 4, "y": 20, "width": 56, "height": 24, "color": "#fff"},
    ],
}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished `tirage render`: seconds of the process, of its drawing, of all processors together; bytes of memory.

    `coordinating` are the processor seconds of the process itself, without those of its renderers, from its first
    finished file on. `parent` are resident sizes of the process over time; `child` is the largest resident size of
    one of the processes that it started, `child_share` the largest one with shared pages divided among those who
    share them.
    """

    seconds: float
    drawing: float
    processor: float
    coordinating: float
    rows: int
    parent: tuple[int, ...]
    child: int
    child_share: int


class Workload:
    """A folder with the reference card, its pictures and its table; and one with a tiny card and a long table."""

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder = folder
        photos, avatars = inputs.photos(kept), inputs.avatars(kept)
        for number in range(DIFFERENT):
            base = number % inputs.BASES
            (folder / f"photo-{number}.jpg").write_bytes(inputs.variant(photos[base], number))
            (folder / f"avatar-{number}.jpg").write_bytes(inputs.variant(avatars[base], number))
        (folder / "photo.jpg").write_bytes(photos[0])
        (folder / "avatar.jpg").write_bytes(avatars[0])
        (folder / "card.json").write_bytes(orjson.dumps(document()))
        (folder / "tiny.json").write_bytes(orjson.dumps(_TINY))

    def cards(self, rows: int) -> Path:
        """A table of cards of which everything differs."""
        path = self.folder / f"cards-{rows}.ndjson"
        with path.open("wb") as file:
            for row in range(rows):
                pictures = {"photo": f"photo-{row % DIFFERENT}.jpg", "avatar": f"avatar-{row * 7 % DIFFERENT}.jpg"}
                file.write(orjson.dumps(texts(row) | pictures, option=orjson.OPT_APPEND_NEWLINE))
        return path

    def numbers(self, rows: int) -> Path:
        """A table for the tiny card."""
        path = self.folder / f"numbers-{rows}.csv"
        with path.open("w", encoding="ascii") as file:
            file.write("number\n")
            file.writelines(f"{row}\n" for row in range(rows))
        return path


def render(
    template: Path | str, table: Path, *, workers: int, format_name: str = "jpeg", beneath: Path | None = None
) -> Run:
    """Run the command to its end in a fresh output folder, watching the memory of all its processes.

    Beneath a folder that is named the output stays there.
    """
    with TemporaryDirectory(prefix="tirage-bench-") as fresh:
        out = mkdtemp(dir=beneath) if beneath else fresh
        command = _command(template, table, Path(out), "--workers", str(workers), "--json", "--format", format_name)
        started, before = perf_counter(), _processor()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        parent, child, share = [], 0, 0
        begun, own = None, 0.0
        for look in count():
            if process.poll() is not None:
                break
            parent.append(resident_memory(process.pid))
            own = _own_processor(process.pid)  # poll() has not reaped it yet, so its figures can still be read.
            if begun is None and any(Path(out).glob("*.jpg" if format_name == "jpeg" else f"*.{format_name}")):
                begun = own
            # The first child is the fork server, which draws nothing; counting it can only make the figure worse.
            for pid in children_of(process.pid) if look % _WEIGHED_EVERY == 0 else ():
                child, share = max(child, resident_memory(pid)), max(share, proportional_memory(pid))
            sleep(_EVERY)
        seconds = perf_counter() - started
        printed = process.communicate()[0]
        if process.returncode != 0:
            raise RuntimeError(f"tirage render ended with {process.returncode}: {printed.decode()[:1000]}")
        summary = json.loads(printed)
        coordinating = 0.0 if begun is None else own - begun
        used = _processor() - before
        return Run(seconds, summary["seconds"], used, coordinating, summary["rows"], tuple(parent), child, share)


def first_picture(template: Path, table: Path, repetitions: int) -> tuple[float, ...]:
    """Seconds from the start of a fresh process to its first finished file."""
    taken = []
    for _ in range(repetitions):
        with TemporaryDirectory(prefix="tirage-bench-") as out:
            started = perf_counter()
            command = _command(template, table, Path(out), "--rows", "1-1", "--format", "jpeg")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not any(Path(out).glob("*.jpg")) and process.poll() is None:
                sleep(0.002)
            taken.append(perf_counter() - started)
            if process.wait() != 0:
                raise RuntimeError(f"tirage render ended with {process.returncode}")
    return tuple(taken)


def scaling(workload: Workload, rows: int, rounds: int) -> tuple[list[Run], list[Run], float]:
    """Runs with one and with two workers in turn, and what two processes of pure computing gain on this machine now."""
    one, two, machine = [], [], []
    template, table = workload.folder / "card.json", workload.cards(rows)
    # Removed at the end only: for seconds after thousands of files are gone, ext4 takes longer to make new ones.
    with TemporaryDirectory(prefix="tirage-bench-") as outputs:
        for _ in range(rounds):
            machine.append(_machine())
            one.append(render(template, table, workers=1, beneath=Path(outputs)))
            two.append(render(template, table, workers=2, beneath=Path(outputs)))
            machine.append(_machine())
    return one, two, median(machine)


def growth(run: Run) -> int:
    """Bytes by which the process grew after the first fifth of its time: medians of the second and the last fifth."""
    fifth = max(1, len(run.parent) // 5)
    return round(median(run.parent[-fifth:]) - median(run.parent[fifth : 2 * fifth]))


def _processor() -> float:
    """Processor seconds of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _own_processor(pid: int) -> float:
    """Processor seconds of all threads of one process so far, in the kernel's ticks (proc_pid_stat(5), 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _machine() -> float:
    """How many times as much two busy processes get done as one, at this moment: 2 on two idle cores."""
    return 2 * _spin(1) / _spin(2)


def _spin(processes: int) -> float:
    running = [subprocess.Popen([sys.executable, "-c", _SPIN], stdout=subprocess.PIPE) for _ in range(processes)]
    return max(float(process.communicate()[0]) for process in running)


def _command(template: Path | str, table: Path, out: Path, *more: str) -> Sequence[str]:
    return [sys.executable, "-m", "tirage", "render", str(template), "--data", str(table), "--out", str(out), *more]
