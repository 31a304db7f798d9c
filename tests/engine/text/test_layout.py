"""Lines, fits and limits: what the report says is what is drawn, and everything ends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage.assets.fontsource import LibraryFonts
from tirage.engine.errors import ResourceProblem
from tirage.engine.lowering import TextBlock, TextSpan, TextSpec, TextStyle
from tirage.engine.scene import Box, Solid
from tirage.engine.text import TextEngine
from tirage.engine.values.color import BLACK, WHITE

Setter = Callable[..., TextBlock]
PANGRAM = "The quick brown fox jumps over the lazy dog and then runs away from all that follows it."


def codes(block: TextBlock) -> list[str]:
    """The codes of the warnings."""
    return [code for code, _ in block.warnings]


def reads(block: TextBlock) -> list[str]:
    """What each line reads."""
    return [block.report.text[line.start : line.end] for line in block.lines]


def drawn(block: TextBlock) -> str:
    """All glyph runs' text in painting order."""
    return "".join(glyphs.text for glyphs in block.glyphs)


def test_lines_are_broken_at_spaces_and_cover_the_text(set_text: Setter) -> None:
    """Lines follow each other without gap or overlap and end after a space, which hangs undrawn."""
    block = set_text(PANGRAM, 200)
    assert "".join(reads(block)) == PANGRAM
    assert all(line.endswith(" ") for line in reads(block)[:-1])
    assert all(line.width <= 200 for line in block.lines)
    assert drawn(block) == "".join(line.rstrip() for line in reads(block))


def test_forced_breaks(set_text: Setter) -> None:
    """Line feeds in all spellings and U+2028 break; two in a row leave an empty line of the strut's height."""
    assert reads(set_text("a\r\nb\rc\u2028d\n\ne\n")) == ["a\n", "b\n", "c\u2028", "d\n", "\n", "e\n"]
    baselines = [line.baseline for line in set_text("a\n\nb").lines]
    assert baselines[2] - baselines[0] == pytest.approx(2 * 28 * 1.2)


@pytest.mark.check(122)
def test_break_characters(set_text: Setter) -> None:
    """A zero-width space allows a break, a no-break space forbids it, a soft hyphen shows when it breaks."""
    assert reads(set_text("aaaaaaa\u200bbbbbbbb", 150)) == ["aaaaaaa\u200b", "bbbbbbb"]
    assert reads(set_text("aaa bbb\u00a0ccc", 120)) == ["aaa ", "bbb\u00a0ccc"]
    broken = set_text("aaaaaaa\u00adbbbbbbb", 150)
    assert drawn(broken) == "aaaaaaa\u00ad\u2010bbbbbbb"
    assert "\u2010" not in drawn(set_text("aaaaaaa\u00adbbbbbbb", 400))
    assert broken.lines[0].width <= 150


@pytest.mark.check(122)
@pytest.mark.parametrize("fit", ["none", "shrink", "grow", "ellipsis"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t\t",
        "\u200b" * 10_000,
        "\u200b\u200c\u200d\ufeff",
        "\u00ad" * 50,
        "\u00a0" * 500,
        "\n" * 100_000,
        "\0\x01",
    ],
)
def test_invisible_texts(set_text: Setter, text: str, fit: str) -> None:
    """Texts without ink are set, within the bound on lines, and draw nothing that is seen."""
    block = set_text(text, fit=fit)
    assert block.ink is None or "\u2010" in drawn(block) or "…" in drawn(block)
    assert len(block.lines) <= 1_000


def test_words_wider_than_the_box_break_at_graphemes(set_text: Setter) -> None:
    """An emergency break never parts a cluster, and every line fits."""
    for text in (
        "Pneumonoultramicroscopic" * 2,
        "affiffiffiffiffiffiffi",
        "e\u0301" * 60,
        "👩\u200d👧" * 20,
        "ببببببببببببببببببببببببببب",
    ):
        block = set_text(text, 90)
        assert len(block.lines) > 1
        assert all(line.width <= 90 + 1e-3 for line in block.lines)
        assert "".join(reads(block)) == block.report.text
        assert not any(line.startswith(("\u0301", "\u200d")) for line in reads(block))


def test_shrink_fits_and_is_monotone(set_text: Setter) -> None:
    """A larger box never gives a smaller size; what fits has its wished size; words stay whole."""
    sizes = []
    for width in range(60, 420, 30):
        block = set_text(PANGRAM, width, 90, fit="shrink")
        assert not block.report.overflow
        assert block.height <= 90 + 1e-3
        assert all(line.width <= width + 1e-3 for line in block.lines)
        assert all(line.endswith(" ") for line in reads(block)[:-1])
        sizes.append(block.report.font_size)
    assert sizes == sorted(sizes)
    assert set_text("Hi", fit="shrink").report.font_size == 28


@settings(max_examples=60, deadline=None)
@given(
    text=st.lists(st.sampled_from(["a", "of", "Type", "water­fall", "AVAST", "مرحبا"]), min_size=3, max_size=24),
    width=st.integers(60, 500),
    height=st.integers(20, 160),
)
def test_shrink_finds_the_largest_size(
    set_text: Setter, style: Callable[..., TextStyle], text: list[str], width: int, height: int
) -> None:
    """Nothing reaches beyond the box, and at a size that is a thousandth of the wished one larger something does."""
    words = " ".join(text)
    block = set_text(words, width, height, fit="shrink", min_size=1)
    size = block.report.font_size
    assert not block.report.overflow
    if size < 28:
        larger = set_text(words, width, height, look=style(size=size + 28 / 1000))
        assert larger.report.overflow or len(larger.lines) > len(block.lines)


def test_shrink_keeps_to_the_least_size(set_text: Setter) -> None:
    """At the least size the text overflows and says so; nothing gets smaller."""
    block = set_text(PANGRAM, 60, 40, fit="shrink", min_size=20)
    assert block.report.font_size == 20
    assert block.report.overflow
    assert codes(block) == ["text_overflow"]


def test_shrink_scales_all_spans(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """Sizes and letter spacing of all spans keep their proportion."""
    spans = (TextSpan("Large ", style(size=80)), TextSpan("small words and more", style(size=40, letter_spacing=2)))
    block = set_text(spans, 200, 100, look=style(size=80), fit="shrink")
    sizes = {glyphs.size for glyphs in block.glyphs}
    assert max(sizes) < 80
    assert max(sizes) / min(sizes) == pytest.approx(2)


@pytest.mark.parametrize(
    "text",
    [
        PANGRAM,
        "مرحبا بالعالم هذا نص طويل جدا لا يتسع له المكان المخصص له",
        "吾輩は猫である。名前はまだ無い。どこで生れたか",
        "👩\u200d👧" * 30,
    ],
)
def test_ellipsis(set_text: Setter, text: str) -> None:
    """The cut text ends with an ellipsis within the box, and what is drawn is a beginning of the text."""
    for width in range(60, 260, 25):
        block = set_text(text, width, 70, fit="ellipsis")
        assert block.report.cut
        assert codes(block) == ["text_cut"]
        assert block.height <= 70
        assert all(line.width <= width + 1e-3 for line in block.lines)
        last = block.lines[-1]
        tail = [glyphs.text for glyphs in block.glyphs if glyphs.positions[0][1] == last.baseline]
        assert "…" in tail or "..." in tail
        assert last.end < len(text)


def test_ellipsis_stands_where_the_paragraph_ends(set_text: Setter) -> None:
    """It is on the right of an English line, on the left of a Hebrew one, also behind a word of the other direction."""
    for text, left in (("abc אבג דהו זחט יכל", False), ("אבג abc def ghi jkl", True)):
        block = set_text(text, 120, 40, fit="ellipsis")
        (tail,) = [glyphs for glyphs in block.glyphs if glyphs.text == "…"]
        others = [x for glyphs in block.glyphs if glyphs is not tail for x, _ in glyphs.positions]
        assert tail.positions[0][0] < min(others) if left else tail.positions[0][0] > max(others)


@pytest.mark.parametrize("fit", ["none", "shrink", "grow", "ellipsis"])
def test_max_lines(set_text: Setter, fit: str) -> None:
    """The number of lines is bounded in every mode; shrinking comes before cutting."""
    block = set_text(PANGRAM, 200, 900, fit=fit, max_lines=2)
    assert len(block.lines) == 2
    assert block.report.cut == (fit != "shrink")
    assert ("…" in drawn(block)) == (fit != "shrink")


def test_grow_and_vertical_alignment(set_text: Setter) -> None:
    """A growing box starts at the top and never overflows; others are aligned as said."""
    tall = set_text(PANGRAM, 100, 50, fit="grow", vertical_align="bottom")
    assert not tall.report.overflow
    assert tall.height > 50
    assert tall.lines[0].baseline < 28 * 1.2
    top, middle, bottom = (set_text("a", vertical_align=each).lines[0].baseline for each in ("top", "middle", "bottom"))
    assert bottom - middle == pytest.approx(middle - top)
    assert bottom - top == pytest.approx(300 - 28 * 1.2)


def test_alignment_and_justification(set_text: Setter) -> None:
    """Left, centre and right leave the room where they say; justified lines fill the box but for the last."""
    for align, share in (("left", 0.0), ("center", 0.5), ("right", 1.0), ("start", 0.0), ("end", 1.0)):
        (line,) = set_text("abc", align=align).lines
        assert line.x == pytest.approx((400 - line.width) * share)
    block = set_text(PANGRAM, 260, align="justify")
    assert all(line.width == 260 for line in block.lines[:-1])
    assert block.lines[-1].width < 260
    edge = max(x for glyphs in block.glyphs[:1] for x, _ in glyphs.positions)
    assert 235 < edge < 260


def test_fallback_fonts_do_not_move_lines(set_text: Setter) -> None:
    """The baselines of a text are the same whatever scripts are in it."""
    plain = [line.baseline for line in set_text("a\nb\nc").lines]
    mixed = [line.baseline for line in set_text("a\nمرحبا\n漢😀").lines]
    assert plain == mixed


def test_letter_spacing(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """Spacing stands between letters, not after the last; it parts ligatures and leaves Arabic joined."""
    plain, spaced = set_text("abcd").lines[0].width, set_text("abcd", look=style(letter_spacing=5)).lines[0].width
    assert spaced - plain == pytest.approx(15)
    arabic = "كتاب"
    assert set_text(arabic, look=style(letter_spacing=5)).lines[0].width == set_text(arabic).lines[0].width
    ligature = set_text("office", look=style(("Lora",))).glyphs[0].glyphs
    parted = set_text("office", look=style(("Lora",), letter_spacing=1)).glyphs[0].glyphs
    assert len(parted) == 6
    assert len(ligature) <= 6


def test_decorations(set_text: Setter, style: Callable[..., TextStyle]) -> None:
    """A background covers the span's width, an underline lies below the baseline, a strike above it."""
    paint = Solid(WHITE)
    block = set_text(
        (TextSpan("plain ", style()), TextSpan("marked", style(background=paint, underline=True, strike=True)))
    )
    background, underline = block.under
    (strike,) = block.over
    for bar in (background, underline, strike):
        assert isinstance(bar.shape, Box)
        assert bar.shape.rect.x == pytest.approx(block.glyphs[1].positions[0][0])
        assert bar.shape.rect.right == pytest.approx(block.lines[0].width)
    baseline = block.lines[0].baseline
    assert background.fill == paint
    assert isinstance(underline.shape, Box) and underline.shape.rect.y > baseline
    assert isinstance(strike.shape, Box) and strike.shape.rect.bottom < baseline


def test_ink_holds_what_is_drawn(set_text: Setter) -> None:
    """The ink of an x lies on the baseline and is narrower than its advance."""
    block = set_text("x")
    assert block.ink is not None
    assert block.ink.bottom == pytest.approx(block.lines[0].baseline, abs=0.5)
    assert block.ink.x > 0
    assert block.ink.right < block.lines[0].width


@pytest.mark.check(119)
@pytest.mark.parametrize("text", ["x" * 1_000_000, "word " * 200_000, "é" * 100_000])
def test_long_texts_are_cut(set_text: Setter, text: str) -> None:
    """Of a text beyond the limit the first 10,000 characters are set, with a warning."""
    block = set_text(text, 4_000, 4_000, fit="shrink")
    assert block.report.text == text[:10_000]
    assert "text_too_long" in codes(block)


@pytest.mark.check(120)
@pytest.mark.parametrize("text", ["a" + "\u0301" * 100_000, "👩\u200d" * 50_000, "\u0301\u0323" * 50_000])
def test_endless_clusters_are_cut(set_text: Setter, text: str) -> None:
    """A cluster keeps 32 code points, whatever follows."""
    block = set_text(text)
    assert len(block.report.text) == 32
    assert codes(block)[0] == "text_cluster_cut"


@pytest.mark.check(120)
def test_marks_on_every_letter_are_bounded(set_text: Setter) -> None:
    """Fifty marks on each of 2,000 letters: clusters are cut, and the whole to 30,000 code points."""
    block = set_text("".join("z" + "\u0301\u0323" * 25 for _ in range(2_000)))
    assert 29_000 < len(block.report.text) <= 30_000
    assert {"text_cluster_cut", "text_too_long"} <= set(codes(block))


@pytest.mark.check(124)
@pytest.mark.parametrize("fit", ["none", "shrink", "grow", "ellipsis"])
@pytest.mark.parametrize("text", [PANGRAM, "مرحبا بالعالم", "漢字かな", "👩\u200d👧 1️⃣", "a\u00adb"])
def test_a_box_of_one_pixel(set_text: Setter, text: str, fit: str) -> None:
    """What can never fit is set all the same, a grapheme a line, and flagged."""
    block = set_text(text, 1, 1, fit=fit, min_size=10)
    assert block.report.overflow
    assert "text_overflow" in codes(block)
    assert len(block.lines) <= len(text)


def test_an_unknown_key_is_an_error(engine: TextEngine) -> None:
    """A typeface is found by the key of its face only."""
    face = LibraryFonts().faces()[0]
    assert engine.typeface(face.key).family == face.family
    with pytest.raises(ResourceProblem) as caught:
        engine.typeface("nothing")
    assert caught.value.code == "font_missing"


HARD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("ab \n\tאבכت1٢(「。निक्ไทย漢字é\u0301\u00ad\u200b\u200d\ufe0f\u202e\u2067👩🏽🇩🇪#\u20e3"),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(
    text=HARD,
    more=HARD,
    width=st.floats(1, 600),
    height=st.floats(1, 200),
    fit=st.sampled_from(["none", "shrink", "grow", "ellipsis"]),
    align=st.sampled_from(["start", "end", "center", "justify"]),
    direction=st.sampled_from(["auto", "ltr", "rtl"]),
    spacing=st.sampled_from([0.0, 0.0, 3.0, -2.0]),
    max_lines=st.sampled_from([None, None, 1, 3]),
    locale=st.sampled_from(["en", "th", "ja", "ar", "de-CH"]),
)
def test_any_text_can_be_set(
    engine: TextEngine,
    text: str,
    more: str,
    width: float,
    height: float,
    fit: str,
    align: str,
    direction: str,
    spacing: float,
    max_lines: int | None,
    locale: str,
) -> None:
    """Whatever the text: no error, lines that follow each other and cover it unless it was cut, whole glyph runs."""
    first = TextStyle(("Inter",), 20, Solid(BLACK), letter_spacing=spacing)
    second = TextStyle(("Lora",), 30, Solid(BLACK), weight=700, italic=True, underline=True)
    spec = TextSpec(
        (TextSpan(text, first), TextSpan(more, second)), width, height, first, align=align, fit=fit,  # type: ignore[arg-type]
        min_size=5, max_lines=max_lines, direction=direction, locale=locale,  # type: ignore[arg-type]
    )  # fmt: skip
    block = engine.set(spec)
    places = [(line.start, line.end) for line in block.lines]
    assert all(low <= high for low, high in places)
    assert all(before[1] == after[0] for before, after in pairwise(places))
    if places and not block.report.cut:
        assert (places[0][0], places[-1][1]) == (0, len(block.report.text))
    for glyphs in block.glyphs:
        assert len(glyphs.glyphs) == len(glyphs.positions) == len(glyphs.clusters)
        assert all(0 <= cluster < len(glyphs.text) for cluster in glyphs.clusters)
    if fit == "ellipsis" and len(block.lines) > 1:
        assert block.height <= height + 1e-3
    assert block == engine.set(spec)
