"""A run in a document → its letters as text, and the marks over and under them as outlines.

Readers that copy text take the place and the width of a cluster from its glyphs, one after the other. The dots of
Arabic, which fonts keep as glyphs of their own without any width, make them see gaps within words; drawn as outlines
they are no text, and the letter alone says what the cluster stands for (ActualText, see `pdf_update`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tirage.engine import brush
from tirage.engine.scene import Glyphs


def draw(canvas: Any, glyphs: Glyphs, paint: Any, *, apart: bool) -> None:
    """Draw the run; with `apart` its marks as outlines."""
    letters, marks = parts(glyphs) if apart else (glyphs, None)
    canvas.drawTextBlob(brush.run(letters), 0, 0, paint)
    if marks is not None:
        canvas.drawPath(brush.glyph_outlines(marks), paint)


def parts(glyphs: Glyphs) -> tuple[Glyphs, Glyphs | None]:
    """The letters of a run, and its marks where it has any that stand in a cluster with a letter."""
    alone = len(set(glyphs.clusters)) == len(glyphs.glyphs)
    if glyphs.typeface.color or alone or len(glyphs.clusters) != len(glyphs.glyphs):
        return glyphs, None
    widths = brush.font(glyphs).getWidths(list(glyphs.glyphs))
    lettered = {cluster for cluster, width in zip(glyphs.clusters, widths, strict=True) if width}
    marks = [
        at
        for at, (cluster, width) in enumerate(zip(glyphs.clusters, widths, strict=True))
        if not width and cluster in lettered
    ]
    if not marks:
        return glyphs, None
    rest = sorted(set(range(len(glyphs.glyphs))) - set(marks))
    return _some(glyphs, rest), _some(glyphs, marks)


def _some(glyphs: Glyphs, places: Sequence[int]) -> Glyphs:
    return replace(
        glyphs,
        glyphs=tuple(glyphs.glyphs[at] for at in places),
        positions=tuple(glyphs.positions[at] for at in places),
        clusters=tuple(glyphs.clusters[at] for at in places),
    )
