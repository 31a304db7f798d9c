"""Paragraphs and a box → the scale of the sizes and the lines: as they are, shrunk, grown or cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tirage.engine.lowering import TextSpec
from tirage.engine.text.lines import Filled, Line, fill, with_ellipsis
from tirage.engine.text.paragraph import Paragraph

# As many as the highest page (16384 px) shows of 14 px text; what is beyond would cost time and not be seen.
MAX_LINES = 1_000
STEPS = 12  # of the bisection: the size is exact to 1/4096 of the range


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines in px at the wished sizes, to be scaled by `scale` together with everything on them."""

    lines: tuple[Line, ...]
    height: float
    scale: float
    cut: bool


def fit(paragraphs: Sequence[Paragraph], spec: TextSpec, size: float) -> Fitted:
    """Choose the scale and the lines. `size` is the first span's. No hinting, so widths follow the size in proportion:
    a smaller text in the box is the same text in a larger box, and nothing is shaped twice."""
    if spec.fit == "shrink":
        scale, filled = _shrunk(paragraphs, spec, min(1.0, spec.min_size / size))
    else:
        scale, filled = 1.0, _filled(paragraphs, spec, 1.0, max_height=spec.height if spec.fit == "ellipsis" else None)
        if filled.rest is not None and not filled.lines:
            # At least one line: an empty box would say nothing at all.
            filled = _filled(paragraphs, spec, 1.0, most=1)
    lines = filled.lines
    if filled.rest is not None and lines:
        lines = (*lines[:-1], with_ellipsis(lines[-1], spec.width / scale))
    return Fitted(lines, filled.height, scale, filled.rest is not None)


def _filled(
    paragraphs: Sequence[Paragraph],
    spec: TextSpec,
    scale: float,
    *,
    max_height: float | None = None,
    most: int | None = None,
) -> Filled:
    return fill(
        paragraphs,
        spec.width / scale,
        line_height=spec.line_height,
        strut=spec.strut.size,
        max_lines=min(most or MAX_LINES, spec.max_lines or MAX_LINES, MAX_LINES),
        max_height=max_height,
    )


def _shrunk(paragraphs: Sequence[Paragraph], spec: TextSpec, least: float) -> tuple[float, Filled]:
    """The largest scale at which everything fits, words whole if that is possible at all; else the least one."""

    def whole(scale: float) -> Filled | None:
        filled = _filled(paragraphs, spec, scale, max_height=spec.height / scale)
        return filled if filled.rest is None else None

    widest = max((paragraph.widest for paragraph in paragraphs), default=0.0)
    high = min(1.0, spec.width / widest) if widest > 0 else 1.0
    if high < least:
        high = 1.0  # even at the least size a word is too wide, so words break at any size
    best = whole(high)
    if best is not None:
        return high, best
    low, found = least, whole(least)
    if found is None:
        return least, _filled(paragraphs, spec, least)
    for _ in range(STEPS):
        middle = (low + high) / 2
        # Lines that still fit are broken there again: only where one does not, the text is broken anew.
        if max(line.width for line in found.lines) <= spec.width / middle:
            filled = found if found.height <= spec.height / middle else None
        else:
            filled = whole(middle)
        if filled is None:
            high = middle
        else:
            low, found = middle, filled
    return low, found
