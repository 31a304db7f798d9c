"""Batches of a running service: their speed against `tirage render`, how fast rows are read, what requests notice."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from bench import runs
from bench.check import table_of
from bench.service import TITLE, Site, running
from bench.timing import Series

WORKERS = 2
CHEAP = {
    "name": "Cheap",
    "width": 64,
    "height": 64,
    "layers": [{"type": "text", "name": "number", "text": "0", "width": 64, "height": 24}],
}
_PATIENCE = 3_600.0
_TURN = 20
_SETTLED = 1.0
"""Seconds until no process draws for a batch that was paused."""


def measure(rows: int, ingested: int, requests: int, rest: float) -> dict[str, Any]:
    """All figures, of one service with one worker beside it and a fresh data folder."""
    with TemporaryDirectory(prefix="tirage-bench-") as name:
        folder = Path(name)
        table = table_of(folder / "cards.csv", rows)
        (folder / "output").mkdir()
        told: dict[str, Any] = {"rows": rows, "service": [], "render": []}
        with running(folder / "data", WORKERS) as site, _client(site) as client:
            _batch(client, site.design, table_of(folder / "warm.csv", 20))
            # In turns, so that both meet the same noise.
            for _ in range(2):
                told["service"].append(_speed(client, site.design, table, folder / "data"))
                told["render"].append(_render(table, folder))
            told["ingest"] = _ingest(client, folder, ingested)
            told["requests"] = _requests(client, site, table_of(folder / "long.csv", 100 * rows), requests)
            told["idle"] = _idle(site, folder / "data", rest)
    return told


def _client(site: Site) -> httpx.Client:
    base = f"http://{site.host}:{site.port}"
    return httpx.Client(base_url=base, headers={"authorization": f"Bearer {site.key}"}, timeout=600)


def _submit(client: httpx.Client, design: str, table: Path) -> str:
    with table.open("rb") as file:
        answer = client.post(
            "/batches", data={"templateId": design, "format": "jpeg"}, files={"file": (table.name, file)}
        )
    answer.raise_for_status()
    return str(answer.json()["id"])


def _until(client: httpx.Client, uid: str, done: Callable[[dict[str, Any]], bool], every: float) -> dict[str, Any]:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        batch: dict[str, Any] = client.get(f"/batches/{uid}").json()
        if done(batch):
            return batch
        time.sleep(every)
    raise RuntimeError(f"The batch is still {batch['state']}: {batch['counts']}")


def _batch(client: httpx.Client, design: str, table: Path) -> dict[str, Any]:
    return _until(client, _submit(client, design, table), lambda batch: batch["finishedAt"] is not None, 0.1)


def _speed(client: httpx.Client, design: str, table: Path, folder: Path) -> dict[str, float]:
    """Pictures a second from the first row's beginning to the last one's commit, as the service tells; processor ms."""
    before = _processor(folder)
    batch = _batch(client, design, table)
    if batch["counts"]["failed"]:
        raise RuntimeError(f"Rows failed: {batch['errors'][0]}")
    spent = _processor(folder) - before
    return {"per_second": batch["rate"], "processor_ms": 1000 * spent / batch["counts"]["done"]}


def _render(table: Path, folder: Path) -> dict[str, float]:
    run = runs.render("open-graph", table, workers=WORKERS, format_name="jpeg", beneath=folder / "output")
    return {"per_second": run.rows / run.drawing, "processor_ms": 1000 * run.processor / run.rows}


def _ingest(client: httpx.Client, folder: Path, rows: int) -> dict[str, float]:
    """Rows a second from the answer to the upload until all are rows of the batch, which is paused meanwhile."""
    design = client.post("/templates", json=CHEAP).json()["id"]
    table = folder / "numbers.csv"
    table.write_text("number\n" + "".join(f"{each}\n" for each in range(rows)), encoding="ascii")
    uid = _submit(client, design, table)
    started = perf_counter()
    client.post(f"/batches/{uid}/pause")
    _until(client, uid, lambda batch: batch["counts"]["total"] == rows, 0.05)
    spent = perf_counter() - started
    client.post(f"/batches/{uid}/cancel")
    return {"rows": rows, "per_second": rows / spent}


def _requests(client: httpx.Client, site: Site, table: Path, count: int) -> dict[str, Any]:
    """Milliseconds of requests one after the other, without and with a batch in work, in turns of `_TURN` each."""
    uid = _submit(client, site.design, table)
    taken: dict[str, list[float]] = {"quiet": [], "beside": []}
    connection = http.client.HTTPConnection(site.host, site.port)
    for turn in range(-1, 2 * max(1, count // _TURN)):
        kind = "quiet" if turn % 2 else "beside"
        if kind == "beside":
            done = client.post(f"/batches/{uid}/resume").json()["counts"]["done"]
            _until(client, uid, lambda batch, before=done: batch["counts"]["done"] > before, 0.05)  # type: ignore[misc]
        else:
            client.post(f"/batches/{uid}/pause")
            time.sleep(_SETTLED)
        for number in range(_TURN):
            started = perf_counter()
            if site.post(connection, number) != 200:
                raise RuntimeError("The service did not draw.")
            if turn >= 0:  # the first turn warms what both meet
                taken[kind].append((perf_counter() - started) * 1000)
            time.sleep(0.05)
    client.post(f"/batches/{uid}/cancel")
    quiet, beside = (Series(tuple(taken[name])) for name in ("quiet", "beside"))
    return {
        "quiet": {"p50": quiet.p50, "p95": quiet.p95},
        "beside": {"p50": beside.p50, "p95": beside.p95},
        "p50_ratio": beside.p50 / quiet.p50,
        "p95_ratio": beside.p95 / quiet.p95,
    }


def _idle(site: Site, folder: Path, seconds: float) -> dict[str, float]:
    """Percent of one core that all processes of a service without work take, its database's included."""
    time.sleep(5)
    before = _processor(folder)
    time.sleep(seconds)
    return {"percent": 100 * (_processor(folder) - before) / seconds, "seconds": seconds}


def _processor(folder: Path) -> float:
    """Processor seconds, so far, of all processes that have to do with a data folder, and of those below them."""
    spent: dict[int, float] = {}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if not (("serve" in words and str(folder) in words) or str(process.info["cwd"]).startswith(str(folder))):
            continue
        try:
            for each in (process, *process.children(recursive=True)):
                times = each.cpu_times()
                # Children that have ended are counted with those who waited for them.
                spent[each.pid] = times.user + times.system + times.children_user + times.children_system
        except psutil.Error:
            continue
    return sum(spent.values())


def main(arguments: list[str]) -> None:
    """`ROWS INGESTED REQUESTS REST`: measure all and print one JSON object."""
    rows, ingested, requests, rest = arguments
    print(json.dumps({"design": TITLE} | measure(int(rows), int(ingested), int(requests), float(rest))))


if __name__ == "__main__":
    main(sys.argv[1:])
