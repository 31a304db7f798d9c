"""A template and a row → decoded pixels and report, through the real engine with the bundled fonts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from tirage.assets.fetched import Fetched
from tirage.assets.fontsource import LibraryFonts
from tirage.assets.resolve import ResolvedResources, resolve
from tirage.engine.bind import Params, bind
from tirage.engine.collect import collect
from tirage.engine.errors import ResourceProblem
from tirage.engine.images import ImageEngine
from tirage.engine.layout import Services
from tirage.engine.options import OutputOptions
from tirage.engine.parse import parse
from tirage.engine.render import prepare, render
from tirage.engine.report import Report, Warning_
from tirage.engine.resources import ROW_SCHEME, ImageRef
from tirage.engine.runs import Prepared
from tirage.engine.survey import Surveyor
from tirage.engine.template import BoundTemplate
from tirage.engine.text import TextEngine
from tirage.engine.wishes import wish_of

Pixels = NDArray[np.uint8]
MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""The moment that all of these renders are for."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A finished file and what is told about it."""

    data: bytes
    report: Report

    @property
    def pixels(self) -> Pixels:
        """Decoded RGBA, shape (height, width, 4)."""
        return decode(self.data)


def decode(data: bytes) -> Pixels:
    """Any picture file → RGBA, shape (height, width, 4)."""
    image = pyvips.Image.new_from_buffer(data, "")
    if not image.hasalpha():
        image = image.addalpha()
    return np.asarray(image.numpy(), np.uint8)


@cache
def _services() -> tuple[Services, LibraryFonts]:
    fonts = LibraryFonts()
    return Services(TextEngine(fonts), ImageEngine()), fonts


@cache
def _prepared(file: Path, _changed: int) -> Prepared:
    return prepare(parse(file.read_bytes()), _services()[0])


def _stripes(source: str) -> Fetched:
    colors = np.frombuffer(hashlib.sha256(source.encode()).digest(), np.uint8)[:18].reshape(1, 6, 3)
    stripes = pyvips.Image.new_from_array(np.repeat(np.repeat(colors, 48, axis=0), 8, axis=1))
    return Fetched.of(stripes.copy(interpretation="srgb").pngsave_buffer(), "image/png", "")


def shoot(
    file: Path, row: Mapping[str, Any], *, data: Path | None = None, params: Params = (), format_name: str = "png",
    **options: Any,
) -> Shot:  # fmt: skip
    """Render one row of the template in `file`; its relative pictures lie beside it, those of the row beside `data`.

    A picture that is to be made is stripes, whose colours follow from what is asked for.
    """
    prepared, bound, resources = _ready(file, row, data, params)
    rendered = render(prepared, bound, resources, format_name, OutputOptions(**options))
    return Shot(rendered.files[0].data, rendered.report)


def look_over(file: Path, row: Mapping[str, Any]) -> tuple[Warning_, ...]:
    """What a check says of one row of the template in `file` and of the template itself."""
    prepared, bound, resources = _ready(file, row, None, ())
    found = Surveyor(prepared.template, prepared.services).survey(bound, resources, OutputOptions())
    return found.row + found.template


def _ready(
    file: Path, row: Mapping[str, Any], data: Path | None, params: Params
) -> tuple[Prepared, BoundTemplate, ResolvedResources]:
    prepared = _prepared(file, file.stat().st_mtime_ns)
    bound = bind(prepared.template, row, params, now=MOMENT)
    sources = [ref.source for ref in collect(bound) if isinstance(ref, ImageRef)]
    found: dict[str, Fetched | ResourceProblem] = {
        source: _stripes(source)
        if wish_of(source)
        else resolve([source.removeprefix(ROW_SCHEME)], base=base)[source.removeprefix(ROW_SCHEME)]
        for source in sources
        for base in [data.parent if data is not None and source.startswith(ROW_SCHEME) else file.parent]
    }
    resources = ResolvedResources(_services()[1], found)
    return prepared, bound, resources
