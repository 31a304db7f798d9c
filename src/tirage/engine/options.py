"""What a caller may ask of any output format, and what a document says of itself; known without loading a painter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from tirage.engine.errors import Problem, RenderProblem

MAX_SECONDS = 60.0
"""The longest animation."""
MAX_FPS = 30.0


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What a caller may ask of any format; what a format cannot do, it ignores.

    `scale` is device pixels per px, 0.1–4. `quality` is 1–100. `dpi`, 1–2400, is written into raster files and gives
    vector pages their physical size. `transparent` keeps what the page leaves transparent (True), paints it over white
    (False), or keeps it where there is anything to keep (None). `max_bytes` lowers the quality until the file fits.
    Animations have `frames` frames, `fps` a second, and so last `duration` seconds, 60 at most: two of them tell the
    third, and by default there is one frame for each of 60 seconds. They are played `loops` times, 0 for ever.
    Raises RenderProblem `options_invalid`.
    """

    scale: float = 1.0
    quality: int | None = None
    dpi: float | None = None
    progressive: bool = False
    transparent: bool | None = None
    max_bytes: int | None = None
    lossless: bool = False
    frames: int | None = None
    duration: float | None = None
    fps: float | None = None
    loops: int = 0

    def __post_init__(self) -> None:
        bounds: tuple[tuple[str, float | None, float, float], ...] = (
            ("scale", self.scale, 0.1, 4),
            ("quality", self.quality, 1, 100),
            ("dpi", self.dpi, 1, 2400),
            ("max_bytes", self.max_bytes, 100, 1e9),
            ("frames", self.frames, 1, MAX_SECONDS * MAX_FPS),
            ("duration", self.duration, 0.03, MAX_SECONDS),
            ("fps", self.fps, 0.05, MAX_FPS),
            ("loops", self.loops, 0, 1000),
        )
        problems = [
            Problem("options_invalid", f"{name} is {value:g}, but must lie between {low:g} and {high:g}.", f"/{name}")
            for name, value, low, high in bounds
            if value is not None and not low <= value <= high
        ]
        if not problems and (reason := self._pace_problem()):
            problems.append(Problem("options_invalid", reason, "/frames"))
        if problems:
            raise RenderProblem(problems)

    @property
    def moves(self) -> bool:
        """Whether an animation is asked for, where a format could do without."""
        return not (self.frames is None and self.duration is None and self.fps is None)

    @property
    def pace(self) -> tuple[int, float]:
        """How many frames an animation has, and how many a second."""
        fps = self.fps or (self.frames / self.duration if self.frames and self.duration else 1.0)
        return self.frames or max(1, round((self.duration or MAX_SECONDS) * fps)), fps

    def _pace_problem(self) -> str | None:
        frames, fps = self.pace
        if None not in (self.frames, self.duration, self.fps) and abs(frames - (self.duration or 0) * fps) > 0.5:
            return f"{frames} frames at {fps:g} a second do not last {self.duration:g} seconds; leave one of them out."
        if frames / fps > MAX_SECONDS or fps > MAX_FPS:
            return (
                f"{frames} frames at {fps:g} a second: at most {MAX_FPS:g} a second are made, "
                f"for at most {MAX_SECONDS:g} seconds."
            )
        return None


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
