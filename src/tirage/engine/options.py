"""What a caller may ask of any output format, and what a document says of itself; known without loading a painter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from tirage.engine.errors import Problem, RenderProblem


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What a caller may ask of any format; what a format cannot do, it ignores.

    `scale` is device pixels per px, 0.1–4. `quality` is 1–100. `dpi`, 1–2400, is written into raster files and gives
    vector pages their physical size. `transparent` keeps what the page leaves transparent (True), paints it over white
    (False), or keeps it where there is anything to keep (None). `max_bytes` lowers the quality until the file fits.
    Raises RenderProblem `options_invalid`.
    """

    scale: float = 1.0
    quality: int | None = None
    dpi: float | None = None
    progressive: bool = False
    transparent: bool | None = None
    max_bytes: int | None = None
    lossless: bool = False

    def __post_init__(self) -> None:
        bounds: tuple[tuple[str, float | None, float, float], ...] = (
            ("scale", self.scale, 0.1, 4),
            ("quality", self.quality, 1, 100),
            ("dpi", self.dpi, 1, 2400),
            ("max_bytes", self.max_bytes, 100, 1e9),
        )
        problems = [
            Problem("options_invalid", f"{name} is {value:g}, but must lie between {low:g} and {high:g}.", f"/{name}")
            for name, value, low, high in bounds
            if value is not None and not low <= value <= high
        ]
        if problems:
            raise RenderProblem(problems)


@lru_cache(maxsize=64)
def members(options: OutputOptions) -> Mapping[str, Any]:
    """The options by name; a run asks for those of one and the same thousands of times."""
    return asdict(options)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a document says of itself. `recipe` is the hash of all that decides its bytes; ids come from it.

    `palette` asks for the colours of a painted page beside its bytes, which it does not change.
    """

    recipe: str = ""
    title: str = ""
    language: str = ""
    created: datetime | None = None
    palette: bool = False
