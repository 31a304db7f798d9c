"""Which column is for what: names alike but for their spelling, synonyms, slips, and what speaks against."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.tables.guess import LEAST, Guess, Target, guess, mapping_of, words

TARGETS = (Target("title"), Target("photo", "image"), Target("price", "number"), Target("event-date"), Target("city"))


def one(column: str, *values: str) -> Guess:
    """The guess for one column."""
    (found,) = guess([column], TARGETS, {column: values})
    return found


@pytest.mark.parametrize(
    ("column", "target", "how"),
    [
        ("title", "title", "same"),
        ("TITLE ", "title", "spelling"),
        ("Événement_Dâte", "event-date", "similar"),
        ("EventDate", "event-date", "spelling"),
        ("event date", "event-date", "spelling"),
        ("Headline", "title", "synonym"),
        ("Überschrift", "title", "synonym"),
        ("Picture", "photo", "synonym"),
        ("Price in EUR", "price", "similar"),
        ("Event day", "event-date", "words"),
        ("Citty", "city", "similar"),
        ("x", None, ""),
        ("rate", None, ""),
    ],
)
def test_a_column_finds_its_target(column: str, target: str | None, how: str) -> None:
    """Spelling, synonyms, words and slips are told apart; what resembles nothing is given to nothing."""
    found = one(column)
    if target is None:
        assert found.target is None or found.score < 0.8
    else:
        assert (found.target, found.how) == (target, how)


def test_values_speak_too() -> None:
    """Of two columns with equal claims the one with pictures' addresses is for the image."""
    samples = {"Image": ["https://a.example/1.png"], "Picture": ["a dog"]}
    found = guess(["Picture", "Image"], TARGETS, samples)
    assert [each.target for each in found] == [None, "photo"]
    assert one("Price (net)", "cheap").score < one("Price (net)", "12").score


def test_no_target_is_given_twice() -> None:
    """The better fit has it; the other column is left without."""
    found = guess(["Heading", "title"], [Target("title")])
    assert found == (Guess("Heading", None, 0.0, "none"), Guess("title", "title", 1.0, "same"))
    assert mapping_of(guess(["Heading"], [Target("title")])) == {"Heading": "title"}
    assert mapping_of(guess(["title"], [Target("title")])) == {}


def test_many_columns_are_quick_work() -> None:
    """A thousand columns and a hundred names: each is looked at with each."""
    columns = [f"column {number} of the sheet" for number in range(1_000)]
    found = guess(columns, [Target(f"layer {number}") for number in range(100)])
    assert len(found) == 1_000


@given(st.lists(st.text(min_size=1, max_size=20), max_size=8, unique=True), st.lists(st.text(max_size=20), max_size=8))
def test_whatever_the_names_are(columns: list[str], names: list[str]) -> None:
    """Every column has one guess, scores lie in bounds, a column that has a target's name is for it."""
    targets = [Target(name) for name in dict.fromkeys(names)]
    found = guess(columns, targets)
    assert [each.column for each in found] == columns
    given_ = [each.target for each in found if each.target is not None]
    assert len(set(given_)) == len(given_)
    for each in found:
        assert (each.target is None) == (each.score == 0) and (each.target is None or LEAST <= each.score <= 1)
        assert each.column not in names or each.target == each.column
    assert all(words(column) == words(column) for column in columns)
