"""The reference card in one warm process: the child's own handler against the plain codecs, call by call in turn.

Run as a process of its own, so that its memory and its one codec thread are those of a render child:
`python -m bench.cards REPETITIONS INPUTS` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import simplejpeg

from bench import inputs
from bench.reference import AVATAR_SIDE, HEIGHT, QUALITY, WIDTH, Call, Card, texts
from bench.timing import Series, excess, interleaved, peak_memory, ratio
from tirage.actions import draw
from tirage.actions.jobs import DrawJob
from tirage.engine import paint
from tirage.engine.bind import bind
from tirage.engine.collect import collect
from tirage.engine.layout import Surroundings, lay_out
from tirage.engine.render import compose
from tirage.engine.scene import Scene

STAGES = ("layout", "paint", "encode")
_COVER = max(WIDTH / inputs.PHOTO[0], HEIGHT / inputs.PHOTO[1])
PHOTO_LEAST = (int(inputs.PHOTO[0] * _COVER), int(inputs.PHOTO[1] * _COVER))
"""The size from which the decoded photo covers the card: the factor 4/8 of libjpeg-turbo's scaled decoding."""


@dataclass(slots=True)
class _Stages:
    """The stage times that the handler's reports tell, by kind of row."""

    seen: dict[str, list[dict[str, float]]]

    def means(self, kind: str, skip: int) -> dict[str, float]:
        """Mean milliseconds by stage."""
        kept = self.seen[kind][skip:]
        return {stage: round(mean(each[stage] for each in kept), 3) for stage in STAGES}


class _Bench:
    """The calls of each kind of row, and the codec calls that they are compared with."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.card = Card()
        self.photos, self.avatars = inputs.photos(folder), inputs.avatars(folder)
        self.stages = _Stages({kind: [] for kind in ("cached", "avatars", "all")})
        self.calls: dict[str, list[Call]] = {
            "cached": [self._call(row, self.avatars[0], self.photos[0], False) for row in range(rows)],
            "avatars": [self._call(row, self._avatar(row), self.photos[0], False) for row in range(rows)],
            "all": [
                self._call(row + 50_000, self._avatar(row + 50_000), self._photo(row), True) for row in range(rows)
            ],
        }
        self.pixels = [self._pixels(self.calls["all"][row]) for row in range(min(rows, inputs.BASES))]

    def _avatar(self, row: int) -> bytes:
        return inputs.variant(self.avatars[row % inputs.BASES], row)

    def _photo(self, row: int) -> bytes:
        return inputs.variant(self.photos[row % inputs.BASES], row)

    def _call(self, row: int, avatar: bytes, photo: bytes, own_photo: bool) -> Call:
        return self.card.call(row, avatar, photo, own_photo=own_photo)

    def _pixels(self, call: Call) -> Any:
        """The finished pixels of a row, as the encoder gets them."""
        scene, report = self._scene(call)
        for layer in report.layers:
            lines = len(layer.text.lines) if layer.text else 2
            if layer.name in ("headline", "body") and lines != 2:
                raise AssertionError(f"The {layer.name} has {lines} lines; the reference card has two.")
        return paint.raster(scene.pages[0]).data

    def _scene(self, call: Call) -> tuple[Scene, Any]:
        job = DrawJob.from_header(call.header)
        return compose(*draw.bound_row(job, call.parts))

    def draw(self, kind: str, row: int) -> None:
        """The handler: bound row and bytes in, file and report out."""
        call = self.calls[kind][row % len(self.calls[kind])]
        header, _ = draw.handle(call.header, call.parts)
        self.stages.seen[kind].append(header["report"]["timings"])

    def encode(self, row: int) -> None:
        """The encode of finished pixels alone."""
        simplejpeg.encode_jpeg(self.pixels[row % len(self.pixels)], QUALITY, "RGBX", "420")

    def decode_photo(self, row: int) -> None:
        """The shrink-on-load decode of the photo alone, at the factor that the engine uses."""
        data = self.calls["all"][row % len(self.calls["all"])].parts[2]
        simplejpeg.decode_jpeg(data, "RGBA", min_width=PHOTO_LEAST[0], min_height=PHOTO_LEAST[1])

    def decode_avatar(self, row: int) -> None:
        """The same for the avatar."""
        data = self.calls["all"][row % len(self.calls["all"])].parts[1]
        simplejpeg.decode_jpeg(data, "RGBA", min_width=AVATAR_SIDE, min_height=AVATAR_SIDE)

    def parent(self, rows: int) -> dict[str, float]:
        """Mean milliseconds of the parent's stages for rows of which everything differs."""
        spent = {"bind": 0.0, "collect": 0.0}
        for row in range(rows):
            values = {"headline": f"Seat {row} at the design week", "avatar": f"a{row}.jpg", "photo": f"p{row}.jpg"}
            started = perf_counter()
            bound = bind(self.card.template, values)
            between = perf_counter()
            collect(bound)
            spent["bind"] += between - started
            spent["collect"] += perf_counter() - between
        return {stage: round(seconds * 1000 / rows, 3) for stage, seconds in spent.items()}

    def layers(self, rows: int) -> dict[str, float]:
        """Mean milliseconds to set and lower each text layer; the texts of all rows differ."""
        spent: dict[str, float] = {}
        prepared = draw._prepare(self.card.template.digest, self.card.json, draw._services())
        resources = draw._Handed(draw._fonts(), {})
        for row in range(rows):
            page = bind(prepared.template, texts(90_000 + row)).pages[0]
            around = Surroundings(page, resources, prepared.services)
            for layer in page.layers:
                if layer.type == "text":
                    started = perf_counter()
                    lay_out([layer], around)
                    spent[layer.name] = spent.get(layer.name, 0.0) + perf_counter() - started
        return {name: round(seconds * 1000 / rows, 3) for name, seconds in spent.items()}


def measure(folder: Path, repetitions: int) -> dict[str, Any]:
    """All figures of the reference card, in ms unless their names say otherwise."""
    draw.warm()
    warm = 8
    bench = _Bench(folder, repetitions + warm)
    layers = bench.layers(min(40, repetitions))
    timed: dict[str, Callable[[int], None]] = {
        "cached": partial(bench.draw, "cached"),
        "avatars": partial(bench.draw, "avatars"),
        "all": partial(bench.draw, "all"),
        "encode": bench.encode,
        "decode_photo": bench.decode_photo,
        "decode_avatar": bench.decode_avatar,
    }
    series = interleaved(timed, repetitions, warm=warm)
    return {
        "repetitions": repetitions,
        "p50": _rounded(series, "p50"),
        "p95": _rounded(series, "p95"),
        "fixed_background_cached_ratio": ratio(series["cached"], series["encode"]),
        "fixed_background_avatars_ratio": ratio(series["avatars"], series["encode"]),
        "all_different_excess": excess(
            series["all"], series["encode"], series["decode_photo"], series["decode_avatar"]
        ),
        "stages": {kind: bench.stages.means(kind, warm) for kind in bench.stages.seen},
        "parent": bench.parent(200),
        "text_layers": layers,
        "memory": peak_memory(),
    }


def _rounded(series: dict[str, Series], which: str) -> dict[str, float]:
    return {name: round(getattr(each, which), 3) for name, each in series.items()}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[1]))))
