"""Numbers by unit and their style → a row of digits in boxes, with labels and separators, as large as fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tirage.engine.decoration import border, paint_for, shape_shadows
from tirage.engine.expressions import localised
from tirage.engine.label import Label, set_label
from tirage.engine.lowering import LowerContext
from tirage.engine.scene import Box, Node, Path, Solid
from tirage.engine.timing.remaining import UNITS, Part, Unit, unit_name
from tirage.engine.timing.style import PanelStyle
from tirage.engine.values.sides import corner_radii
from tirage.engine.values.transform import Rect

_TRIAL = 100.0
"""px; everything is measured at this size of digits once, and then made as large as fits."""
_PLURALS = (0, 1, 2, 3, 5, 11)
"""A number of each plural category that some language has (CLDR)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One unit with its text: the number, the label as it is now, and all that it may read while it counts."""

    part: Part
    label: str = ""
    may_read: tuple[str, ...] = ()


def cells_of(parts: Sequence[Part], style: PanelStyle, units: Sequence[Unit], locale: str) -> tuple[Cell, ...]:
    """The parts with their labels: the style's own in the order of `units`, or the locale's names of them."""
    if style.label_position == "none":
        return tuple(Cell(part) for part in parts)
    if style.labels:
        own = dict(zip((each for each in UNITS if each in units), style.labels, strict=False))
        return tuple(Cell(part, own.get(part.unit, ""), (own.get(part.unit, ""),)) for part in parts)

    def name(unit: Unit, value: int) -> str:
        written = unit_name(unit, value, style.label_width, locale)
        return written if style.label_case == "none" else localised.cased(written, style.label_case, locale)

    return tuple(
        # Wide enough for each form of the name, so that nothing moves while the number changes.
        Cell(part, name(part.unit, part.value), tuple(name(part.unit, value) for value in (part.value, *_PLURALS)))
        for part in parts
    )


class Panel:
    """A row of cells with digits of `size` px: measured when it is made, drawn by `draw`."""

    def __init__(
        self, ctx: LowerContext, cells: Sequence[Cell], style: PanelStyle, size: float, *, rtl: bool = False
    ) -> None:
        self._ctx, self._style, self._size, self._rtl = ctx, style, size, rtl
        self._digits, self._labels = style.digits(), style.labelling()
        self._numerals = localised.digits(ctx.locale) if style.numerals == "locale" else "0123456789"
        # The widest digit's place for each: nothing moves while the numbers change.
        self._digit = max(set_label(ctx, each, self._digits, size=size).width for each in self._numerals)
        tall = set_label(ctx, self._numerals, self._digits, size=size)
        self._ink = tall.ink or Rect(0, 0, 0, tall.height)
        self._label_size = max(1.0, style.label_size * size)
        self._label_height = set_label(ctx, "Xg", self._labels, size=self._label_size).height
        boxed = style.boxes != "none"
        self._pad_x = style.box_padding[0] * size * boxed
        self._pad_y = style.box_padding[1] * size * boxed
        self._between = style.gap * size / 3 if style.boxes == "digit" else 0.0
        """Between two boxes of one number."""
        self._separator = self._separator_label()
        self._cells = tuple((cell, self._width(cell)) for cell in cells)
        self._place_rows()

    def _place_rows(self) -> None:
        """Where box, digits and label begin, px from the top; and the size of all."""
        style, gaps = self._style, len(self._cells) - 1
        block = self._label_height + style.label_gap * self._size
        self._box_top = block if style.label_position == "above" else 0.0
        self._digits_top = self._box_top + self._pad_y
        inside = block if style.label_position == "inside" else 0.0
        self._box_height = self._ink.height + inside + 2 * self._pad_y
        end = self._box_top + self._box_height
        gap = style.label_gap * self._size
        self._label_top = {"above": 0.0, "inside": self._digits_top + self._ink.height + gap}.get(
            style.label_position, end + gap
        )
        self.height = end + (block if style.label_position == "below" else 0.0)
        wide = style.gap * self._size if self._separator is None else 2 * style.gap * self._size + self._separator.width
        self.width = sum(width for _, width in self._cells) + gaps * wide

    def draw(self, x: float, y: float) -> Iterator[Node]:
        """The row with its top left at (x, y), px; its largest unit on the right where it is read from there."""
        gap = self._style.gap * self._size
        for index, (cell, width) in enumerate(reversed(self._cells) if self._rtl else self._cells):
            if index and self._separator is not None:
                ink = self._separator.ink or Rect(0, 0, 0, self._separator.height)
                middle = y + self._digits_top + self._ink.height / 2
                yield self._separator.at(x + gap, middle - ink.y - ink.height / 2)
                x += self._separator.width + 2 * gap
            elif index:
                x += gap
            yield from self._cell(cell, x, y, width)
            x += width

    def _cell(self, cell: Cell, x: float, y: float, width: float) -> Iterator[Node]:
        style, unit = self._style, cell.part.unit
        text = str(cell.part.value).rjust(style.min_digits, "0")
        row = self._row(len(text))
        left = x + (width - row) / 2
        if style.label_position == "after":
            inset = self._pad_x if style.boxes == "unit" else 0.0
            left = x + width - inset - row if self._rtl else x + inset
        broad = self._digit + 2 * self._pad_x if style.boxes == "digit" else self._digit
        places = [left + index * (broad + self._between) for index in range(len(text))]
        if style.boxes != "none":
            boxes = [(x, width)] if style.boxes == "unit" else [(place, broad) for place in places]
            for start, wide in boxes:
                yield from self._box(Rect(start, y + self._box_top, wide, self._box_height), unit)
        for place, digit in zip(places, text, strict=True):
            written = set_label(
                self._ctx, self._numerals[int(digit)], self._digits, size=self._size, color=style.color_of(unit)
            )
            yield written.at(place + (broad - written.width) / 2, y + self._digits_top - self._ink.y)
        if style.boxes != "none" and style.split_color is not None:
            thick, middle = max(1.0, self._size * 0.03), y + self._digits_top + self._ink.height / 2
            for start, wide in boxes:
                yield Path(Box(Rect(start, middle - thick / 2, wide, thick)), fill=Solid(style.split_color))
        if cell.label:
            yield self._label(cell, x, y, width, left, row)

    def _label(self, cell: Cell, x: float, y: float, width: float, left: float, row: float) -> Node:
        color = self._style.label_color_of(cell.part.unit)
        label = set_label(self._ctx, cell.label, self._labels, size=self._label_size, color=color)
        if self._style.label_position != "after":
            return label.at(x + (width - label.width) / 2, y + self._label_top)
        gap = self._style.label_gap * self._size
        at = left - gap - label.width if self._rtl else left + row + gap
        return label.at(at, y + self._digits_top + self._ink.height - label.ascent)

    def _box(self, rect: Rect, unit: Unit) -> Iterator[Node]:
        style = self._style
        shape, fill = Box(rect, corner_radii(style.box_radius, rect)), style.fill_of(unit)
        if fill is not None:
            yield from shape_shadows(shape, style.box_shadow)
            yield Path(shape, fill=paint_for(fill, rect, self._ctx))
        edge = border(shape, style.box_border_width, style.box_border_color)
        if edge is not None:
            yield edge

    def _row(self, count: int) -> float:
        """The width of a number of so many digits, with the boxes around them."""
        if self._style.boxes == "digit":
            return count * (self._digit + 2 * self._pad_x) + (count - 1) * self._between
        return count * self._digit

    def _width(self, cell: Cell) -> float:
        style = self._style
        row = self._row(max(style.min_digits, len(str(cell.part.value))))
        inset = 2 * self._pad_x if style.boxes == "unit" else 0.0
        label = max(
            (
                set_label(self._ctx, each, self._labels, size=self._label_size).width
                for each in sorted({*cell.may_read} - {""})
            ),
            default=0.0,
        )
        if style.label_position == "after":
            return row + inset + (style.label_gap * self._size + label if label else 0.0)
        if style.label_position == "inside":
            return max(row, label) + inset
        return max(row + inset, label)

    def _separator_label(self) -> Label | None:
        style = self._style
        if not style.separator:
            return None
        color = style.separator_color or style.color
        return set_label(self._ctx, style.separator, self._digits, size=self._size, color=color)


def fitted(ctx: LowerContext, cells: Sequence[Cell], style: PanelStyle, room: Rect, *, rtl: bool = False) -> Panel:
    """The row with digits of the style's size, or as large as the room allows."""
    if style.font_size is not None:
        return Panel(ctx, cells, style, style.font_size, rtl=rtl)
    trial = Panel(ctx, cells, style, _TRIAL, rtl=rtl)
    share = min(room.width / max(1.0, trial.width), room.height / max(1.0, trial.height))
    return Panel(ctx, cells, style, max(1.0, _TRIAL * share), rtl=rtl)
