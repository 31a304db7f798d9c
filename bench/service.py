"""The service as clients meet it: what a request costs above its drawing, how much of the drawing's speed is left."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter, process_time
from typing import Any

from bench.timing import children_of, resident_memory
from tirage.context import Context
from tirage.pool.job import Job, Reply
from tirage.settings import Settings

TEMPLATE, TITLE = "open-graph", "Open Graph card"
_HEADLINES = ("A small press goes public", "Two hundred pages by hand", "Why paper still matters to readers of 2026")


@dataclass(frozen=True, slots=True)
class Site:
    """A running service: its process and its database's, host, port, key and the design that is drawn."""

    pid: int
    database: int
    host: str
    port: int
    key: str
    design: str

    def post(self, connection: http.client.HTTPConnection, number: int) -> int:
        """Draw the design with texts of that number; the HTTP status."""
        body = json.dumps({"format": "jpeg", "params": params(number)})
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request("POST", f"/designs/{self.design}", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def params(number: int) -> list[dict[str, Any]]:
    """Layer objects that differ from request to request, as rows do."""
    return [{"name": "title", "text": f"{_HEADLINES[number % len(_HEADLINES)]}, no. {number}"}]


@contextmanager
def running(folder: Path, workers: int) -> Iterator[Site]:
    """`tirage serve` on a free port with a data folder of its own, ended with Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tirage", "serve", "--port=0", f"--workers={workers}", "--data-dir", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | {"TIRAGE_LOG_FORMAT": "json"},
    )  # fmt: skip
    said = ""
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said += line
            if line.startswith("Ctrl-C"):
                break
        base = re.search(r"answers at http://([\d.]+):(\d+)", said)
        key = re.search(r"API key, shown this once: (\S+)", said)
        if base is None or key is None:
            raise RuntimeError(f"The service did not start:\n{said}")
        Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True).start()
        database = int((folder / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        yield Site(process.pid, database, base[1], int(base[2]), key[1], _design(base[1], int(base[2]), key[1]))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _design(host: str, port: int, key: str) -> str:
    connection = http.client.HTTPConnection(host, port)
    connection.request("GET", "/templates", headers={"Authorization": f"Bearer {key}"})
    found = json.loads(connection.getresponse().read())
    return str(next(each["id"] for each in found if each["name"] == TITLE))


def latency(site: Site, requests: int) -> dict[str, float]:
    """p50 of a request, and of the same drawing in this process, in turns; milliseconds."""
    from tirage.actions import draw

    draw.warm()
    connection = http.client.HTTPConnection(site.host, site.port)
    spent: dict[str, list[float]] = {"service": [], "process": []}
    with _orders(1) as (_, job_of):
        orders = [job_of(number) for number in range(requests + 10)]
    for number, job in enumerate(orders):
        started = perf_counter()
        status = site.post(connection, number)
        served = perf_counter()
        draw.handle(job.header, [*job.resident, *job.read_parts])
        drawn = perf_counter()
        if status != 200:
            raise RuntimeError(f"The service answered {status}.")
        if number >= 10:
            spent["service"].append((served - started) * 1000)
            spent["process"].append((drawn - served) * 1000)
    return {name: median(values) for name, values in spent.items()}


@contextmanager
def _orders(workers: int) -> Iterator[tuple[Context, Callable[[int], Job]]]:
    """Drawing processes, and the job of a number."""
    from tirage.actions.row_jobs import Folders, Output, RowJobs
    from tirage.actions.templates import load_template

    loaded = load_template(TEMPLATE)
    with Context(Settings(), workers=workers) as context:
        jobs = RowJobs(context, loaded, Folders(loaded.folder, ()), Output("jpeg"))

        def job(number: int) -> Job:
            bound = jobs.bind({f"{each['name']}.text": each["text"] for each in params(number)})
            return jobs.order(bound, jobs.resolve(bound)).job

        yield context, job


def throughput(site: Site, seconds: float, clients: int) -> dict[str, float]:
    """Answers per second with that many clients (a process of their own), and the processor seconds of each side."""
    before = _spent(site)
    done = subprocess.run(
        [sys.executable, "-m", "bench.service", "clients", json.dumps([site.host, site.port, site.key, site.design]),
         str(clients), str(seconds)],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout)
    after = _spent(site)
    return told | {name: after[name] - before[name] for name in before}


def _spent(site: Site) -> dict[str, float]:
    """Processor seconds of the API process, of the drawing processes and of the database so far."""
    drawing = sum(_seconds(each, ended=True) for each in children_of(site.pid))
    database = sum(_seconds(each, ended=True) for each in (site.database, *children_of(site.database)))
    return {"api_processor": _seconds(site.pid), "drawing_processor": drawing, "database_processor": database}


def _seconds(pid: int, *, ended: bool = False) -> float:
    """Processor seconds of a process, with those of its children that have ended where wanted."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(word) for word in words[11 : 15 if ended else 13]) / os.sysconf("SC_CLK_TCK")


def clients(site: Site, count: int, seconds: float) -> dict[str, float]:
    """Send requests from so many threads for so long; what came back, by status class."""
    statuses: list[int] = []
    until = perf_counter() + seconds

    def run(first: int) -> None:
        connection = http.client.HTTPConnection(site.host, site.port)
        number = first * 1_000_000
        while perf_counter() < until:
            statuses.append(site.post(connection, number))
            number += 1

    threads = [Thread(target=run, args=(each,)) for each in range(count)]
    started = perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    spent = perf_counter() - started
    good = sum(1 for each in statuses if each == 200)
    return {
        "per_second": good / spent,
        "errors_5xx": sum(1 for each in statuses if each >= 500),
        "others": len(statuses) - good,
        "clients_processor": process_time(),
        "seconds": spent,
    }


def without_http(context: Context, job_of: Callable[[int], Job], seconds: float, first: int) -> dict[str, float]:
    """Pictures per second that the drawing processes make of the same rows, handed to them by this process."""

    def submit(number: int) -> Future[Reply]:
        return context.pool.submit(job_of(number))

    def spent() -> tuple[float, float]:
        return process_time(), sum(_seconds(each, ended=True) for each in children_of(os.getpid()))

    ahead = 2 * context.pool.workers
    waiting = [submit(first + number) for number in range(ahead)]
    made, started, before = 0, perf_counter(), spent()
    while perf_counter() - started < seconds:
        waiting.pop(0).result()
        waiting.append(submit(first + ahead + made))
        made += 1
    took, after = perf_counter() - started, spent()
    for each in waiting:
        each.result()
    return {
        "per_second": made / took,
        "seconds": took,
        "parent_processor": after[0] - before[0],
        "drawing_processor": after[1] - before[1],
    }


def compare(site: Site, workers: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Rounds with and without HTTP in turns: both meet the same noise. Milliseconds of processor are of a picture."""
    through: list[dict[str, float]] = []
    bare: list[dict[str, float]] = []
    with _orders(workers) as (context, job_of):
        without_http(context, job_of, 1.0, 0)
        throughput(site, 1.0, 8)
        for number in range(1, rounds + 1):
            bare.append(without_http(context, job_of, seconds, number * 1_000_000))
            through.append(throughput(site, seconds, 8))
    return {
        "ratio": median(a["per_second"] / b["per_second"] for a, b in zip(through, bare, strict=True)),
        "through": _by_picture(through),
        "without": _by_picture(bare),
    }


def _by_picture(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    made = sum(each["per_second"] * each["seconds"] for each in rounds)
    costs = {
        name.removesuffix("_processor"): 1000 * sum(each[name] for each in rounds) / made
        for name in rounds[0]
        if name.endswith("_processor")
    }
    return {"per_second": median(each["per_second"] for each in rounds), **costs}


def links(site: Site, answers: int) -> dict[str, float]:
    """Answers per second of a link that is in the cache, to one client, and per second of the API's processor."""
    connection = http.client.HTTPConnection(site.host, site.port)
    headers = {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json"}
    connection.request("POST", f"/designs/{site.design}/link", json.dumps({"format": "jpeg"}), headers)
    told = connection.getresponse()
    url = json.loads(told.read())["url"]
    path = url.partition(f":{site.port}")[2]
    for _ in range(5):
        connection.request("GET", path)
        connection.getresponse().read()
    before, started = _seconds(site.pid), perf_counter()
    for _ in range(answers):
        connection.request("GET", path)
        connection.getresponse().read()
    spent = perf_counter() - started
    return {
        "per_second": answers / spent,
        "per_processor_second": answers / (_seconds(site.pid) - before),
    }


def measure(folder: Path, full: bool) -> dict[str, Any]:
    """Everything, from one service with two drawing processes."""
    workers, seconds = 2, 20.0 if full else 3.0
    with running(folder, workers) as site:
        told: dict[str, Any] = {
            "latency": latency(site, 300 if full else 80),
            "load": compare(site, workers, seconds, 3),
            "links": links(site, 5_000 if full else 1_500),
        }
        if full:
            told["crowd"] = throughput(site, 60.0, 50)
        told["memory"] = {"api": resident_memory(site.pid)}
    return told


def main(arguments: list[str]) -> None:
    """`clients SITE COUNT SECONDS` sends requests; `measure FOLDER FULL` measures all. Prints one JSON object."""
    if arguments[0] == "clients":
        host, port, key, design = json.loads(arguments[1])
        print(json.dumps(clients(Site(0, 0, host, port, key, design), int(arguments[2]), float(arguments[3]))))
    else:
        print(json.dumps(measure(Path(arguments[1]), arguments[2] == "full")))


if __name__ == "__main__":
    main(sys.argv[1:])
