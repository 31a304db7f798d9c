"""Scripts come out right: visual order, joining, reordering, dictionaries, emoji, fallback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tirage.engine.lowering import TextBlock, TextSpan, TextStyle

Setter = Callable[..., TextBlock]


def visual(block: TextBlock) -> str:
    """The characters of the first line from left to right (one a glyph, the first of its cluster)."""
    placed = [
        (position[0], glyphs.text[cluster])
        for glyphs in block.glyphs
        for position, cluster in zip(glyphs.positions, glyphs.clusters, strict=True)
        if position[1] == block.lines[0].baseline
    ]
    return "".join(character for _, character in sorted(placed, key=lambda each: each[0]))


def glyph_ids(block: TextBlock) -> list[int]:
    """All glyphs in painting order."""
    return [glyph for glyphs in block.glyphs for glyph in glyphs.glyphs]


def drawn_lines(block: TextBlock) -> list[str]:
    """What each line reads, without the white space at its end."""
    return [block.report.text[line.start : line.end].rstrip() for line in block.lines]


@pytest.mark.check(121)
@pytest.mark.parametrize(
    ("text", "direction", "expected"),
    [
        ("abc אבג def", "auto", "abc גבא def"),
        ("אבג abc דהו", "auto", "והד abc גבא"),
        ("מחיר 49.90 ok", "auto", "ok 49.90 ריחמ"),
        ("abc (אבג) d", "ltr", "abc (גבא) d"),
        ("abc!", "rtl", "!abc"),
        ("a\u202ebcd\u202ce", "auto", "adcbe"),
        ("\u2067אב cd\u2069 x", "ltr", "cd בא x"),
    ],
)
def test_visual_order(set_text: Setter, text: str, direction: str, expected: str) -> None:
    """Mixed directions are ordered as UAX 9 says, overrides and isolates included."""
    shown = visual(set_text(text, 800, direction=direction))
    invisible = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert "".join(each for each in shown if each not in invisible) == expected


@pytest.mark.check(121)
@pytest.mark.parametrize(
    "text",
    [
        "".join("\u202b" if depth % 2 else "\u202a" for depth in range(130)) + "אab",
        "\u2067\u2067\u2067 a ב 1",
        "ا1٢3ב4a5",
        "\u202e" * 200 + "abc",
    ],
)
def test_deep_and_unclosed_directions(set_text: Setter, text: str) -> None:
    """Embeddings beyond 125 levels and isolates without an end are set on one line."""
    block = set_text(text, 2_000)
    assert len(block.lines) == 1
    assert glyph_ids(block)


def test_a_rtl_paragraph_starts_on_the_right(set_text: Setter) -> None:
    """`start` is the right edge of a Hebrew paragraph and the left one of the English paragraph after it."""
    hebrew, english = set_text("שלום\nhello").lines
    assert hebrew.x + hebrew.width == pytest.approx(400)
    assert english.x == 0


def test_arabic_letters_join(set_text: Setter) -> None:
    """A letter has another glyph inside a word than alone."""
    alone, joined = glyph_ids(set_text("ب")), glyph_ids(set_text("ببب"))
    # The dots are glyphs of their own and stay; the letter has an initial, a medial and a final form.
    forms = set(joined) - set(alone)
    assert len(forms) == 3
    assert set(alone) - set(joined)


def test_arabic_joins_across_styles(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """A word of two spans takes the same glyphs as in one."""
    whole = set_text("كتاب")
    halves = set_text((TextSpan("كت", style()), TextSpan("اب", style(underline=True))))
    assert sorted(glyph_ids(halves)) == sorted(glyph_ids(whole))


def test_devanagari_reorders(set_text: Setter) -> None:
    """The vowel sign i stands left of the consonant it follows, and a conjunct is one glyph or two, not three."""
    (glyphs,) = set_text("कि").glyphs
    ka, sign = glyph_ids(set_text("क"))[0], glyphs.glyphs[0]
    assert sign != ka
    assert ka in glyphs.glyphs[1:]
    assert len(glyph_ids(set_text("क्ष"))) < 3


def test_thai_breaks_between_words(set_text: Setter) -> None:
    """Thai has no spaces; lines end where its dictionary ends words."""
    words = {"ภาษา", "ไทย", "เป็น", "ที่", "มี", "ระดับ", "เสียง", "ของ", "คำ"}
    block = set_text("ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำ", 120, locale="th")
    assert len(block.lines) > 2
    for line in drawn_lines(block):
        rest = line
        while rest:
            start = next((word for word in words if rest.startswith(word)), None)
            assert start is not None, line
            rest = rest[len(start) :]


def test_cjk_kinsoku(set_text: Setter) -> None:
    """No line begins with a closing mark or a small kana's comma, none ends with an opening bracket."""
    text = "吾輩は猫である。名前はまだ無い。「どこで生れたか」とんと、見当がつかぬ。"
    for width in range(90, 300, 15):
        for line in drawn_lines(set_text(text, width, locale="ja")):
            assert line[0] not in "。、」"
            assert line[-1] != "「"


def test_han_forms_follow_the_locale(set_text: Setter) -> None:
    """The same character comes from the Japanese, Chinese or Korean font; without a locale the text's kana decide."""
    assert set_text("直", locale="ja").report.fonts == ("Noto Sans JP 400",)
    assert set_text("直", locale="zh-Hans").report.fonts == ("Noto Sans SC 400",)
    assert set_text("直", locale="ko").report.fonts == ("Noto Sans KR 400",)
    assert set_text("直の", locale="en").report.fonts == ("Noto Sans JP 400",)


@pytest.mark.check(123)
@pytest.mark.parametrize(
    "emoji",
    [
        "👩‍👩‍👧‍👦", "👩🏿‍🚀", "👋🏽", "🇩🇪", "1️⃣", "#️⃣", "❤️",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)  # fmt: skip
def test_emoji_are_one_colour_glyph(set_text: Setter, emoji: str) -> None:
    """Sequences of joiners, tones, flags, keycaps and tags are one glyph of the colour font."""
    block = set_text(emoji)
    assert block.report.fonts == ("Noto Color Emoji 400",)
    assert block.color_fonts
    # HarfBuzz puts the font's space, without a width, where a selector is left.
    blank = block.glyphs[0].typeface.handle.unicharToGlyph(0x20)
    assert len([glyph for glyph in glyph_ids(block) if glyph != blank]) == 1


@pytest.mark.check(123)
def test_text_presentation(set_text: Setter) -> None:
    """A text selector, and a default of text, keep the colour font away."""
    assert not set_text("☺︎ ❤ © 1").color_fonts
    assert set_text("☺️").color_fonts


@pytest.mark.check(123)
@pytest.mark.parametrize("text", ["\U0010fffd", "\U000f0000", "\u0378"])
def test_missing_characters_are_boxes(set_text: Setter, text: str) -> None:
    """What no font has is drawn as a box and named in a warning."""
    block = set_text(f"a{text}b")
    assert block.report.missing == (text,)
    assert [code for code, _ in block.warnings] == ["glyph_missing"]
    assert 0 in glyph_ids(block)
    assert block.ink is not None


def test_fallback_by_cluster(set_text: Setter) -> None:
    """Each script is served by the font that has it; the wished family keeps its own."""
    fonts = set_text("Hi مرحبا नमस्ते สวัสดี שלום ∮", 2_000).report.fonts
    assert {each.rsplit(" ", 1)[0] for each in fonts} >= {
        "Inter", "Noto Sans", "Noto Sans Arabic", "Noto Sans Thai", "Noto Sans Hebrew",
    }  # fmt: skip


def test_unknown_families_are_said(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """A family that is not there is named in a warning, and the next one serves; generic names are no mistake."""
    block = set_text("a", look=style(("Nowhere", "Lora", "sans-serif")))
    assert block.report.fonts == ("Lora 400",)
    assert [code for code, _ in block.warnings] == ["font_missing"]
    assert "Nowhere" in block.warnings[0][1]


@pytest.mark.parametrize(
    ("family", "weight", "italic", "expected", "bold", "slanted"),
    [
        ("Inter", 450, False, 500, False, False),
        ("Inter", 350, False, 300, False, False),
        ("Inter", 1000, False, 900, False, False),
        ("Bebas Neue", 700, True, 400, True, True),
        ("Lora", 400, True, 400, False, False),
    ],
)
def test_faces_match_by_weight_and_posture(
    set_text: Setter,
    style: Callable[..., TextStyle],
    family: str,
    weight: int,
    italic: bool,
    expected: int,
    bold: bool,
    slanted: bool,
) -> None:
    """CSS Fonts 4 chooses the face; bold and italic are synthesised only where the family has neither."""
    (glyphs,) = set_text("x", look=style((family,), weight=weight, italic=italic)).glyphs
    assert (glyphs.typeface.weight, glyphs.embolden, glyphs.skew > 0) == (expected, bold, slanted)


@pytest.mark.check(125)
@pytest.mark.parametrize(
    "pair",
    [("Ångström é ñ", "A\u030angstro\u0308m e\u0301 n\u0303"), ("각", "\u1100\u1161\u11a8"), ("ệ", "e\u0323\u0302")],
)
def test_nfc_and_nfd_are_the_same(set_text: Setter, pair: tuple[str, str]) -> None:
    """Composed and decomposed spellings give equal blocks."""
    composed, decomposed = (set_text(each) for each in pair)
    assert composed == decomposed


def test_a_word_is_not_patched_together(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """A font that has a single Greek letter does not serve it within a word that it cannot write."""
    assert set_text("γράμματα", look=style(("Playfair Display",))).report.fonts == ("Noto Sans 400",)


def test_symbols_come_from_symbol_fonts(set_text: Setter) -> None:
    """An arrow in a Latin text is that of a symbol font; in a Japanese text it is as wide as a kana."""
    assert set_text("⇨ a").report.fonts[0].startswith("Noto Sans Symbols")
    assert set_text("⇨ あ").report.fonts[0] == "Noto Sans JP 400"


def test_spaces_between_emoji_are_the_texts_own(set_text: Setter) -> None:
    """A space beside an emoji is as wide as between letters: the colour font's would be wider than a letter."""
    apart = set_text("😀 😀").lines[0].width - set_text("😀😀").lines[0].width
    letters = set_text("n n").lines[0].width - set_text("nn").lines[0].width
    assert abs(apart - letters) < 0.5
