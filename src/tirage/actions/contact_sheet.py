"""A run's folder → one picture that shows up to a hundred of its results with their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import orjson

from tirage.actions.files import make_folder, write_whole
from tirage.actions.render_image import render_image
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.run_folder import MANIFEST
from tirage.actions.templates import LoadedTemplate
from tirage.context import Context
from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.parse import parse
from tirage.engine.template import Json

MAX_SHOWN = 100
MAX_PIXELS = 300_000_000
"""Pixels of all the pictures shown: what one child decodes within its time."""
MAX_BYTES = 120_000_000
READABLE = frozenset({"png", "jpeg", "webp", "avif", "svg", "gif", "apng"})
"""Output formats that are pictures again."""

_CELL, _GAP, _MARGIN, _CAPTION, _HEAD = 240, 24, 48, 30, 72


@dataclass(frozen=True, slots=True)
class _Result:
    file: str
    width: int
    height: int
    bytes: int


def draw_contact_sheet(context: Context, folder: Path, target: Path, output: Output, title: str) -> Path:
    """Draw the sheet of a finished run. Raises RenderProblem `nothing_drawn` where the folder holds no results."""
    total = sum(1 for _ in _results(folder))
    if not total:
        raise RenderProblem(Problem("nothing_drawn", f"There is nothing in {str(folder)!r} for a contact sheet."))
    shown = _chosen(folder, total)
    document = orjson.dumps(_document(shown, total))
    loaded = LoadedTemplate(parse(document), document, folder, "contact-sheet")
    # What files and templates are called comes as a row does: it is literal, whatever it looks like.
    row: dict[str, Json] = {"title": title}
    for place, each in enumerate(shown):
        row[f"picture-{place}"] = row[f"name-{place}"] = each.file
    drawn = render_image(context, RowJobs(context, loaded, Folders(folder, (folder,)), output), row)
    make_folder(target.parent)
    write_whole(target, drawn.files[0].data)
    return target


def _results(folder: Path) -> Iterator[_Result]:
    with (folder / MANIFEST).open("rb") as file:
        for line in file:
            entry = orjson.loads(line)
            yield _Result(entry["file"], entry["width"], entry["height"], entry["bytes"])


def _chosen(folder: Path, total: int) -> list[_Result]:
    """Results spread evenly over the run, the first and the last among them; fewer where they are large."""
    largest = max(_results(folder), key=lambda each: (each.width * each.height, each.bytes))
    room = min(MAX_PIXELS // max(1, largest.width * largest.height), MAX_BYTES // max(1, largest.bytes), MAX_SHOWN)
    count = max(1, min(total, room))
    places = {round(number * (total - 1) / max(1, count - 1)) for number in range(count)}
    return [each for place, each in enumerate(_results(folder)) if place in places]


def _document(shown: Sequence[_Result], total: int) -> dict[str, Any]:
    """A template that is the sheet: a grid of pictures, their names below them, a line above."""
    ratio = sorted(each.height / each.width for each in shown)[len(shown) // 2]
    picture_height = round(_CELL * min(max(ratio, 0.4), 1.8))
    cell_height = picture_height + _CAPTION
    columns = min(len(shown), max(1, ceil(sqrt(len(shown) * 4 / 3 * (cell_height + _GAP) / (_CELL + _GAP)))))
    lines = ceil(len(shown) / columns)
    width = max(2 * _MARGIN + columns * (_CELL + _GAP) - _GAP, 420)
    height = _HEAD + lines * (cell_height + _GAP) + _MARGIN - _GAP
    counted = f"{total:,} pictures" if total != 1 else "1 picture"
    if len(shown) < total:
        counted += f", {len(shown)} of them shown"
    layers = [
        _text("title", "", _MARGIN, 28, width - 2 * _MARGIN - 260, 32, 20, "#1c2230", 600),
        {**_text("count", counted, width - _MARGIN - 260, 28, 260, 32, 14, "#6b7280", 400), "align": "right"},
    ]
    for place, each in enumerate(shown):
        x = _MARGIN + place % columns * (_CELL + _GAP)
        y = _HEAD + place // columns * (cell_height + _GAP)
        layers.append(_picture(place, each, x, y, picture_height))
        layers.append(_text(f"name-{place}", "", x, y + picture_height + 6, _CELL, 20, 12, "#4b5563", 400))
    return {"name": "Contact sheet", "width": width, "height": height, "background": "#eef0f3", "layers": layers}


def _picture(place: int, each: _Result, x: float, y: float, height: float) -> dict[str, Any]:
    """The picture, whole, on the middle of its cell's lower edge."""
    factor = min(_CELL / each.width, height / each.height)
    wide, high = max(1, round(each.width * factor)), max(1, round(each.height * factor))
    return {
        "type": "image",
        "name": f"picture-{place}",
        "x": x + (_CELL - wide) / 2,
        "y": y + height - high,
        "width": wide,
        "height": high,
        "fit": "fill",
        "backgroundColor": "#ffffff",
        "shadow": [{"x": 0, "y": 1, "blur": 4, "color": "#10182833"}],
    }


def _text(
    name: str, text: str, x: float, y: float, width: float, height: float, size: float, color: str, weight: int
) -> dict[str, Any]:
    return {
        "type": "text",
        "name": name,
        "text": text,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "fontFamily": "Inter",
        "fontSize": size,
        "fontWeight": weight,
        "color": color,
        "fit": "ellipsis",
        "maxLines": 1,
        "direction": "ltr",
        "verticalAlign": "middle",
    }
