"""Facts about single characters: script, emoji presentation, white space, and the texts that need no analysis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import icu

COMMON = frozenset({"Zyyy", "Zinh", "Zzzz"})
# Scripts whose letters join: no letter spacing (CSS Text 3, 8.2.1), and neighbours matter to the shape.
CURSIVE = frozenset({"Adlm", "Arab", "Mand", "Mani", "Mong", "Nkoo", "Ougr", "Phag", "Phlp", "Rohg", "Sogd", "Syrc"})
# A font that has µ or Ω for the sake of units does not write Greek; one with these letters does.
CORE = {"Grek": "αβγδεικλνορστυ", "Cyrl": "абвгдеиклнопрст"}

# Latin letters, figures and punctuation: one code point is one grapheme, the direction is left to right, the script is
# Latin or common, and no character has an emoji presentation by itself.
SIMPLE = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02af\u2002-\u200a\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026"
    "\u2030\u2032-\u203a\u20a0-\u20bf\u2122]*"
)
# Where bidi has something to do: right-to-left blocks, marks, embeddings, overrides, isolates.
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# White space that hangs at the end of a line (CSS Text 3, 4.1.3); no-break spaces do not.
HANGING = frozenset("\t \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u200b\u205f\u3000")
WORD_SPACES = frozenset(" \u00a0")
SOFT_HYPHEN = "\u00ad"
TEXT_SELECTOR, EMOJI_SELECTOR, JOINER, KEYCAP = "\ufe0e", "\ufe0f", "\u200d", "\u20e3"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the Unicode Character Database says of one character; `extensions` are its Script_Extensions."""

    script: str
    extensions: frozenset[str]
    emoji: bool
    ignorable: bool
    bracket: str
    opens: bool


@lru_cache(maxsize=16_384)
def facts(character: str) -> Facts:
    """Look one character up."""
    code = ord(character)
    script = str(icu.Script.getScript(code).getShortName())
    has = icu.Char.hasBinaryProperty
    bracket_type = icu.Char.getIntPropertyValue(code, icu.UProperty.BIDI_PAIRED_BRACKET_TYPE)
    return Facts(
        script=_merged(script),
        extensions=frozenset(_merged(_script_name(each)) for each in icu.Script.getScriptExtensions(code)) - COMMON,
        emoji=bool(has(code, icu.UProperty.EMOJI_PRESENTATION)),
        # Spaces and tabs count as served by every font: HarfBuzz makes up those that a font lacks.
        ignorable=bool(has(code, icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT)) or character.isspace(),
        bracket=str(icu.Char.getBidiPairedBracket(character)) if bracket_type else "",
        opens=bracket_type == 1,
    )


def _merged(script: str) -> str:
    # Both kana share the OpenType script `kana`; one run keeps kerning between them.
    return "Kana" if script == "Hira" else script


@lru_cache(maxsize=512)
def _script_name(code: int) -> str:
    return str(icu.Char.getPropertyValueName(icu.UProperty.SCRIPT, code, icu.UPropertyNameChoice.SHORT_PROPERTY_NAME))


def wants_emoji(cluster: str) -> bool:
    """Whether a grapheme cluster asks for a colour glyph (UTS 51, 4): by its selector, its parts or its default."""
    if TEXT_SELECTOR in cluster:
        return False
    if EMOJI_SELECTOR in cluster or KEYCAP in cluster:
        return True
    if facts(cluster[0]).emoji:
        return True
    return any(facts(each).emoji for each in cluster[1:]) if len(cluster) > 1 else False


def cjk_language(text: str, locale: str) -> str:
    """Whose forms Han characters take: the locale's, else what the text's own kana or hangul tell, else Chinese.

    Empty where neither locale nor text are of East Asia.
    """
    language = locale.split("-")[0].lower()
    if language in ("ja", "ko", "zh"):
        return language
    scripts = {facts(each).script for each in set(text)}
    return "ja" if "Kana" in scripts else "ko" if "Hang" in scripts else "zh" if "Hani" in scripts else ""
