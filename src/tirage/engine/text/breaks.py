"""Text → where lines may break (UAX 14, by locale) and where graphemes end (UAX 29), in code points."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import Any

import icu


@lru_cache(maxsize=64)
def _line_iterator(locale: str) -> Any:
    return icu.BreakIterator.createLineInstance(icu.Locale(locale.replace("-", "_")))


@lru_cache(maxsize=1)
def _grapheme_iterator() -> Any:
    return icu.BreakIterator.createCharacterInstance(icu.Locale.getRoot())


def line_breaks(text: str, locale: str) -> list[int]:
    """The offsets at which a line may end, the end of the text last. Thai and CJK use ICU's dictionaries."""
    return _offsets(text, _line_iterator(locale))


def grapheme_boundaries(text: str) -> list[int]:
    """0, then the end of every extended grapheme cluster."""
    return [0, *_offsets(text, _grapheme_iterator())]


def _offsets(text: str, iterator: Any) -> list[int]:
    if not text:
        return []
    units = icu.UnicodeString(text)  # the iterator reads it, so it lives as long as this call
    iterator.setText(units)
    found = list(iterator)
    if len(units) == len(text):
        return found
    places = utf16_to_code_points(text)
    return [places[offset] for offset in found]


def utf16_to_code_points(text: str) -> list[int]:
    """For each UTF-16 offset, the offset in code points (of the following one inside a surrogate pair)."""
    return list(accumulate((step for each in text for step in ((1, 0) if each > "\uffff" else (1,))), initial=0))
