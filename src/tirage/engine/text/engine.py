"""TextSpec → TextBlock: clean, itemise, shape, break, fit, place; caches live as long as the engine."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice

from tirage.engine.lowering import TextBlock, TextSpec
from tirage.engine.report import TextReport
from tirage.engine.resources import FontSource
from tirage.engine.scene import Typeface
from tirage.engine.text.characters import cjk_language
from tirage.engine.text.clean import CleanText, clean
from tirage.engine.text.fit import MAX_LINES, Fitted, fit
from tirage.engine.text.fonts import FontBook, FontStack
from tirage.engine.text.itemise import StyledRange, base_is_rtl, itemise
from tirage.engine.text.lines import EPSILON
from tirage.engine.text.paragraph import Paragraph
from tirage.engine.text.place import Placed, place
from tirage.engine.text.shape import Shaper

_FORCED_BREAK = re.compile("[\n\u2028\u2029]")
_LOCALE = re.compile(r"[A-Za-z0-9]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,7}\Z")
_SHOWN = 8  # missing characters named in a warning
_SHORT = 64
_KEPT = 1024
"""Texts kept as they were set, and their most characters: ticks, weekdays and units return in picture after picture."""


class TextEngine:
    """Sets texts with the fonts of a source. One a process: opened fonts, shaped runs and line iterators are kept.

    Not safe for use by several threads at once.
    """

    def __init__(self, fonts: FontSource) -> None:
        self._book = FontBook(fonts)
        self._shaper = Shaper()
        self._kept: OrderedDict[TextSpec, TextBlock] = OrderedDict()

    def typeface(self, key: str) -> Typeface:
        """The typeface of a font file, by the key of its face. Raises ResourceProblem `font_missing`."""
        return self._book.typeface(key)

    def set(self, spec: TextSpec) -> TextBlock:
        """Set a text into its box. Raises ResourceProblem where there is no usable font."""
        if sum(len(span.text) for span in spec.spans) > _SHORT:
            return self._set(spec)
        block = self._kept.get(spec)
        if block is None:
            block = self._kept[spec] = self._set(spec)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(spec)
        return block

    def _set(self, spec: TextSpec) -> TextBlock:
        source = clean(spec.spans)
        locale = spec.locale.replace("_", "-") if _LOCALE.match(spec.locale) else "en"
        cjk = "" if source.graphemes is None else cjk_language(source.text, locale)
        stacks = [self._book.stack(style.families, style.weight, style.italic, cjk) for style in source.styles]
        strut = self._book.stack(spec.strut.families, spec.strut.weight, spec.strut.italic, cjk)
        paragraphs = list(islice(self._paragraphs(source, stacks, spec, locale), MAX_LINES + 1))
        size = source.styles[0].size if source.styles else spec.strut.size
        fitted = fit(paragraphs, spec, size)
        scale = fitted.scale
        height = fitted.height * scale
        spare = spec.height - height
        if spec.fit == "grow":
            spare = max(0.0, spare)
        top = spare * {"top": 0.0, "middle": 0.5, "bottom": 1.0}[spec.vertical_align]
        placed = place(fitted.lines, spec, strut.primary, scale, top)
        return _block(source, spec, paragraphs, stacks or [strut], fitted, placed, size * scale, height)

    def _paragraphs(
        self, source: CleanText, stacks: Sequence[FontStack], spec: TextSpec, locale: str
    ) -> Iterator[Paragraph]:
        text = source.text
        rtl: bool | None = None
        start = 0
        while start < len(text):
            found = _FORCED_BREAK.search(text, start)
            end, following = (found.start(), found.end()) if found else (len(text), len(text))
            part = text[start:end]
            ranges = _ranges(source, stacks, start, end)
            graphemes = None
            if source.graphemes is not None:
                graphemes = _within(source.graphemes, start, end)
            rtl = base_is_rtl(part, spec.direction, rtl, locale)
            items, missing = itemise(part, ranges, rtl, graphemes) if part else ([], [])
            paragraph = Paragraph(part, start, following, rtl, locale, self._shaper, ranges, items, graphemes, missing)
            if part:
                paragraph.measure(locale)
            yield paragraph
            start = following


def _ranges(source: CleanText, stacks: Sequence[FontStack], start: int, end: int) -> list[StyledRange]:
    if len(source.styles) == 1:
        return [StyledRange(0, end - start, 0, source.styles[0], stacks[0])]
    return [
        StyledRange(max(low, start) - start, min(high, end) - start, index, source.styles[index], stacks[index])
        for index, (low, high) in enumerate(zip(source.starts, source.starts[1:], strict=False))
        if low < end and high > start
    ]


def _within(graphemes: Sequence[int], start: int, end: int) -> list[int]:
    low, high = bisect_left(graphemes, start), bisect_left(graphemes, end)
    return [place - start for place in graphemes[low : high + 1]]


def _block(
    source: CleanText,
    spec: TextSpec,
    paragraphs: Sequence[Paragraph],
    stacks: Sequence[FontStack],
    fitted: Fitted,
    placed: Placed,
    size: float,
    height: float,
) -> TextBlock:
    width = max((line.width for line in placed.lines), default=0.0)
    slack = EPSILON * max(1.0, spec.width, spec.height) * 10
    overflow = width > spec.width + slack or (spec.fit != "grow" and height > spec.height + slack)
    missing = tuple(dict.fromkeys(cluster for paragraph in paragraphs for cluster in paragraph.missing))
    warnings = list(source.warnings)
    for family in dict.fromkeys(name for stack in stacks for name in stack.missing):
        served = stacks[0].primary.info.family
        warnings.append(("font_missing", f"The font family {family!r} is not available; {served} stands in for it."))
    if missing:
        named = ", ".join(_named(cluster) for cluster in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        warnings.append(("glyph_missing", f"No font has the characters {named}{more}; boxes are drawn in their place."))
    if fitted.cut:
        warnings.append(("text_cut", f"The text does not fit and was cut after {_lines(len(fitted.lines))}."))
    if overflow:
        warnings.append(
            (
                "text_overflow",
                f"The text needs {width:.0f} × {height:.0f} px; its box has {spec.width:.0f} × {spec.height:.0f} px.",
            )
        )
    faces = placed.faces.values()
    fonts = tuple(dict.fromkeys(_face_name(face.typeface) for face in faces))
    lines = tuple(placed.lines)
    return TextBlock(
        glyphs=tuple(placed.glyphs),
        under=tuple(placed.under),
        over=tuple(placed.over),
        lines=lines,
        width=width,
        height=height,
        ink=placed.ink,
        report=TextReport(source.text, size, lines, fonts, fitted.cut, overflow, missing),
        color_fonts=any(face.info.color for face in faces),
        warnings=tuple(warnings),
    )


def _face_name(typeface: Typeface) -> str:
    return f"{typeface.family} {typeface.weight}{' italic' if typeface.italic else ''}"


def _named(cluster: str) -> str:
    codes = " ".join(f"U+{ord(each):04X}" for each in cluster)
    return f"{cluster} ({codes})" if cluster.isprintable() else codes


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
