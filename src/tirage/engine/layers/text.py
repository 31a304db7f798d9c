"""Text in a box: styled, fitted, aligned, with inline markup of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, border, glyph_shadows, inset_shadows, paint_for, shape_shadows
from tirage.engine.findings import text_findings
from tirage.engine.label import UNBOUNDED
from tirage.engine.layer import MAX_TEXT, BoxedLayer, Locale, Lowered
from tirage.engine.lowering import Align, Fit, LowerContext, TextSpan, TextSpec, TextStyle
from tirage.engine.report import LayerReport, Warning_
from tirage.engine.resources import FontRef
from tirage.engine.scene import Box, Group, Node, Paint, Path, Solid
from tirage.engine.values.color import BLACK, Color
from tirage.engine.values.fill import FillValue, colors_of
from tirage.engine.values.font import FontWeight, split_families
from tirage.engine.values.length import Length, LengthValue
from tirage.engine.values.markup import MarkupSpan, parse_markup
from tirage.engine.values.sides import NONE, FourLengths, corner_radii
from tirage.engine.values.transform import Rect, grown, translation


class TextLayer(BoxedLayer):
    """A block of text set into the layer's box less its padding."""

    main: ClassVar[str | None] = "text"

    type: Literal["text"] = "text"
    text: Annotated[str, Field(max_length=MAX_TEXT)] = Field("", description="What is written; may hold placeholders.")
    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float = Field(32, ge=1, le=4000, description="Pixels per em.")
    font_weight: FontWeight = Field(400, description="1 to 1000, or normal and bold.")
    font_style: Literal["normal", "italic"] = Field("normal", description="Slanted where a family has no italic.")
    color: FillValue = Field(BLACK, description="A colour, or a gradient over the text's box.")
    align: Align = Field("start", description="start and end follow the text's direction.")
    vertical_align: Literal["top", "middle", "bottom"] = Field("top", description="Where the lines lie in the box.")
    line_height: float = Field(1.2, ge=0.1, le=10, description="A factor of the font size.")
    letter_spacing: LengthValue = Field(Length(0), description="Pixels, or a percentage of the font size.")
    text_decoration: Literal["none", "underline", "line-through"] = Field("none", description="A line along the text.")
    padding: FourLengths = Field(NONE, description="Between the border and the text.")
    fit: Fit = Field("none", description="What happens to text that is too long for the box.")
    min_font_size: float = Field(8, ge=1, le=4000, description="How far `shrink` goes.")
    max_lines: int | None = Field(None, ge=1, le=1000, description="What is beyond is cut with an ellipsis.")
    direction: Literal["auto", "ltr", "rtl"] = Field("auto", description="auto: as the first strong letter runs.")
    locale: Locale | None = Field(None, description="For line breaks and Han forms; else the template's.")
    markup: Literal["none", "html"] | None = Field(
        None,
        description="Whether the text is read as b i u s span[style] br; unset means plain here, HTML on the wire.",
    )

    def fonts(self) -> Iterator[FontRef]:
        """The faces of the layer's own style and of its inline markup."""
        italic = self.font_style == "italic"
        for family in split_families(self.font_family):
            yield FontRef(family, self.font_weight, italic)
        for span in self._spans():
            if span.bold or span.italic or span.font_weight or span.font_family:
                weight = span.font_weight or (max(700, self.font_weight) if span.bold else self.font_weight)
                for family in split_families(span.font_family or self.font_family):
                    yield FontRef(family, weight, italic or span.italic)

    def ground(self) -> Color:
        """Its background."""
        return self.background_color

    def letters(self) -> tuple[Color, ...]:
        """The colour, or those of the gradient."""
        return colors_of(self.color)

    def findings(self, report: LayerReport, scale: float, probe: object) -> Iterator[Warning_]:
        """Nothing to read, or close to the smallest size."""
        if report.text is not None:
            least = self.min_font_size if self.fit == "shrink" else self.font_size
            yield from text_findings(self.name, report.text, self.font_size, least)

    def natural(self, ctx: LowerContext, width: float | None) -> tuple[float, float]:
        """As wide as the longest line, broken at `width`, and as high as all lines; with padding and border."""
        edge = self.border_px(width or 0.0, width or 0.0)
        top, right, bottom, left = (side.resolve(width or 0.0) + edge for side in self.padding)
        room = UNBOUNDED if width is None else max(1.0, width - left - right)
        spec = self._spec(ctx, Rect(0, 0, room, UNBOUNDED), Solid(BLACK))
        block = ctx.label(replace(spec, fit="none", align="left", vertical_align="top"))
        # A hair more, so that rounding never breaks the line that was measured.
        return block.width + left + right + 0.01, block.height + top + bottom

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Shadow, background, underlines, glyphs, strikes, border."""
        edge = self.border_px(width, height)
        top, right, bottom, left = (side.resolve(width) + edge for side in self.padding)
        inner = Rect(left, top, max(0.0, width - left - right), max(0.0, height - top - bottom))
        paint = paint_for(self.color, Rect(0, 0, inner.width, inner.height), ctx)
        if self.markup == "html":
            for message in parse_markup(self.text).warnings:
                ctx.warn("markup_ignored", message, key="text")
        block = ctx.text(self._spec(ctx, inner, paint))
        extra = block.height + top + bottom - height if self.fit == "grow" else 0.0
        box = grown(width, height, extra, self.vertical_align)
        shift = translation(inner.x, inner.y + box.y)
        frame = Box(box, corner_radii(self.border_radius, box))
        background = Path(frame, fill=Solid(self.background_color)) if self.background_color.alpha > 0 else None
        outline = border(frame, edge, self.border_color, self.border_style)
        text = Group((*block.under, *block.glyphs, *block.over), transform=shift)
        nodes: tuple[Node, ...] = tuple(node for node in (background, text, outline) if node is not None)
        if self.shadow and len(nodes) == 1 and not block.color_fonts:
            nodes = (replace(text, children=(*glyph_shadows(block.glyphs, self.shadow), *text.children)),)
        elif self.shadow:
            opaque = self.background_color.alpha == 1
            nodes = (*shape_shadows(frame, self.shadow), *nodes) if opaque else alpha_shadows(nodes, self.shadow)
            nodes = (*nodes, *inset_shadows(frame, box, self.shadow))
        ink = block.ink.moved(shift.e, shift.f) if block.ink else None
        return Lowered(nodes, box=box, ink=ink)

    def _spec(self, ctx: LowerContext, inner: Rect, paint: Paint) -> TextSpec:
        style = TextStyle(
            families=split_families(self.font_family),
            size=self.font_size,
            paint=paint,
            weight=self.font_weight,
            italic=self.font_style == "italic",
            letter_spacing=self.letter_spacing.resolve(self.font_size),
            underline=self.text_decoration == "underline",
            strike=self.text_decoration == "line-through",
        )
        return TextSpec(
            spans=tuple(TextSpan(span.text, style.marked(span)) for span in self._spans()),
            width=inner.width,
            height=inner.height,
            strut=style,
            align=self.align,
            vertical_align=self.vertical_align,
            line_height=self.line_height,
            fit=self.fit,
            min_size=min(self.min_font_size, self.font_size),
            max_lines=self.max_lines,
            direction=self.direction,
            locale=self.locale or ctx.locale,
        )

    def _spans(self) -> tuple[MarkupSpan, ...]:
        if self.markup == "html":
            return parse_markup(self.text).spans
        return (MarkupSpan(self.text),) if self.text else ()
