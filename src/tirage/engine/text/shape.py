"""A stretch of text in one face, script and direction → glyphs with advances and offsets in font units, cached."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import neg
from typing import Any

import uharfbuzz as hb

from tirage.engine.text.characters import CURSIVE
from tirage.engine.text.fonts import Face

TAB_SPACES = 8
_MAX_CACHED_GLYPHS = 150_000
_CONTEXT = 8  # code points on either side that can change a joining form or a cluster
_NO_LIGATURES = {"liga": False, "clig": False}


@dataclass(slots=True)
class Run:
    """Shaped glyphs in visual order, left to right.

    `clusters` are code points of the run's text, rising (falling where `rtl`); `advances` and `offsets` are in font
    units, y upwards; `offsets` is None where all are zero. `infos` are HarfBuzz' records, None where they say nothing.
    """

    text: str
    rtl: bool
    glyphs: Sequence[int]
    clusters: Sequence[int]
    advances: Sequence[float]
    offsets: Sequence[tuple[float, float]] | None
    infos: Sequence[Any] | None
    by_character: Sequence[float]
    """The advance of each code point; a cluster's is that of its first one."""

    def is_safe(self, place: int) -> bool:
        """Whether the run may be cut before a code point without shaping the parts again."""
        index = self._first_glyph(place)
        if index is None:
            return False
        return self.infos is None or not int(self.infos[index].flags) & 1  # HB_GLYPH_FLAG_UNSAFE_TO_BREAK

    def _first_glyph(self, place: int) -> int | None:
        clusters = self.clusters
        index = bisect_left(clusters, -place, key=neg) if self.rtl else bisect_left(clusters, place)
        return index if index < len(clusters) and clusters[index] == place else None

    def part(self, start: int, end: int) -> Run:
        """The glyphs of the clusters that begin in `start`…`end` (code points of the run)."""
        if self.rtl:
            low, high = bisect_left(self.clusters, 1 - end, key=neg), bisect_left(self.clusters, 1 - start, key=neg)
        else:
            low, high = bisect_left(self.clusters, start), bisect_left(self.clusters, end)
        return Run(
            self.text[start:end],
            self.rtl,
            self.glyphs[low:high],
            [cluster - start for cluster in self.clusters[low:high]],
            self.advances[low:high],
            self.offsets[low:high] if self.offsets is not None else None,
            self.infos[low:high] if self.infos is not None else None,
            self.by_character[start:end],
        )


class Shaper:
    """HarfBuzz with a cache of runs, bounded by their glyphs; the least recently used go first."""

    def __init__(self) -> None:
        self._buffer = hb.Buffer()
        self._runs: OrderedDict[tuple[object, ...], Run] = OrderedDict()
        self._glyphs = 0

    def shape(
        self, face: Face, text: str, start: int, end: int, *, script: str, language: str, rtl: bool, spacing: float
    ) -> Run:
        """Shape `text[start:end]`, seeing its neighbours. `spacing` is the letter spacing in font units."""
        word = text[start:end]
        before = after = ""
        if script != "Latn":
            before, after = text[max(0, start - _CONTEXT) : start], text[end : end + _CONTEXT]
        if script in CURSIVE:
            spacing = 0.0
        key = (face.typeface.key, word, before, after, script, language, rtl, spacing)
        run = self._runs.get(key)
        if run is not None:
            self._runs.move_to_end(key)
            return run
        run = (
            self._tab(face, word)
            if word[0] == "\t"
            else self._shape(face, before, word, after, script, language, rtl, spacing)
        )
        self._runs[key] = run
        self._glyphs += len(run.glyphs) + 8
        while self._glyphs > _MAX_CACHED_GLYPHS:
            _, old = self._runs.popitem(last=False)
            self._glyphs -= len(old.glyphs) + 8
        return run

    def _shape(
        self, face: Face, before: str, word: str, after: str, script: str, language: str, rtl: bool, spacing: float
    ) -> Run:
        buffer = self._buffer
        buffer.reset()
        if before or after:
            buffer.add_str(before + word + after, len(before), len(word))
        else:
            buffer.add_str(word)
        buffer.direction = "rtl" if rtl else "ltr"
        buffer.script = script
        buffer.language = language
        hb.shape(face.font, buffer, _NO_LIGATURES if spacing else None)
        infos = buffer.glyph_infos
        positions = [each.position for each in buffer.glyph_positions]
        skip = len(before)
        glyphs = [each.codepoint for each in infos]
        clusters = [each.cluster - skip for each in infos] if skip else [each.cluster for each in infos]
        advances: list[float] = [each[2] for each in positions]
        offsets = None
        if any(each[0] or each[1] for each in positions):
            offsets = [(each[0], each[1]) for each in positions]
        if spacing:
            _space(clusters, advances, spacing)
        return Run(word, rtl, glyphs, clusters, advances, offsets, infos, _by_character(len(word), clusters, advances))

    def _tab(self, face: Face, word: str) -> Run:
        space = face.font.get_nominal_glyph(0x20) or 0
        advance = float(face.font.get_glyph_h_advance(space)) * TAB_SPACES
        count = len(word)
        return Run(word, False, [space] * count, range(count), [advance] * count, None, None, [advance] * count)


def _by_character(length: int, clusters: list[int], advances: list[float]) -> list[float]:
    if len(clusters) == length and clusters == list(range(length)):
        return advances
    found = [0.0] * length
    for cluster, advance in zip(clusters, advances, strict=True):
        found[cluster] += advance
    return found


def _space(clusters: list[int], advances: list[float], spacing: float) -> None:
    """Add the letter spacing on the right of every cluster that has a width."""
    last = len(clusters) - 1
    width = 0.0
    for index, cluster in enumerate(clusters):
        width += advances[index]
        if index == last or clusters[index + 1] != cluster:
            if width > 0:
                advances[index] += spacing
            width = 0.0


def prefix_sums(runs: Sequence[tuple[Run, float]]) -> list[float]:
    """The px before each code point of consecutive runs in logical order, and the total last; each with px per unit."""
    sums = [0.0]
    for run, factor in runs:
        base = sums.pop()
        sums.extend(accumulate((advance * factor for advance in run.by_character), initial=base))
    return sums
