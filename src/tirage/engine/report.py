"""What is told about a render: the one report that editor, preflight and API warnings all read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from tirage.engine.values.transform import Rect

REPORT_VERSION = 1
_EMPTY = (None, "", ())
_SCALARS = frozenset((str, float, int, bool, type(None)))


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something a person should know although a picture was made."""

    code: str
    message: str
    layer: str | None = None
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class LineReport:
    """A line: code points `start`…`end` of the layer's text; left `x`, `baseline` and `width` in px of the box."""

    start: int
    end: int
    x: float
    baseline: float
    width: float


@dataclass(frozen=True, slots=True)
class TextReport:
    """How a text was set: the chosen size in px, its lines, its fonts, whether it was cut or overflows."""

    text: str
    font_size: float
    lines: tuple[LineReport, ...]
    fonts: tuple[str, ...]
    cut: bool = False
    overflow: bool = False
    missing: tuple[str, ...] = ()
    """Characters that no font has."""


@dataclass(frozen=True, slots=True)
class ImageReport:
    """Which part of which picture was drawn where: `crop` in px of the upright source, `place` in px of the box.

    `focus` names what placed the crop.
    """

    source: str
    sha256: str
    width: int
    height: int
    crop: Rect
    place: Rect
    focus: str | None = None


@dataclass(frozen=True, slots=True)
class LayerReport:
    """Where a layer came to lie in page px: `box` unrotated, `quad` its corners rotated, `ink` what it covers."""

    id: str
    name: str
    page: int
    box: Rect
    quad: tuple[tuple[float, float], ...]
    ink: Rect | None = None
    text: TextReport | None = None
    images: tuple[ImageReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one render. `timings` are milliseconds per stage."""

    layers: tuple[LayerReport, ...] = ()
    warnings: tuple[Warning_, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    version: int = REPORT_VERSION


def report_as_json(report: Report) -> dict[str, Any]:
    """The report as JSON values with camelCase names, what is empty left out."""
    return _plain(report)  # type: ignore[no-any-return]


def warnings_as_json(report: Report) -> dict[str, Any]:
    """The report's warnings alone, in the same form; a twentieth of the work."""
    return {"warnings": _plain(report.warnings)} if report.warnings else {}


def _plain(value: Any) -> Any:
    # By hand, and by class before anything else: of the hundreds of values in a report most are plain already.
    if value is None or isinstance(value, str | float | int):
        return value
    if isinstance(value, list | tuple):
        return [item if item.__class__ in _SCALARS else _plain(item) for item in value]
    if isinstance(value, dict):
        return {_name(key): _plain(item) for key, item in value.items() if item not in _EMPTY}
    plain = {}
    for attribute, name in _members(value.__class__):
        item = getattr(value, attribute)
        kind = item.__class__
        if kind in _SCALARS:
            if item is not None and item != "":
                plain[name] = item
        elif item != ():
            plain[name] = _plain(item)
    return plain


@cache
def _members(kind: type) -> tuple[tuple[str, str], ...]:
    """The attributes of a dataclass with their names in JSON."""
    return tuple((each.name, _name(each.name)) for each in fields(kind))


def _name(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.title() for part in rest)
