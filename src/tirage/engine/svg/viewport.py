"""Fits a drawing into a box: viewBox, preserveAspectRatio and a size in px → one transform (SVG 2, 8.2 and 8.6)."""

from __future__ import annotations

import math
import re
from typing import Any

from tirage.engine.values.transform import Affine, Rect

MAX_VIEW = 1e7
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(px|pt|pc|in|cm|mm|%)?\s*")
_UNITS = {None: 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
_ALIGN = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
_RATIO = re.compile(r"\s*(?:defer\s+)?(none|x(Min|Mid|Max)Y(Min|Mid|Max))(?:\s+(meet|slice))?\s*")


def numbers(text: str) -> list[float]:
    """The finite numbers of a list."""
    found = [float(number) for number in _NUMBER.findall(text)]
    return [number for number in found if math.isfinite(number)]


def length(text: str | None, reference: float) -> float | None:
    """A length in px, 100 % being `reference`; None where it is missing or in a unit that depends on fonts."""
    found = _LENGTH.fullmatch(text or "")
    if found is None:
        return None
    value = float(found[1]) * (reference / 100 if found[2] == "%" else _UNITS[found[2]])
    return value if math.isfinite(value) else None


def view_box(root: Any, width: float, height: float) -> Rect:
    """The part of the user space that is shown: the viewBox, else the drawing's own size, else the box itself."""
    given = numbers(root.get("viewBox") or "")
    if len(given) == 4 and all(abs(number) <= MAX_VIEW for number in given) and min(given[2:]) > 1e-6:
        return Rect(*given)
    sizes = [length(root.get(name), 0.0) for name in ("width", "height")]
    wide, high = (size if size and 1e-6 < size <= MAX_VIEW else None for size in sizes)
    return Rect(0, 0, wide or width, high or height)


def ratio(root: Any) -> str:
    """The `preserveAspectRatio`, or its initial value."""
    text = root.get("preserveAspectRatio") or ""
    return text.strip() if _RATIO.fullmatch(text) else "xMidYMid meet"


def fit(root: Any, width: float, height: float) -> Affine:
    """From user space to the box of `width` × `height` px."""
    view = view_box(root, width, height)
    across, down = width / view.width, height / view.height
    found = _RATIO.fullmatch(ratio(root))
    if found is None or found[1] == "none":
        return Affine(across, 0, 0, down, -view.x * across, -view.y * down)
    scale = max(across, down) if found[4] == "slice" else min(across, down)
    left = (width - view.width * scale) * _ALIGN[found[2]]
    top = (height - view.height * scale) * _ALIGN[found[3]]
    return Affine(scale, 0, 0, scale, left - view.x * scale, top - view.y * scale)
