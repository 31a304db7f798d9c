"""A paragraph → items: stretches of one style, bidi level, script and face (UAX 9, UAX 24, fallback by cluster)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import icu

from tirage.engine.lowering import TextStyle
from tirage.engine.text.breaks import utf16_to_code_points
from tirage.engine.text.characters import COMMON, RIGHT_TO_LEFT, SIMPLE, facts
from tirage.engine.text.fonts import Face, FontStack

Direction = Literal["auto", "ltr", "rtl"]
_Key = tuple[int, int, str, Face]  # level, style, script, face
_RTL_LANGUAGES = frozenset({"ar", "he", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb", "syr"})


@dataclass(frozen=True, slots=True)
class Item:
    """Code points `start`…`end` of a paragraph that are shaped together. `style` counts the text's spans."""

    start: int
    end: int
    level: int
    style: int
    script: str
    face: Face


@dataclass(frozen=True, slots=True)
class StyledRange:
    """Code points `start`…`end` of a paragraph in one style, and the faces that serve it."""

    start: int
    end: int
    index: int
    style: TextStyle
    stack: FontStack


def base_is_rtl(text: str, direction: Direction, before: bool | None, locale: str) -> bool:
    """A paragraph's direction: as said, else by its first strong character (UAX 9, P2), else as the one before it,
    else as the locale writes."""
    if direction != "auto":
        return direction == "rtl"
    if RIGHT_TO_LEFT.search(text):
        strong = icu.Bidi.getBaseDirection(text)
        if strong in (0, 1):
            return bool(strong == 1)
    elif any(each.isalpha() for each in text):
        return False
    return before if before is not None else locale.split("-")[0].lower() in _RTL_LANGUAGES


def itemise(
    text: str, ranges: Sequence[StyledRange], rtl: bool, graphemes: Sequence[int] | None
) -> tuple[list[Item], list[str]]:
    """The items of a paragraph in logical order, and the clusters that no font has."""
    if graphemes is None and not rtl:
        simple = _simple_items(text, ranges)
        if simple is not None:
            return simple, []
    if graphemes is None:
        graphemes = range(len(text) + 1)
    levels = bidi_levels(text, rtl)
    scripts = resolve_scripts(text)
    base = int(rtl)
    items: list[Item] = []
    missing: list[str] = []
    bounds = iter(ranges)
    styled = next(bounds)
    start = 0
    open_item: _Key | None = None
    key: _Key
    for begin, end in pairwise(graphemes):
        while begin >= styled.end:
            styled = next(bounds)
        cluster = text[begin:end]
        level = levels[begin] if levels is not None else 0
        if cluster == "\t":
            # A segment separator goes back to the paragraph's level (UAX 9, L1), and has a width of its own.
            key = (base, styled.index, "\t", styled.stack.primary)
        elif len(cluster) == 1 and facts(cluster).ignorable:
            # A space goes with the word before it, so that a phrase in another script stays one run; but not with
            # an emoji: colour fonts have spaces as wide as their pictures.
            face = styled.stack.primary
            if open_item is not None and open_item[1:3] == (styled.index, scripts[begin]):
                face = face if open_item[3].info.color else open_item[3]
            key = (level, styled.index, scripts[begin], face)
        else:
            face, found = styled.stack.pick(cluster)
            if not found:
                missing.append(cluster)
            key = (level, styled.index, "Zyyy" if face.info.color else scripts[begin], face)
        if open_item is None:
            open_item = key
        elif key[3] is not open_item[3] or key[:3] != open_item[:3]:
            items.append(_item(start, begin, open_item))
            start, open_item = begin, key
    if open_item is not None:
        items.append(_item(start, len(text), open_item))
    return items, missing


def _item(start: int, end: int, key: _Key) -> Item:
    level, style, script, face = key
    return Item(start, end, level, style, "Zyyy" if script == "\t" else script, face)


def _simple_items(text: str, ranges: Sequence[StyledRange]) -> list[Item] | None:
    """One Latin item a style, where the text needs no analysis and the first faces have all its characters."""
    if not SIMPLE.fullmatch(text):
        return None
    items: list[Item] = []
    for each in ranges:
        if not each.stack.serves(text[each.start : each.end]):
            return None
        items.append(Item(each.start, each.end, 0, each.index, "Latn", each.stack.primary))
    return items


def bidi_levels(text: str, rtl: bool) -> Sequence[int] | None:
    """The embedding level of each code point (UAX 9), or None where all are 0."""
    if not rtl and not RIGHT_TO_LEFT.search(text):
        return None
    units = icu.UnicodeString(text)  # ICU reads it until the levels are taken
    bidi = icu.Bidi()
    bidi.setPara(units, int(rtl))
    levels: Sequence[int] = bidi.getLevels()
    if len(units) == len(text):
        return levels
    found = [0] * len(text)
    for unit, place in enumerate(utf16_to_code_points(text)[:-1]):
        if place < len(text):
            found[place] = levels[unit]
    return found


def resolve_scripts(text: str) -> list[str]:
    """The script of each code point (UAX 24, 5): common ones take the script before them, brackets their pair's."""
    scripts: list[str] = []
    current = ""
    brackets: list[tuple[str, str]] = []
    for character in text:
        known = facts(character)
        script = known.script
        if script in COMMON:
            script = current
            if known.extensions and current not in known.extensions:
                script = min(known.extensions) if len(known.extensions) <= 2 else current
            if known.bracket:
                if known.opens:
                    brackets.append((known.bracket, current))
                    del brackets[:-64]  # as deep as HarfBuzz' and ICU's own stacks need to be
                else:
                    while brackets:
                        closing, opened_in = brackets.pop()
                        if closing == character:
                            script = opened_in or script
                            break
        else:
            current = script
        scripts.append(script)
    if "" in scripts:
        first = next((each for each in scripts if each), "Zyyy")
        scripts = [each or first for each in scripts]
    return scripts
