"""Small texts of a layer that are not its own text (ticks, captions, cells): style → nodes, measured and placed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from tirage.engine.layer import Model
from tirage.engine.lowering import Align, LowerContext, TextSpan, TextSpec, TextStyle
from tirage.engine.resources import FontRef
from tirage.engine.scene import Group, Node, Solid
from tirage.engine.values.color import BLACK, Color, ColorValue
from tirage.engine.values.font import FontWeight, split_families
from tirage.engine.values.transform import Rect, translation

MIN_SIZE, MAX_SIZE = 1, 1000
UNBOUNDED = 100_000.0
"""px that no label reaches: the width of one that is set on a single line."""


class LabelStyle(Model):
    """How a label is written."""

    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float = Field(16, ge=MIN_SIZE, le=MAX_SIZE, description="Pixels per em.")
    font_weight: FontWeight = Field(400, description="1 to 1000, or normal and bold.")
    font_style: Literal["normal", "italic"] = Field("normal", description="Slanted where a family has no italic.")
    color: ColorValue = Field(BLACK, description="Of the glyphs.")
    letter_spacing: float = Field(0, ge=-100, le=1000, description="Pixels between characters.")

    def fonts(self) -> Iterator[FontRef]:
        """The faces that the label asks for."""
        for family in split_families(self.font_family):
            yield FontRef(family, self.font_weight, self.font_style == "italic")


def label_style(family: str, weight: int, color: Color = BLACK, size: float = 16) -> LabelStyle:
    """The style that a layer's own properties make; `size` in px, brought within what a style may have."""
    within = min(max(size, MIN_SIZE), MAX_SIZE)  # it may follow a box that is hardly there, or as large as a page
    return LabelStyle.model_validate({"fontFamily": family, "fontWeight": weight, "color": color, "fontSize": within})


@dataclass(frozen=True, slots=True)
class Label:
    """A set label: nodes in px from the top left of its box, which is as wide as its longest line."""

    nodes: tuple[Node, ...]
    width: float
    height: float
    ascent: float
    """px from the top of the box to the baseline of the first line."""
    ink: Rect | None = None
    cut: bool = False

    def at(self, x: float, y: float) -> Group:
        """The label with the top left of its box at (x, y)."""
        return Group(self.nodes, transform=translation(x, y))


def set_label(
    ctx: LowerContext,
    text: str,
    style: LabelStyle,
    *,
    size: float | None = None,
    color: Color | None = None,
    width: float = UNBOUNDED,
    max_lines: int | None = 1,
    align: Align = "left",
    line_height: float = 1.2,
) -> Label:
    """Set a text in a style; `size` (px) and `color` win over the style's.

    What is wider than `width` is broken up to `max_lines` and cut with an ellipsis there. Labels are not in the
    layer's text report, and an overflow is not a warning: the layer that asks decides what a cut means.
    """
    written = TextStyle(
        families=split_families(style.font_family),
        size=size or style.font_size,
        paint=Solid(color or style.color),
        weight=style.font_weight,
        italic=style.font_style == "italic",
        letter_spacing=style.letter_spacing,
    )
    spec = TextSpec(
        spans=(TextSpan(text, written),) if text else (),
        width=width,
        height=UNBOUNDED,
        strut=written,
        align=align if width < UNBOUNDED else "left",
        line_height=line_height,
        fit="ellipsis" if max_lines else "none",
        max_lines=max_lines,
        locale=ctx.locale,
    )
    block = ctx.label(spec)
    nodes: tuple[Node, ...] = (*block.under, *block.glyphs, *block.over)
    ascent = block.lines[0].baseline if block.lines else written.size
    broad = width if align not in ("left", "start") and width < UNBOUNDED else block.width
    return Label(nodes, broad, block.height, ascent, block.ink, block.report.cut)
