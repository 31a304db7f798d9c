"""A text between forced breaks → its shaped items with the px before every code point, and where lines may end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from tirage.engine.text.breaks import line_breaks
from tirage.engine.text.characters import CURSIVE, HANGING, SOFT_HYPHEN
from tirage.engine.text.itemise import Item, StyledRange
from tirage.engine.text.shape import Run, Shaper, prefix_sums


@dataclass(frozen=True, slots=True)
class Piece:
    """Glyphs of one item on one line. `factor` is px per font unit."""

    item: Item
    run: Run
    factor: float
    start: int
    """The paragraph's code point where the run's text begins."""

    @property
    def width(self) -> float:
        """The advance in px."""
        return sum(self.run.advances) * self.factor


@dataclass(slots=True)
class Paragraph:
    """A measured paragraph. All offsets are code points of `text`; all px are at the wished sizes.

    `offset` is where it begins in the whole text, `next` where the following one does. `breaks` are the places where a
    line may end, `trims` those places before the white space that hangs there, `widths` the px from the start of the
    paragraph to the trims (with the hyphen, where one would be shown).
    """

    text: str
    offset: int
    next: int
    rtl: bool
    language: str
    shaper: Shaper
    ranges: Sequence[StyledRange]
    items: Sequence[Item]
    graphemes: Sequence[int] | None
    missing: Sequence[str]
    runs: list[Run] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    pre: list[float] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    trims: list[int] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    spaced: bool = False
    _safe: dict[int, bool] = field(default_factory=lambda: {0: True}, repr=False)

    def factor(self, item: Item) -> float:
        """Px per font unit of an item."""
        return self.style_of(item).style.size / item.face.upem

    def style_of(self, item: Item) -> StyledRange:
        """The range of the item's style."""
        return self.ranges[item.style - self.ranges[0].index]

    def spacing(self, item: Item) -> float:
        """Letter spacing in font units."""
        style = self.style_of(item).style
        return style.letter_spacing * item.face.upem / style.size if style.letter_spacing else 0.0

    def measure(self, locale: str) -> None:
        """Shape all items and find the places where lines may end."""
        self.runs = [self.shape(item, item.start, item.end) for item in self.items]
        self.starts = [item.start for item in self.items]
        self.pre = prefix_sums([(run, self.factor(item)) for run, item in zip(self.runs, self.items, strict=True)])
        self.spaced = any(each.style.letter_spacing for each in self.ranges)
        self.breaks = line_breaks(self.text, locale)
        text, pre, last = self.text, self.pre, 0
        for place in self.breaks:
            trim = place
            while trim > last and text[trim - 1] in HANGING:
                trim -= 1
            width = pre[trim]
            if self.spaced:
                width -= self.tail_spacing(trim)
            if place < len(text) and text[place - 1] == SOFT_HYPHEN:
                width += self.tail("\u2010", place).width
            self.trims.append(trim)
            self.widths.append(width)
            last = place

    def tail_spacing(self, end: int) -> float:
        """The letter spacing in px after the cluster before `end`, which does not count at the end of a line."""
        if not self.spaced or end <= 0:
            return 0.0
        index = bisect_right(self.starts, end - 1) - 1
        item, run = self.items[index], self.runs[index]
        place = end - item.start - 1
        while place > 0 and not run.by_character[place]:
            place -= 1
        # Joined scripts are shaped without spacing; a cluster without a width has none either.
        spaced = item.script not in CURSIVE and run.by_character[place] > 0
        return self.style_of(item).style.letter_spacing if spaced else 0.0

    def shape(self, item: Item, start: int, end: int) -> Run:
        """Shape a part of an item by itself."""
        return self.shaper.shape(
            item.face,
            self.text,
            start,
            end,
            script=item.script,
            language=self.language,
            rtl=bool(item.level & 1),
            spacing=self.spacing(item),
        )

    def tail(self, text: str, end: int, level: int | None = None) -> Piece:
        """A hyphen or an ellipsis after the code point before `end`, in the style that stands there."""
        index = max(0, bisect_right(self.starts, end - 1) - 1)
        item = self.items[index]
        stack = self.style_of(item).stack
        face, found = stack.pick(text)
        if not found:
            text = {"\u2026": "...", "\u2010": "-"}.get(text, text)
            face, _ = stack.pick(text[0])
        item = Item(end, end, item.level if level is None else level, item.style, "Latn", face)
        # No letter spacing inside: it would stand on the right of the line's last glyph.
        run = self.shaper.shape(
            face, text, 0, len(text), script="Latn", language=self.language, rtl=bool(item.level & 1), spacing=0.0
        )
        return Piece(item, run, self.factor(item), end)

    def is_safe(self, place: int) -> bool:
        """Whether a line may be cut here without shaping its parts again."""
        safe = self._safe.get(place)
        if safe is None:
            if place <= 0 or place >= len(self.text):
                return True
            index = bisect_right(self.starts, place) - 1
            item = self.items[index]
            # Fitting asks for the same few places over and over.
            safe = self._safe[place] = item.start == place or self.runs[index].is_safe(place - item.start)
        return safe

    def pieces(self, start: int, trim: int, end: int) -> list[Piece]:
        """The glyphs of `start`…`trim` of a line that was cut at `start` and `end`, in logical order."""
        found: list[Piece] = []
        if trim <= start:
            return found
        index = bisect_right(self.starts, start) - 1
        while index < len(self.items) and self.items[index].start < trim:
            item, run = self.items[index], self.runs[index]
            low, high = max(item.start, start), min(item.end, end)
            first = item.start
            if not (self.is_safe(low) and self.is_safe(high)):
                # The cut changes the shapes: a joining form, a ligature, the kerning with what is now elsewhere.
                run, first = self.shape(item, low, high), low
            stop = min(high, trim)
            if (low, stop) != (first, first + len(run.text)):
                run = run.part(low - first, stop - first)
            found.append(Piece(item, run, self.factor(item), low))
            index += 1
        return found

    def width(self, start: int, trim: int, end: int) -> float:
        """The px of a line's glyphs without trailing letter spacing, shaped as they will be drawn."""
        if self.is_safe(start) and self.is_safe(end):
            total = self.pre[trim] - self.pre[start]
        else:
            total = sum(piece.width for piece in self.pieces(start, trim, end))
        return total - self.tail_spacing(trim) if self.spaced and trim > start else total

    @property
    def widest(self) -> float:
        """The px of the widest stretch that may not be broken."""
        starts = (0, *self.breaks)  # the end of the text, too, begins nothing
        return max((width - self.pre[start] for start, width in zip(starts, self.widths, strict=False)), default=0.0)

    def grapheme_at_or_before(self, place: int) -> int:
        """The last grapheme boundary up to a place."""
        if self.graphemes is None:
            return place
        return self.graphemes[bisect_right(self.graphemes, place) - 1]

    def grapheme_after(self, place: int) -> int:
        """The first grapheme boundary after a place."""
        if self.graphemes is None:
            return min(place + 1, len(self.text))
        return self.graphemes[min(bisect_right(self.graphemes, place), len(self.graphemes) - 1)]
