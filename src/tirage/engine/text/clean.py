"""Spans as written → one normalised text within the limits, with the style of every stretch."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import icu

from tirage.engine.lowering import TextSpan, TextStyle
from tirage.engine.text.breaks import grapheme_boundaries
from tirage.engine.text.characters import SIMPLE

MAX_CLUSTER = 32
MAX_GRAPHEMES = 10_000
MAX_CODE_POINTS = 30_000  # of the whole text: marks on every letter cost as much as letters

_LOOKED_AT = MAX_GRAPHEMES * 12
_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_NEW_LINES = re.compile("\r\n?|\x85")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SIMPLE_LINES = re.compile(SIMPLE.pattern[:-2] + "\n]*")


@dataclass(frozen=True, slots=True)
class CleanText:
    """The text that is set. `starts` are the code points where a style begins, with the length at the end;
    `graphemes` the cluster boundaries, or None where every code point is a cluster of its own."""

    text: str
    styles: tuple[TextStyle, ...]
    starts: tuple[int, ...]
    graphemes: tuple[int, ...] | None
    warnings: tuple[tuple[str, str], ...]


def clean(spans: Iterable[TextSpan]) -> CleanText:
    """Normalise to NFC, unify new lines, drop control characters, cut what is beyond the limits."""
    parts: list[str] = []
    styles: list[TextStyle] = []
    starts = [0]
    clusters_cut = 0
    simple = True
    left = MAX_GRAPHEMES
    too_long = False
    for span in spans:
        text = span.text
        if len(text) > _LOOKED_AT:
            # Cutting clusters may still make it short enough, but not from any length: the rest gets no further look.
            text, too_long = text[:_LOOKED_AT], True
        if _SIMPLE_LINES.fullmatch(text):
            kept = text[: min(left, MAX_CODE_POINTS - starts[-1])]
            left -= len(kept)
            too_long |= len(kept) < len(text)
        else:
            simple = False
            text, cut = _clamped(_normalised(text))
            boundaries = grapheme_boundaries(text)
            room = max(0, bisect_right(boundaries, MAX_CODE_POINTS - starts[-1]) - 1)
            count = min(len(boundaries) - 1, left, room)
            kept = text[: boundaries[count]]
            too_long |= len(kept) < len(text)
            left -= count
            clusters_cut += cut
        if kept:
            parts.append(kept)
            styles.append(span.style)
            starts.append(starts[-1] + len(kept))
    text = "".join(parts)
    warnings: list[tuple[str, str]] = []
    if clusters_cut:
        warnings.append(
            ("text_cluster_cut", f"{clusters_cut} characters carry more than {MAX_CLUSTER} code points; they were cut.")
        )
    if too_long:
        limits = f"{MAX_GRAPHEMES} characters or {MAX_CODE_POINTS} code points"
        warnings.append(("text_too_long", f"The text has more than {limits}; the rest was left out."))
    graphemes = None if simple else tuple(grapheme_boundaries(text))
    return CleanText(text, tuple(styles), tuple(starts), graphemes, tuple(warnings))


def _normalised(text: str) -> str:
    text = _NEW_LINES.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", _DROPPED.sub("", text))
    # Before normalisation, whose canonical ordering is quadratic in the length of a run of marks.
    return unicodedata.normalize("NFC", _marks().sub(_first_marks, text))


def _first_marks(match: re.Match[str]) -> str:
    # One more than the limit stays, so that the cluster is seen to be too long and counted.
    return match[0][: MAX_CLUSTER + 1]


@lru_cache(maxsize=1)
def _marks() -> re.Pattern[str]:
    """Runs of characters that extend a cluster (UAX 29, GB9 and GB9a), longer than a cluster may be."""
    extending = icu.UnicodeSet(r"[[:Grapheme_Cluster_Break=Extend:][:Grapheme_Cluster_Break=SpacingMark:]\u200d]")
    ranges = "".join(
        f"{re.escape(chr(_code(extending.getRangeStart(index))))}-{re.escape(chr(_code(extending.getRangeEnd(index))))}"
        for index in range(extending.getRangeCount())
    )
    return re.compile(f"[{ranges}]{{{MAX_CLUSTER + 2},}}")


def _code(value: str | int) -> int:
    return value if isinstance(value, int) else ord(value)


def _clamped(text: str) -> tuple[str, int]:
    """The text with clusters cut to the limit, and how many were cut."""
    boundaries = grapheme_boundaries(text)
    if not _any_long(boundaries):
        return text, 0
    parts: list[str] = []
    cut = 0
    for start, end in pairwise(boundaries):
        cut += end - start > MAX_CLUSTER
        parts.append(text[start : min(end, start + MAX_CLUSTER)])
    return "".join(parts), cut


def _any_long(boundaries: Sequence[int]) -> bool:
    return any(end - start > MAX_CLUSTER for start, end in pairwise(boundaries))
