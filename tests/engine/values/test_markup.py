"""Inline markup becomes spans; nothing in it can fail, run or take long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.values.color import Color
from tirage.engine.values.length import Length
from tirage.engine.values.markup import MAX_SPANS, MarkupSpan, escape, parse_markup


def test_tags_nest_and_aliases_count() -> None:
    """Each tag adds to what encloses it; strong, em, ins, del and strike mean b, i, u and s."""
    spans = parse_markup("a<strong>b<em>c</em></strong><ins>d</ins><del>e</del>").spans
    assert spans == (
        MarkupSpan("a"),
        MarkupSpan("b", bold=True),
        MarkupSpan("c", bold=True, italic=True),
        MarkupSpan("d", underline=True),
        MarkupSpan("e", strike=True),
    )


def test_line_breaks_and_entities() -> None:
    """`br` is a line feed in the same span, and character references are decoded once."""
    assert parse_markup("x &amp;lt; <br>y<br/>z&#33;").spans == (MarkupSpan("x &lt; \ny\nz!"),)


def test_styles() -> None:
    """The properties of the short list are read; percentages and em multiply."""
    css = "color:#f00;background-color:#00f;font-weight:300;font-style:italic;font-size:150%;letter-spacing:2px"
    (span,) = parse_markup(
        f"<span style='{css}'><span style='font-size:2em;font-family:Lora, serif'>q</span></span>"
    ).spans
    assert span == MarkupSpan(
        "q",
        italic=True,
        color=Color(1, 0, 0),
        background=Color(0, 0, 1),
        font_size=Length(300, percent=True),
        font_weight=300,
        font_family="Lora, serif",
        letter_spacing=Length(2),
    )


@pytest.mark.parametrize(
    ("css", "named"),
    [
        ("position:fixed", "position"),
        ("color:nope", "nope"),
        ("font-size:-2px", "-2px"),
        ("font-weight:0", "0"),
        ("}", "}"),
    ],
)
def test_unknown_styles_are_said(css: str, named: str) -> None:
    """What is not on the list, or has no such value, is left out with a sentence naming it."""
    markup = parse_markup(f'<span style="{css}">t</span>')
    assert markup.spans == (MarkupSpan("t"),)
    assert len(markup.warnings) == 1
    assert named in markup.warnings[0]


def test_unknown_tags_keep_their_text_and_scripts_do_not() -> None:
    """A tag outside the subset loses its meaning only; the text of a script is no text."""
    markup = parse_markup('<a href="https://example.org">link</a><script>alert(1)</script>!')
    assert markup.text == "link!"
    assert [warning.split(">")[0] for warning in markup.warnings] == ["the tag <a", "the tag <script"]


def test_ends_without_beginnings_and_what_stays_open() -> None:
    """A stray end is ignored, an open tag lasts to the end, an outer end closes the inner tags."""
    assert parse_markup("</b>a<b>b").spans == (MarkupSpan("a"), MarkupSpan("b", bold=True))
    assert parse_markup("<b><i>x</b>y").spans == (MarkupSpan("x", bold=True, italic=True), MarkupSpan("y"))


@pytest.mark.parametrize("part", ["<a ", "<!--", '<b style="', "<b>", "</b>", "&#9", "a<b>c</b>", "<b x='", "<"])
def test_hostile_markup_is_bounded(part: str) -> None:
    """Unclosed and endless markup gives a bounded number of spans, in one pass."""
    assert len(parse_markup(part * 20_000).spans) <= MAX_SPANS


def test_endless_numbers_are_replaced() -> None:
    """A character reference of any length is one character."""
    assert parse_markup("&#" + "9" * 5_000 + ";").text == "\ufffd"


@given(st.text())
def test_escaped_text_is_literal(text: str) -> None:
    """Whatever a value looks like, escaped it comes back unchanged and unstyled."""
    markup = parse_markup(escape(text))
    assert markup.text == text
    assert all(span == MarkupSpan(span.text) for span in markup.spans)
    assert markup.warnings == ()


@given(st.text(alphabet="<>/!-&#;\"'= abispnbr\n", max_size=60))
def test_no_markup_fails(text: str) -> None:
    """Any sequence of the characters of markup is read."""
    markup = parse_markup(text)
    assert all(span.text for span in markup.spans)
