"""The starters in one warm process: pictures per second of each at its own size.

Run as a process of its own: `python -m bench.starters PICTURES` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from statistics import median
from time import perf_counter

import orjson

from bench.reference import Call
from tirage import starters
from tirage.actions import draw
from tirage.actions.jobs import DrawJob
from tirage.actions.templates import LoadedTemplate, load_template, sample_rows
from tirage.assets.fetched import Fetched
from tirage.assets.local import LocalFiles
from tirage.assets.resolve import resolve
from tirage.engine.bind import bind
from tirage.engine.collect import collect
from tirage.engine.resources import ROW_SCHEME, ImageRef

FORMATS = ("png", "jpeg")
_MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
"""What countdowns are drawn at."""


def measure(pictures: int) -> dict[str, dict[str, float]]:
    """By starter: `width` and `height` in px, and pictures per second by format, from median times."""
    draw.warm()
    return {name: _starter(load_template(name), pictures) for name in starters.names()}


def _starter(loaded: LoadedTemplate, pictures: int) -> dict[str, float]:
    page = loaded.template.document.pages[0]
    told: dict[str, float] = {"width": page.width, "height": page.height}
    for format_name in FORMATS:
        calls = list(_calls(loaded, format_name))
        for call in calls:
            draw.handle(call.header, call.parts)
        times = []
        for call in islice(cycle(calls), max(pictures, len(calls))):
            started = perf_counter()
            draw.handle(call.header, call.parts)
            times.append(perf_counter() - started)
        told[format_name] = round(1 / median(times), 1)
    return told


def _calls(loaded: LoadedTemplate, format_name: str) -> Iterator[Call]:
    """A call of the handler for each sample row."""
    files = LocalFiles([loaded.folder])
    for row in sample_rows(loaded.template) or [{}]:
        bound = bind(loaded.template, row, now=_MOMENT)
        sources = [ref.source for ref in collect(bound) if isinstance(ref, ImageRef)]
        found = resolve([source.removeprefix(ROW_SCHEME) for source in sources], base=files)
        fetched = {source: found[source.removeprefix(ROW_SCHEME)] for source in sources}
        there = {source: each for source, each in fetched.items() if isinstance(each, Fetched)}
        job = DrawJob(
            template=loaded.template.digest,
            overrides=bound.overrides,
            sources=tuple((source, each.sha256) for source, each in there.items()),
            format=format_name,
        )
        yield Call(orjson.loads(orjson.dumps(job.header())), (loaded.document, *(each.data for each in there.values())))


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
