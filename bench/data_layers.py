"""What layers made of data cost a card, and what an expression costs a row.

Run as a process of its own: `python -m bench.data_layers REPETITIONS` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from time import process_time
from typing import Any

from bench.timing import excess, interleaved
from tirage.actions import draw
from tirage.actions.jobs import DrawJob
from tirage.engine.bind import bind
from tirage.engine.expressions.compile import compile_expression
from tirage.engine.expressions.scope import Scope
from tirage.engine.parse import parse

EXPRESSIONS = (
    "name | upper ~ '!'",
    "price < 10 and badge",
    "price | currency('EUR')",
    "(1 - price / old) | percent",
    "day | date('yMMMd')",
    "'many' if count > 3 else count | plural(one='# seat', other='# seats')",
)
_ROUNDS = 2_000


def card(*, data: bool) -> dict[str, Any]:
    """A card of 1200 × 628 px with texts; with `data` also a QR code, a bar chart and a rating."""
    layers: list[dict[str, Any]] = [
        {
            "type": "shape",
            "name": "band",
            "width": 1200,
            "height": 120,
            "fill": "linear-gradient(90deg, #0f766e, #134e4a)",
        },
        {"type": "text", "name": "title", "x": 60, "y": 160, "width": 700, "height": 120, "fontSize": 56},
    ]
    if data:
        layers += [
            {"type": "qrcode", "name": "code", "x": 900, "y": 160, "width": 240, "height": 240},
            {"type": "chart", "name": "chart", "x": 60, "y": 300, "width": 700, "height": 280,
             "chartDataLabels": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]},
            {"type": "rating", "name": "stars", "x": 900, "y": 440, "width": 240, "height": 48},
        ]  # fmt: skip
    return {"width": 1200, "height": 628, "background": "#ffffff", "layers": layers}


def measure(repetitions: int) -> dict[str, float]:
    """Milliseconds of a card with and without, and microseconds of one expression."""
    draw.warm()
    calls = {}
    for name, data in (("bare", False), ("data", True)):
        document = json.dumps(card(data=data)).encode()
        template = parse(document)

        def call(number: int, template: Any = template, document: bytes = document, data: bool = data) -> None:
            row: dict[str, Any] = {"title": f"Week {number}"}
            if data:
                values = [number % 7 + each for each in (3, 9, 4, 12, 7, 5)]
                row |= {"code": f"https://tickets.example/{number:08d}", "chart": values, "stars": number % 50 / 10}
            job = DrawJob(template.digest, bind(template, row).overrides, (), "jpeg")
            draw.handle(job.header(), [document])

        calls[name] = call
    series = interleaved(calls, repetitions)
    return {
        "bare": series["bare"].p50,
        "data": series["data"].p50,
        "excess": excess(series["data"], series["bare"]),
        "expression_microseconds": _expressions(),
    }


def _expressions() -> float:
    compiled = [compile_expression(each) for each in EXPRESSIONS]
    scope = Scope({"name": "Ada", "price": "9.5", "badge": "NEW", "old": 12, "day": "2026-11-23", "count": 2})
    for each in compiled:
        each.value(scope)
    started = process_time()
    for _ in range(_ROUNDS):
        for each in compiled:
            each.value(scope)
    return (process_time() - started) / _ROUNDS / len(compiled) * 1e6


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
