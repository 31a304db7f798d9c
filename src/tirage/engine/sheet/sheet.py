"""A grid of cells and its style → rows and columns with sizes, set as far as they are asked for, and painted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.engine.label import Label, set_label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Box, Node, Path, Solid
from tirage.engine.sheet.columns import Column, Grid
from tirage.engine.sheet.data import Cell
from tirage.engine.sheet.style import SheetStyle
from tirage.engine.sheet.widths import Asked, widths_of
from tirage.engine.values.color import Color
from tirage.engine.values.transform import Rect

MEASURED = 200
"""Rows whose cells decide how broad columns by content are: the same for a table and those that continue it."""
_LONGEST_WORDS = 4
"""Words of a column, the longest by characters, of which the broadest is looked for."""
_WORD = re.compile(r"\S+")
_HEADER = -1

Part = Literal["header", "body", "footer"]


@dataclass(frozen=True, slots=True)
class _Set:
    """A cell that is set: where its box is within the row, its text, and its own background."""

    x: float
    width: float
    label: Label
    background: Color | None


@dataclass(frozen=True, slots=True)
class _SetRow:
    cells: tuple[_Set, ...]
    height: float
    part: Part


class Sheet:
    """A table of `width` px; `zoom` makes texts and padding smaller. Rows are set when they are first asked for."""

    def __init__(
        self, ctx: LowerContext, grid: Grid, style: SheetStyle, width: float, *, zoom: float = 1.0, rtl: bool = False
    ) -> None:
        self._ctx, self._style, self._rtl = ctx, style, rtl
        self.grid, self.width = grid, width
        self._size = style.font_size * zoom
        # Percentages of padding are of the width on all sides, as in CSS (Box Model 3, 4.1).
        self._pads = tuple(side.resolve(width) * zoom for side in style.cell_padding)
        self._least_height = style.min_row_height * zoom
        self._rows: dict[int, _SetRow] = {}
        self._styles = {weight: style.texts(weight) for weight in self._weights()}
        self._widths = self._column_widths()
        self._edges = [sum(self._widths[:place]) for place in range(len(self._widths) + 1)]

    @property
    def header_height(self) -> float:
        """px, 0 where there is none."""
        return self._row(_HEADER).height if self.grid.header else 0.0

    def fitting(self, start: int, height: float) -> int:
        """The row after the last one that fits below the header, of those from `start` on."""
        used, end = self.header_height, start
        while end < len(self.grid.rows) and (used := used + self._row(end).height) <= height + 0.01:
            end += 1
        return end

    def height(self, start: int, end: int) -> float:
        """Of the header and the rows from `start` to before `end`, px."""
        return self.header_height + sum(self._row(place).height for place in range(start, end))

    def draw(self, start: int, end: int) -> Iterator[Node]:
        """Header and rows from the top left: backgrounds, then rules, then texts."""
        places = [*((_HEADER,) if self.grid.header else ()), *range(start, end)]
        rows = [self._row(place) for place in places]
        tops = [sum(row.height for row in rows[:index]) for index in range(len(rows) + 1)]
        for place, row, top in zip(places, rows, tops, strict=False):
            yield from self._grounds(place, row, top)
        yield from self._rules(rows, tops)
        for row, top in zip(rows, tops, strict=False):
            for cell in row.cells:
                yield cell.label.at(cell.x + self._pads[3], top + self._text_top(row, cell.label))

    def _text_top(self, row: _SetRow, label: Label) -> float:
        top, _, bottom, _ = self._pads
        spare = row.height - top - bottom - label.height
        return top + spare * {"top": 0.0, "middle": 0.5, "bottom": 1.0}[self._style.vertical_align]

    def _grounds(self, place: int, row: _SetRow, top: float) -> Iterator[Node]:
        style = self._style
        ground = {"header": style.header_background, "footer": style.footer_background, "body": None}[row.part]
        # By the row's number in the whole table, so that stripes go on over pages.
        if ground is None and row.part == "body" and place % 2:
            ground = style.zebra_color
        if ground is not None:
            yield _filled(Rect(0, top, self.width, row.height), ground)
        for cell in row.cells:
            if cell.background is not None and row.part != "header":
                yield _filled(Rect(cell.x, top, cell.width, row.height), cell.background)

    def _rules(self, rows: Sequence[_SetRow], tops: Sequence[float]) -> Iterator[Node]:
        style = self._style
        for index in range(1, len(rows)):
            parted = rows[index - 1].part != rows[index].part
            if style.rules == "none" or not (parted or style.rules in ("rows", "all")):
                continue
            own = style.header_rule_width if parted and style.header_rule_width is not None else style.rule_width
            color = (style.header_rule_color if parted else None) or style.rule_color
            if own:
                yield _filled(Rect(0, tops[index] - own / 2, self.width, own), color)
        if style.rules in ("columns", "all") and style.rule_width:
            for row, top in zip(rows, tops, strict=False):
                for x in sorted(cell.x for cell in row.cells)[1:]:
                    yield _filled(Rect(x - style.rule_width / 2, top, style.rule_width, row.height), style.rule_color)

    def _row(self, place: int) -> _SetRow:
        if place not in self._rows:
            self._rows[place] = self._set_row(place)
        return self._rows[place]

    def _part(self, place: int) -> Part:
        if place == _HEADER:
            return "header"
        return "footer" if place >= len(self.grid.rows) - self._style.footer_rows else "body"

    def _set_row(self, place: int) -> _SetRow:
        part = self._part(place)
        cells = self.grid.header if place == _HEADER else self.grid.rows[place]
        made: list[_Set] = []
        column = 0
        for cell in cells:
            if column >= len(self._widths):
                break
            after = min(column + cell.span, len(self._widths))
            made.append(self._set_cell(cell, column, after, part))
            column = after
        top, _, bottom, _ = self._pads
        height = max([self._least_height, *(each.label.height + top + bottom for each in made)])
        return _SetRow(tuple(made), height, part)

    def _set_cell(self, cell: Cell, column: int, after: int, part: Part) -> _Set:
        start, end = self._edges[column], self._edges[after]
        x = self.width - end if self._rtl else start
        about = self.grid.columns[column]
        align = self._alignment(cell, column)
        label = set_label(
            self._ctx,
            self._text(cell, about),
            self._styles[self._weight(cell, about, part)],
            size=self._size,
            color=self._color(cell, about, part),
            width=max(1.0, end - start - self._pads[1] - self._pads[3]),
            max_lines=self._style.max_lines,
            align=align,
            line_height=self._style.line_height,
        )
        ground = cell.background_color or (about.background_color if part == "body" else None)
        return _Set(x, end - start, label, ground)

    def _text(self, cell: Cell, about: Column) -> str:
        return about.written(cell.text, self._ctx.locale)

    def _alignment(self, cell: Cell, column: int) -> Literal["left", "center", "right"]:
        align = cell.align or self.grid.columns[column].align
        if align == "auto":
            number = isinstance(cell.text, int | float) and not isinstance(cell.text, bool)
            align = "end" if number or self.grid.numeric[column] else "start"
        if align == "start":
            return "right" if self._rtl else "left"
        if align == "end":
            return "left" if self._rtl else "right"
        return align

    def _weight(self, cell: Cell, about: Column, part: Part) -> int:
        style = self._style
        own = {"header": style.header_weight, "footer": style.footer_weight}.get(part)
        return cell.font_weight or own or about.font_weight or style.font_weight

    def _color(self, cell: Cell, about: Column, part: Part) -> Color:
        style = self._style
        if part == "header":
            return cell.color or style.header_color or style.color
        return cell.color or (style.footer_color if part == "footer" else None) or about.color or style.color

    def _weights(self) -> set[int]:
        style, grid = self._style, self.grid
        return {
            style.font_weight,
            style.header_weight,
            style.footer_weight,
            *(column.font_weight or style.font_weight for column in grid.columns),
            *(cell.font_weight or style.font_weight for row in (grid.header, *grid.rows) for cell in row),
        }

    def _column_widths(self) -> tuple[float, ...]:
        tracks = [column.width for column in self.grid.columns]
        return widths_of(tracks, [self._asked(place) for place in range(len(tracks))], self.width)

    def _asked(self, place: int) -> Asked:
        """What the cells of a column ask for, of those that take no other column as well."""
        about = self.grid.columns[place]
        if about.width.kind not in ("auto", "fr"):
            return Asked(0.0, 0.0)
        pads = self._pads[1] + self._pads[3]
        best = least = 0.0
        words: dict[str, int] = {}
        for number, row in [(_HEADER, self.grid.header), *self._measured_rows()]:
            cell = _alone(row, place)
            if cell is None:
                continue
            text, weight = self._text(cell, about), self._weight(cell, about, self._part(number))
            if about.width.kind == "auto":
                best = max([best, *(self._measured(line, weight) for line in text.splitlines())])
            words.update(dict.fromkeys(_WORD.findall(text), weight))
        for word in sorted(words, key=len, reverse=True)[:_LONGEST_WORDS]:
            least = max(least, self._measured(word, words[word]))
        return Asked(least + pads, max(best, least) + pads)

    def _measured_rows(self) -> list[tuple[int, tuple[Cell, ...]]]:
        """The first rows, and the footer, whose sums are often the broadest."""
        numbered = list(enumerate(self.grid.rows))
        footer = numbered[max(MEASURED, len(numbered) - self._style.footer_rows) :] if self._style.footer_rows else []
        return [*numbered[:MEASURED], *footer]

    def _measured(self, text: str, weight: int) -> float:
        # A hair more, or the text would break at the width that was measured.
        return set_label(self._ctx, text, self._styles[weight], size=self._size).width + 0.1


def _alone(row: Sequence[Cell], place: int) -> Cell | None:
    """The cell of a column, where it takes no other one as well."""
    column = 0
    for cell in row:
        if column == place:
            return cell if cell.span == 1 else None
        column += cell.span
    return None


def _filled(rect: Rect, color: Color) -> Node:
    return Path(Box(rect), fill=Solid(color))
