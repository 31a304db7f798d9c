"""Lines → glyph runs at exact positions, with backgrounds, underlines and strikes (UAX 9 L2, CSS Text 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, repeat

from tirage.engine.lowering import TextSpec, TextStyle
from tirage.engine.report import LineReport
from tirage.engine.scene import Box, Glyphs, Paint, Path
from tirage.engine.text.characters import WORD_SPACES
from tirage.engine.text.fonts import Face, FontStack
from tirage.engine.text.lines import Line
from tirage.engine.text.paragraph import Piece
from tirage.engine.values.transform import Rect


@dataclass(slots=True)
class Placed:
    """What is drawn, in px of the spec's box; `bounds` is the ink as left, top, right, bottom."""

    glyphs: list[Glyphs] = field(default_factory=list)
    under: list[Path] = field(default_factory=list)
    over: list[Path] = field(default_factory=list)
    lines: list[LineReport] = field(default_factory=list)
    faces: dict[str, Face] = field(default_factory=dict)
    bounds: list[float] = field(default_factory=list)

    def add_ink(self, left: float, top: float, right: float, bottom: float) -> None:
        """Widen the bounds by a rectangle."""
        if self.bounds:
            known = self.bounds
            self.bounds = [min(known[0], left), min(known[1], top), max(known[2], right), max(known[3], bottom)]
        else:
            self.bounds = [left, top, right, bottom]

    @property
    def ink(self) -> Rect | None:
        """The bounds as a rectangle."""
        if not self.bounds:
            return None
        left, top, right, bottom = self.bounds
        return Rect(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a style reaches on a line, for its background and lines."""

    style: TextStyle
    face: Face
    index: int
    left: float
    right: float


def place(lines: Sequence[Line], spec: TextSpec, strut: Face, scale: float, top: float) -> Placed:
    """Put lines into the box, the first one's line box at `top` px; `scale` multiplies all lengths of the lines."""
    placed = Placed()
    # The strut font alone places the baseline, so that a fallback font never moves a line (CSS 2.2, 10.8).
    ascent, descent = strut.ascent / strut.upem, strut.descent / strut.upem
    half_leading = (spec.line_height - ascent - descent) / 2
    y = top
    for line in lines:
        size = line.size * scale
        baseline = y + (half_leading + ascent) * size
        _place_line(placed, line, spec, scale, baseline)
        y += spec.line_height * size
    return placed


def _place_line(placed: Placed, line: Line, spec: TextSpec, scale: float, baseline: float) -> None:
    paragraph = line.paragraph
    width = line.width * scale
    align = spec.align
    if align in ("start", "justify"):
        align = "right" if paragraph.rtl else "left"
    elif align == "end":
        align = "left" if paragraph.rtl else "right"
    room = spec.width - width
    if room < 0:
        # What is too wide stands out at the line's end, whatever the alignment (CSS Text 3, 7.1).
        align = "right" if paragraph.rtl else "left"
    x = {"left": 0.0, "center": room / 2, "right": room}[align]
    pieces = visual_order(line.pieces)
    stretch = 0.0
    if spec.align == "justify" and not line.last and room > 0:
        spaces = sum(_spaces(piece) for piece in pieces)
        if spaces:
            stretch = room / spaces
            x, width = 0.0, spec.width
    offset = paragraph.offset
    end = paragraph.next if line.end >= len(paragraph.text) else offset + line.end
    placed.lines.append(LineReport(offset + line.start, end, x, baseline, width))
    extents: list[_Extent] = []
    right = x + width
    for piece in pieces:
        ranged = paragraph.style_of(piece.item)
        start, x = x, _place_piece(placed, piece, ranged.style, scale, x, baseline, stretch, ranged.stack)
        style = ranged.style
        if style.background is not None or style.underline or style.strike:
            extents.append(_Extent(style, ranged.stack.primary, piece.item.style, start, min(x, right)))
    if extents:
        _decorate(placed, extents, scale, baseline)


def _spaces(piece: Piece) -> int:
    return sum(each in WORD_SPACES for each in piece.run.text)


def visual_order(pieces: list[Piece]) -> list[Piece]:
    """Reverse, from the highest level down, every stretch of pieces at that level or above (UAX 9, L2)."""
    levels = {piece.item.level for piece in pieces}
    if len(levels) <= 1 and not any(level & 1 for level in levels):
        return pieces
    order = list(pieces)
    for level in range(max(levels), min(each | 1 for each in levels) - 1, -1):
        start = 0
        while start < len(order):
            if order[start].item.level < level:
                start += 1
                continue
            end = start
            while end < len(order) and order[end].item.level >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end
    return order


def _place_piece(
    placed: Placed,
    piece: Piece,
    style: TextStyle,
    scale: float,
    x: float,
    baseline: float,
    stretch: float,
    stack: FontStack,
) -> float:
    """Add the glyphs of a piece at `x`; gives the x behind it."""
    run, face, factor = piece.run, piece.item.face, piece.factor * scale
    if not run.glyphs:
        return x
    advances: Sequence[float] = [advance * factor for advance in run.advances]
    if stretch:
        advances = _stretched(piece, advances, stretch)
    places = list(accumulate(advances, initial=x))
    behind = places.pop()
    if run.offsets is None:
        positions = tuple(zip(places, repeat(baseline)))
    else:
        positions = tuple(
            (place + dx * factor, baseline - dy * factor) for place, (dx, dy) in zip(places, run.offsets, strict=True)
        )
    skew, embolden = stack.skew(face), stack.embolden(face)
    placed.glyphs.append(
        Glyphs(
            face.typeface,
            style.size * scale,
            tuple(run.glyphs),
            positions,
            style.paint,
            run.text,
            tuple(run.clusters),
            skew=skew,
            embolden=embolden,
        )
    )
    placed.faces.setdefault(face.typeface.key, face)
    _add_ink(placed, piece, positions, factor, skew, style.size * scale / 32 if embolden else 0.0)
    return behind


def _stretched(piece: Piece, advances: Sequence[float], stretch: float) -> list[float]:
    found = list(advances)
    text, clusters = piece.run.text, piece.run.clusters
    for index, cluster in enumerate(clusters):
        if text[cluster] in WORD_SPACES:
            found[index] += stretch
    return found


def _add_ink(
    placed: Placed,
    piece: Piece,
    positions: tuple[tuple[float, float], ...],
    factor: float,
    skew: float,
    outset: float,
) -> None:
    """Widen the ink by a piece. Without offsets only the outer glyphs can reach beyond it sideways."""
    glyphs, extents = piece.run.glyphs, piece.item.face.extents
    baseline = positions[0][1]
    boxes = {glyph: extents(glyph) for glyph in set(glyphs)}
    inked = [box for box in boxes.values() if box[0] < box[2]]
    if not inked:
        return
    if piece.run.offsets is None:
        bottom, top = min(box[1] for box in inked) * factor, max(box[3] for box in inked) * factor
        count = len(glyphs)
        outer = range(count) if count <= 6 else (0, 1, 2, count - 3, count - 2, count - 1)
        # A space at the edge has no ink, so the next one may be the outermost.
        reach = [
            (positions[at][0] + box[0] * factor, positions[at][0] + box[2] * factor)
            for at in outer
            if (box := boxes[glyphs[at]])[0] < box[2]
        ]
        if reach:
            left, right = min(each[0] for each in reach), max(each[1] for each in reach)
        else:
            left, right = positions[0][0], positions[-1][0]
        low, high = baseline - bottom, baseline - top
    else:
        left = right = positions[0][0]
        low = high = baseline
        for glyph, (px, py) in zip(glyphs, positions, strict=True):
            box = boxes[glyph]
            if box[0] < box[2]:
                left, right = min(left, px + box[0] * factor), max(right, px + box[2] * factor)
                high, low = min(high, py - box[3] * factor), max(low, py - box[1] * factor)
    if skew:
        left, right = left - max(0.0, low - baseline) * skew, right + max(0.0, baseline - high) * skew
    placed.add_ink(left - outset, high - outset, right + outset, low + outset)


def _decorate(placed: Placed, extents: Sequence[_Extent], scale: float, baseline: float) -> None:
    """Backgrounds and lines, one for each unbroken stretch of a style, by the metrics of its first font."""
    merged: list[_Extent] = []
    for each in extents:
        if merged and merged[-1].index == each.index and abs(merged[-1].right - each.left) < 0.01:
            each = _Extent(each.style, each.face, each.index, merged.pop().left, each.right)
        merged.append(each)
    lines: list[Path] = []
    for each in merged:
        factor = each.style.size * scale / each.face.upem
        if each.style.background is not None:
            top = baseline - each.face.ascent * factor
            height = (each.face.ascent + each.face.descent) * factor
            placed.under.append(_bar(placed, each, top, height, each.style.background))
        if each.style.underline:
            offset, thickness = each.face.underline
            lines.append(_bar(placed, each, baseline - offset * factor, thickness * factor, each.style.paint))
        if each.style.strike:
            offset, thickness = each.face.strike
            placed.over.append(_bar(placed, each, baseline - offset * factor, thickness * factor, each.style.paint))
    placed.under += lines


def _bar(placed: Placed, extent: _Extent, top: float, height: float, paint: Paint) -> Path:
    height = max(height, 0.01)
    placed.add_ink(extent.left, top, extent.right, top + height)
    return Path(Box(Rect(extent.left, top, max(extent.right - extent.left, 0.0), height)), fill=paint)
