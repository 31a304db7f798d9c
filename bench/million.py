"""A very long batch of a cheap design with one worker: what every process of the installation holds in memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from bench.batches import CHEAP
from bench.service import running

_EVERY = 1.0
_PATIENCE = 12 * 3_600.0


def measure(rows: int, drawn: int) -> dict[str, Any]:
    """The largest resident sizes in MiB by kind of process while `rows` are read and `drawn` of them drawn.

    Also those of the drawing's second fifth and of its last: what grows with the rows shows there.
    """
    with TemporaryDirectory(prefix="tirage-million-") as name:
        folder = Path(name)
        table = folder / "numbers.csv"
        with table.open("w", encoding="ascii") as file:
            file.write("number\n")
            file.writelines(f"{each}\n" for each in range(rows))
        with running(folder / "data", 1) as site:
            base = f"http://{site.host}:{site.port}"
            with httpx.Client(base_url=base, headers={"x-api-key": site.key}, timeout=600) as client:
                return _watch(client, site.pid, folder / "data", table, drawn)


def _watch(client: httpx.Client, pid: int, folder: Path, table: Path, drawn: int) -> dict[str, Any]:
    design = client.post("/templates", json=CHEAP).json()["id"]
    with table.open("rb") as file:
        made = client.post("/batches", data={"templateId": design}, files={"file": (table.name, file)})
    made.raise_for_status()
    most: list[dict[str, float]] = [{} for _ in range(6)]  # while the rows are read, then by fifths of what is drawn
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        batch = client.get(f"/batches/{made.json()['id']}").json()
        counts = batch["counts"]
        done = counts["done"] + counts["failed"]
        fifth = 1 + min(4, 5 * done // drawn) if counts["total"] else 0
        for kind, size in _sizes(pid, folder).items():
            most[fifth][kind] = max(most[fifth].get(kind, 0), size)
        if batch["finishedAt"] is not None or done >= drawn:
            break
        time.sleep(_EVERY)
    client.post(f"/batches/{batch['id']}/cancel")
    return {
        "counts": counts,
        "per_second": batch["rate"],
        "most": {kind: max(each.get(kind, 0) for each in most) for kind in {*most[0], *most[-1]}},
        "reading": most[0],
        "second_fifth": most[2],
        "last_fifth": most[5],
    }


def _sizes(pid: int, folder: Path) -> dict[str, float]:
    """Resident MiB by kind: the largest of each. A server process of the database counts what it shares with all."""
    sizes: dict[str, float] = {}
    api = psutil.Process(pid)
    found = [(api, "api"), *((each, "") for each in api.children(recursive=True))]
    found += [(each, "database") for each in psutil.process_iter() if _of_database(each, folder)]
    for process, kind in found:
        try:
            words = " ".join(process.cmdline())
            kind = kind or next((name for name in ("worker", "forkserver", "table_child") if name in words), "other")
            sizes[kind] = max(sizes.get(kind, 0), process.memory_info().rss / 2**20)
        except psutil.Error:
            continue
    return sizes


def _of_database(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name().startswith("postgres") and str(process.cwd()).startswith(str(folder))
    except (psutil.Error, OSError):
        return False


def main(arguments: list[str]) -> None:
    """`ROWS DRAWN`: measure and print one JSON object."""
    rows, drawn = arguments
    print(json.dumps(measure(int(rows), int(drawn))))


if __name__ == "__main__":
    main(sys.argv[1:])
