"""Measured paragraphs and a width → lines: greedy breaking, emergency breaks at graphemes, ellipsis."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tirage.engine.text.characters import HANGING, SOFT_HYPHEN
from tirage.engine.text.paragraph import Paragraph, Piece

# A line that is too wide by a rounding error still fits.
EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Line:
    """A line: code points `start`…`end` of its paragraph, of which `start`…`trim` is drawn; `width` in px.

    `last` marks the end of a paragraph, `tail` a hyphen or an ellipsis after the text, `size` the largest font size.
    """

    paragraph: Paragraph
    start: int
    trim: int
    end: int
    width: float
    last: bool
    size: float
    tail: Piece | None = None

    @property
    def pieces(self) -> list[Piece]:
        """The glyphs in logical order."""
        found = self.paragraph.pieces(self.start, self.trim, self.end)
        return [*found, self.tail] if self.tail is not None else found


@dataclass(frozen=True, slots=True)
class Filled:
    """As many lines as were allowed; `rest` is the paragraph's index and the place in it where the next would begin."""

    lines: tuple[Line, ...]
    height: float
    rest: tuple[int, int] | None


def fill(
    paragraphs: Sequence[Paragraph],
    width: float,
    *,
    line_height: float,
    strut: float,
    max_lines: int | None = None,
    max_height: float | None = None,
) -> Filled:
    """Break all paragraphs into lines no wider than `width` px, stopping before `max_lines` or `max_height` is passed.

    `line_height` is a factor of the largest size on the line, at least of `strut` px (CSS 2.2, 10.8).
    """
    lines: list[Line] = []
    height = 0.0
    for index, paragraph in enumerate(paragraphs):
        start, length = 0, len(paragraph.text)
        while True:
            if max_lines is not None and len(lines) >= max_lines:
                return Filled(tuple(lines), height, (index, start))
            line = next_line(paragraph, start, width, strut)
            taller = height + line.size * line_height
            if max_height is not None and taller > max_height + EPSILON * max(1.0, max_height):
                return Filled(tuple(lines), height, (index, start))
            lines.append(line)
            height = taller
            start = line.end
            if start >= length:
                break
    return Filled(tuple(lines), height, None)


def next_line(paragraph: Paragraph, start: int, width: float, strut: float) -> Line:
    """The longest line that begins at `start` and fits; at least one grapheme."""
    length = len(paragraph.text)
    if not length:
        return Line(paragraph, 0, 0, 0, 0.0, True, strut)
    breaks, widths, pre = paragraph.breaks, paragraph.widths, paragraph.pre
    limit = width + EPSILON * max(1.0, width)
    first = bisect_right(breaks, start)
    # The widths rise but for a possible hyphen, so the search may stop early by one place, never late.
    at = min(bisect_right(widths, pre[start] + limit, lo=first), len(breaks)) - 1
    while at >= first:
        line = _line(paragraph, start, paragraph.trims[at], breaks[at], strut)
        if line.width <= limit:
            return line
        at -= 1
    end = _emergency(paragraph, start, paragraph.trims[first], limit)
    if end >= paragraph.trims[first]:
        return _line(paragraph, start, paragraph.trims[first], breaks[first], strut)
    return _line(paragraph, start, end, end, strut)


def _emergency(paragraph: Paragraph, start: int, stop: int, limit: float) -> int:
    """Where to break a word that is too wide: at the last grapheme that fits, after the first one at least."""
    least = paragraph.grapheme_after(start)
    found = (
        bisect_right(paragraph.pre, paragraph.pre[start] + limit, lo=start, hi=min(stop, len(paragraph.text)) + 1) - 1
    )
    if paragraph.spaced:
        # One more may fit, for the spacing after the last one does not count.
        found = min(stop, paragraph.grapheme_after(found))
    end = max(least, paragraph.grapheme_at_or_before(found))
    while end > least and paragraph.width(start, end, end) > limit:
        end = max(least, paragraph.grapheme_at_or_before(end - 1))
    return end


def _line(paragraph: Paragraph, start: int, trim: int, end: int, strut: float) -> Line:
    trim = max(trim, start)
    tail = None
    width = paragraph.width(start, trim, end)
    if end < len(paragraph.text) and end > start and paragraph.text[end - 1] == SOFT_HYPHEN:
        tail = paragraph.tail("\u2010", end)
        width += tail.width
    return Line(
        paragraph, start, trim, end, width, end >= len(paragraph.text), _size(paragraph, start, end, strut), tail
    )


def _size(paragraph: Paragraph, start: int, end: int, strut: float) -> float:
    ranges = paragraph.ranges
    if len(ranges) == 1:
        return max(strut, ranges[0].style.size)
    return max(strut, *(each.style.size for each in ranges if each.start < end and each.end > start), 0.0)


def with_ellipsis(line: Line, width: float) -> Line:
    """The line, and what would have come after it, cut so that an ellipsis fits in (in logical order)."""
    paragraph, start = line.paragraph, line.start
    if not paragraph.text:
        return line
    level = int(paragraph.rtl)
    end = max(line.trim, start)
    if not line.last:
        # Behind the last word that fits there may be room for a part of the next one.
        reach = bisect_right(paragraph.pre, paragraph.pre[start] + width, lo=start) - 1
        end = max(end, paragraph.grapheme_at_or_before(reach))
    while True:
        trim = end
        while trim > start and paragraph.text[trim - 1] in HANGING:
            trim -= 1
        tail = paragraph.tail("\u2026", max(trim, start + 1), level)
        total = paragraph.width(start, trim, trim) + paragraph.tail_spacing(trim) + tail.width
        if trim <= start or total <= width + EPSILON * max(1.0, width):
            return Line(paragraph, start, trim, max(trim, start), total, True, line.size, tail)
        # Take off what is too much at once, then grapheme by grapheme.
        reach = bisect_right(paragraph.pre, paragraph.pre[trim] - (total - width), lo=start, hi=trim) - 1
        end = max(start, min(paragraph.grapheme_at_or_before(trim - 1), paragraph.grapheme_after(max(start, reach))))
