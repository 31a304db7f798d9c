"""Labels are set, measured and cut without a word in the layer's own text report."""

from __future__ import annotations

from typing import Any

from tirage.engine.label import LabelStyle, set_label
from tirage.engine.layout import Surroundings, _Context
from tirage.engine.template import BoundPage
from tirage.engine.values.color import WHITE


def test_a_label_is_as_wide_as_its_line_and_is_cut_at_its_width(studio: Any) -> None:
    """A label measures its text; what does not fit ends in an ellipsis and says so."""
    ctx = _context(studio)
    whole = set_label(ctx, "Quarterly revenue", LabelStyle())
    short = set_label(ctx, "Quarterly revenue", LabelStyle(), width=whole.width / 2)
    assert 100 < whole.width < 200 and not whole.cut
    assert short.cut and short.width <= whole.width / 2
    assert 0 < whole.ascent < whole.height


def test_a_label_may_wrap(studio: Any) -> None:
    """With more lines allowed, a label breaks between words and keeps them all."""
    ctx = _context(studio)
    whole = set_label(ctx, "Quarterly revenue", LabelStyle())
    wrapped = set_label(ctx, "Quarterly revenue", LabelStyle(), width=whole.width * 0.6, max_lines=2)
    assert not wrapped.cut and wrapped.height > 1.5 * whole.height


def test_missing_glyphs_of_labels_are_told_once(studio: Any) -> None:
    """Twelve ticks with one missing character give one warning."""
    ctx = _context(studio)
    for _ in range(12):
        set_label(ctx, "\U000f0000", LabelStyle())
    assert [each.code for each in ctx.warnings] == ["glyph_missing"]


def _context(studio: Any) -> _Context:
    page = BoundPage(0, "", 100, 100, WHITE, (), frozenset())
    return _Context(Surroundings(page, None, studio.services))  # type: ignore[arg-type]
