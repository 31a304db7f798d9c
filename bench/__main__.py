"""`python -m bench [--full] [--only PART]`: measure, print a table of targets, write out/bench/results.json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench import runs
from bench.check import check_speed
from bench.report import Result, show, write
from bench.runs import Workload
from tirage.pool.link import SET_FOR_RENDERERS

OUT = Path("out/bench")
INPUTS = OUT / "inputs"
PARTS = ("card", "render", "stream", "starters", "data", "check", "service", "batches", "million")
MIB = 1024 * 1024
STREAM_GROWTH = 16
"""MiB by which the parent may grow over a run: no more than noise and the interpreter's own arenas."""
_FAIR = 1.9
"""What two busy processes must gain on the machine before a factor of two workers says something about Tirage."""

Rows = list[list[str]]


@dataclass(slots=True)
class Findings:
    """What has been measured so far."""

    results: list[Result] = field(default_factory=list)
    tables: list[tuple[str, list[str], Rows]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Run the chosen parts. The exit code is 0 whatever is measured: a busy machine is no failure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Tirage.")
    parser.add_argument("--full", action="store_true", help="the long runs: 1,000 cards, a stream of 100,000 rows")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be given several times")
    given = parser.parse_args()
    found = Findings()
    parts = {
        "card": _card,
        "render": _render,
        "stream": _stream,
        "starters": _starters,
        "data": _data,
        "check": _check,
        "service": _service,
        "batches": _batches,
        "million": _million,
    }
    for name in given.only or PARTS:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        parts[name](found, given.full)
    show(found.results, found.tables)
    write(OUT / "results.json", found.results, found.details)
    print(f"All figures are in {OUT / 'results.json'}.")


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """A part that measures in a process of its own, with one codec thread as in a render child."""
    environment = os.environ | SET_FOR_RENDERERS
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _card(found: Findings, full: bool) -> None:
    told = found.details["card"] = _child("bench.cards", "300" if full else "100", str(INPUTS))
    found.results += [
        Result(
            "background fixed, avatar cached", told["fixed_background_cached_ratio"], 4, "×",
            "card / JPEG encode of the same pixels; texts differ per row, one avatar for all",
        ),
        Result(
            "background fixed, avatars differ", told["fixed_background_avatars_ratio"], 4, "×",
            "the same, but every row decodes an avatar of its own from bytes at hand",
        ),
        Result(
            "everything differs", told["all_different_excess"], 5, "ms",
            "card − (scaled decode of photo + of avatar + encode), by libjpeg-turbo alone",
        ),
    ]  # fmt: skip
    names = {
        "cached": "card: background fixed, avatar cached",
        "avatars": "card: background fixed, avatars differ",
        "all": "card: everything differs",
        "encode": "JPEG encode alone, 1200×628, quality 85, 4:2:0",
        "decode_photo": "decode alone, 2400×1600 → 1200×800",
        "decode_avatar": "decode alone, 800×800 → 200×200",
    }
    rows = [[text, f"{told['p50'][key]:.2f}", f"{told['p95'][key]:.2f}"] for key, text in names.items()]
    found.tables.append(("Milliseconds, interleaved in one process", ["", "p50", "p95"], rows))
    stages = [
        [names[kind], *(f"{told['parent'][stage]:.3f}" for stage in ("bind", "collect")),
         *(f"{times[stage]:.2f}" for stage in ("layout", "paint", "encode"))]
        for kind, times in told["stages"].items()
    ]  # fmt: skip
    headings = ["", "bind", "collect", "layout, with decode", "paint", "encode"]
    found.tables.append(("Mean milliseconds by stage", headings, stages))
    layers = [[name, f"{spent:.2f}"] for name, spent in told["text_layers"].items()]
    found.tables.append(("Mean milliseconds to set a text layer", ["", "ms"], layers))


def _render(found: Findings, full: bool) -> None:
    rows, rounds = (1000, 3) if full else (200, 3)
    with TemporaryDirectory(prefix="tirage-bench-") as folder:
        workload = Workload(Path(folder), INPUTS)
        starts = runs.first_picture(workload.folder / "card.json", workload.cards(1), 5)
        one, two, machine = runs.scaling(workload, rows, rounds)
    # Other programs can only slow a run down: the quickest of each tells most about Tirage.
    gain = min(run.drawing for run in one) / min(run.drawing for run in two)
    memory = max(run.child for run in one + two) / MIB
    share = max(run.child_share for run in one + two) / MIB
    found.results += [
        Result(
            "two workers against one", gain, 1.8, "×",
            f"`tirage render` of {rows} cards, everything different; two busy loops gained {machine:.2f}× beside it",
            most=False, measurable=machine >= _FAIR,
        ),
        Result("start to first picture", median(starts), 1.0, "s", "a fresh process until its first file is there"),
        Result("memory of a worker", memory, 300, "MiB", f"largest resident size; {share:.0f} MiB as its fair share"),
    ]  # fmt: skip
    found.details["render"] = {
        "rows": rows,
        "machine_gain": machine,
        "first_picture_seconds": starts,
        "processor_ms_per_card": {
            "one": [run.processor * 1000 / run.rows for run in one],
            "two": [run.processor * 1000 / run.rows for run in two],
        },
        "parent_processor_ms_per_card": {
            "one": [run.coordinating * 1000 / run.rows for run in one],
            "two": [run.coordinating * 1000 / run.rows for run in two],
        },
        "drawing_seconds": {"one": [run.drawing for run in one], "two": [run.drawing for run in two]},
        "worker_memory": max(run.child for run in one + two),
        "worker_memory_share": max(run.child_share for run in one + two),
        "parent_memory": max(max(run.parent) for run in one + two),
    }
    speeds = [[f"{count} worker{'s' * (count > 1)}", *(f"{run.rows / run.drawing:.1f}" for run in series),
              f"{min(run.processor * 1000 / run.rows for run in series):.1f}",
              f"{min(run.coordinating * 1000 / run.rows for run in series):.1f}"]
              for count, series in ((1, one), (2, two))]  # fmt: skip
    found.tables.append(
        (
            "Cards per second, everything different",
            [
                "",
                *(["run"] * rounds),
                "least processor ms a card, start and all",
                "of these the parent, start left out",
            ],
            speeds,
        )
    )


def _stream(found: Findings, full: bool) -> None:
    rows = 100_000 if full else 3_000
    with TemporaryDirectory(prefix="tirage-bench-") as folder:
        workload = Workload(Path(folder), INPUTS)
        run = runs.render(workload.folder / "tiny.json", workload.numbers(rows), workers=2, format_name="png")
    grown = runs.growth(run)
    found.results.append(
        Result(
            f"growth over {rows:,} rows", grown / MIB, STREAM_GROWTH, "MiB",
            "the parent's resident size, last fifth of the run against the second",
        )
    )  # fmt: skip
    found.details["stream"] = {
        "rows": rows,
        "seconds": run.seconds,
        "growth": grown,
        "bytes_per_row": grown / (rows * 0.6),
        "parent_memory": max(run.parent),
    }


def _starters(found: Findings, full: bool) -> None:
    told = found.details["starters"] = _child("bench.starters", "40" if full else "8")
    rows = [
        [name, f"{each['width']}×{each['height']}", f"{each['png']:.0f}", f"{each['jpeg']:.0f}"]
        for name, each in told.items()
    ]
    found.tables.append(("Starters: pictures per second in one worker", ["", "size", "PNG", "JPEG"], rows))


def _data(found: Findings, full: bool) -> None:
    told = found.details["data"] = _child("bench.data_layers", "200" if full else "60")
    found.results += [
        Result(
            "QR code, bar chart and rating", told["excess"], 3, "ms",
            f"a card with them, all three different per row, less the card without ({told['bare']:.1f} ms)",
        ),
        Result("an expression", told["expression_microseconds"], 20, "µs", "mean of six kinds, of one row"),
    ]  # fmt: skip


def _check(found: Findings, full: bool) -> None:
    told = check_speed(20_000 if full else 10_000)
    found.details["check"] = asdict(told)
    found.results.append(
        Result(
            "rows checked", told.per_second, 2000, "/s",
            f"of the Open Graph card on {os.cpu_count()} cores; a row costs {told.processor_ms:.2f} ms of processor",
            most=False,
        )
    )  # fmt: skip


def _service(found: Findings, full: bool) -> None:
    with TemporaryDirectory(prefix="tirage-bench-") as folder:
        told = found.details["service"] = _child(
            "bench.service", "measure", str(Path(folder) / "data"), "full" if full else "quick"
        )
    spent, load = told["latency"], told["load"]
    through, bare = load["through"], load["without"]
    served = through["drawing"] + through["api"] + through["database"]
    found.results += [
        Result(
            "a request above its drawing", spent["service"] - spent["process"], 6, "ms",
            "p50 of a warm POST /designs, one client, less the same drawing in process",
        ),
        Result(
            "throughput through HTTP", 100 * load["ratio"], 85, "%",
            f"8 clients, 2 drawing processes, all on {os.cpu_count()} cores, against jobs handed over in process. "
            f"Processor ms a picture: drawing {through['drawing']:.1f}, API {through['api']:.1f}, database "
            f"{through['database']:.1f}, clients {through['clients']:.1f}; without HTTP drawing {bare['drawing']:.1f}, "
            f"handing over {bare['parent']:.1f}. By these, clients apart: "
            f"{100 * (bare['drawing'] + bare['parent']) / served:.0f} %",
            most=False,
        ),
        Result("memory of the API process", told["memory"]["api"] / MIB, 200, "MiB", "resident, after all of this"),
        Result(
            "a link from the cache", told["links"]["per_processor_second"], 1000, "/s",
            f"answers per second of the API's processor; one client saw {told['links']['per_second']:.0f} a second",
            most=False,
        ),
    ]  # fmt: skip
    if crowd := told.get("crowd"):
        failed = crowd["errors_5xx"]
        found.results.append(
            Result(
                "5xx to 50 clients", failed, 0, "", f"in {crowd['seconds']:.0f} s at {crowd['per_second']:.0f} a second"
            )
        )


def _batches(found: Findings, full: bool) -> None:
    sizes = ("20000", "200000", "400", "60") if full else ("400", "30000", "80", "15")
    told = found.details["batches"] = _child("bench.batches", *sizes)
    best = {name: max(each["per_second"] for each in told[name]) for name in ("service", "render")}
    least = {name: min(each["processor_ms"] for each in told[name]) for name in ("service", "render")}
    ingest, waited = told["ingest"], told["requests"]
    found.results += [
        Result(
            "a batch against tirage render", 100 * best["service"] / best["render"], 90, "%",
            f"pictures a second of {told['rows']} rows of the {told['design']}: {best['service']:.1f} and "
            f"{best['render']:.1f}; processor {least['service']:.1f} and {least['render']:.1f} ms a picture",
            most=False,
        ),
        Result(
            "rows read", ingest["per_second"], 20_000, "/s", f"a CSV of {ingest['rows']} rows into the database",
            most=False,
        ),
        Result(
            "a request beside a batch", waited["p95_ratio"], 1.2, "×",
            f"p95 {waited['beside']['p95']:.0f} ms against {waited['quiet']['p95']:.0f} ms without a batch; p50 "
            f"{waited['beside']['p50']:.0f} against {waited['quiet']['p50']:.0f} ms",
        ),
        Result("at rest", told["idle"]["percent"], 2, "%", "of one core: API, worker, drawing processes and database"),
    ]  # fmt: skip


def _million(found: Findings, full: bool) -> None:
    rows, drawn = ("1000000", "1000000") if full else ("100000", "1000")
    told = found.details["million"] = _child("bench.million", rows, drawn)
    kind, most = max(told["most"].items(), key=lambda each: each[1])
    grown = max(size - told["second_fifth"].get(name, size) for name, size in told["last_fifth"].items())
    found.results.append(
        Result(
            "memory over a long batch", most, 512, "MiB",
            f"{int(rows):,} rows read and {int(drawn):,} drawn by one worker: the largest process ({kind}); what grew "
            f"most, from the second fifth of the drawing to the last, grew by {grown:.0f} MiB",
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
