"""Sample rows: plausible, fitting the variables, and the same for the same seed."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys

import pytest

from tirage.sampling import SampleField, sample_rows


def values(name: str, n: int = 60, **known: object) -> list[str]:
    """What a variable of this name gets."""
    return [row[name] for row in sample_rows([SampleField(name, **known)], n)]  # type: ignore[arg-type]


def test_equal_arguments_give_equal_rows() -> None:
    """The rows are decided by variables, count, seed and locale, in this process and in another one."""
    fields = [SampleField(name) for name in ("name", "title", "date", "price", "color", "email", "photo", "whatever")]
    rows = list(sample_rows(fields, 20, seed=7))
    assert rows == list(sample_rows(fields, 20, seed=7))
    assert rows[:5] == list(sample_rows(fields, 5, seed=7))
    assert rows != list(sample_rows(fields, 20, seed=8))
    assert all(list(row) == [field.name for field in fields] for row in rows)
    script = (
        "from tirage.sampling import SampleField, sample_rows\n"
        f"fields = [SampleField(name) for name in {[field.name for field in fields]!r}]\n"
        "print(list(sample_rows(fields, 20, seed=7)))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, encoding="utf-8")
    assert other.stdout.strip() == repr(rows)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("email", r"\S+@example\.(com|org|net)"),
        ("phone", r"0\d\d \d{3} \d{4}"),
        ("accentColor", r"#[0-9a-f]{6}"),
        ("price", r"\d+\.\d\d"),
        ("old_price", r"\d+\.\d\d"),
        ("discount", r"\d{1,2} %"),
        ("rating", r"[345]\.\d"),
        ("seat", r"\d{1,2}"),
        ("Row", r"[A-N]"),
        ("gate", r"[A-D]\d{1,2}"),
        ("ticketCode", r"[KMRTX]\d{6}"),
        ("website", r"https://example\.com/[a-z0-9-]+"),
        ("start_time", r"\d\d:\d\d"),
        ("salary", r"\d{2,3},000"),
        ("bedrooms", r"\d"),
    ],
)
def test_names_tell_what_is_meant(name: str, pattern: str) -> None:
    """A variable's name decides the kind of value."""
    assert [value for value in values(name) if not re.fullmatch(pattern, value)] == []


def test_dates_are_dates() -> None:
    """Dates are ISO 8601 and exist."""
    for value in values("date", 200) + values("whatever", type="date"):
        assert 2026 <= datetime.date.fromisoformat(value).year <= 2028


def test_types_and_choices_go_first() -> None:
    """A type or a list of choices is kept whatever the name."""
    assert set(values("name", enum=("S", "M", "L"))) == {"S", "M", "L"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", value) for value in values("name", type="color"))
    for name in ("name", "price", "discount", "age", "title", "rating"):
        assert [value for value in values(name, type="number") if not re.fullmatch(r"\d+(\.\d+)?", value)] == []
    assert set(values("sold", type="boolean")) == {"true", "false"}


def test_pictures_are_the_given_ones() -> None:
    """Pictures are picked from the author's samples; without any they are small drawings that travel in the row."""
    given = ("faces/a.jpg", "faces/b.jpg")
    assert set(values("photo", samples=given, sample="faces/c.jpg")) == {*given, "faces/c.jpg"}
    assert set(values("anything", type="image", default="logo.png")) == {"logo.png"}
    drawn = set(values("avatar_url"))
    assert len(drawn) == 4 and all(value.startswith("data:image/svg+xml,%3Csvg") for value in drawn)


def test_texts_are_about_as_long_as_the_sample() -> None:
    """Headlines and paragraphs learn their length from the author's own, and differ from one another."""
    for length in (12, 40, 120):
        lengths = [len(value) for value in values("headline", 200, sample="x" * length)]
        assert length * 0.3 - 8 <= min(lengths) and max(lengths) <= max(length * 1.7, 30)
        assert len(set(lengths)) > 3
    assert max(map(len, values("body"))) > max(map(len, values("title")))


def test_values_are_one_line_of_text() -> None:
    """No value is empty, or has line breaks or blanks around it."""
    fields = [SampleField(name) for name in ("address", "name", "body", "company", "city", "quote", "x", "Ünïcode", "")]
    for row in sample_rows(fields, 100):
        assert all(value and value == " ".join(value.split()) for value in row.values())


def test_some_names_are_of_other_scripts() -> None:
    """About one name in twenty is of another script, and one has a long double name."""
    names = values("speaker", 1_000)
    foreign = sum(not name.isascii() for name in names)
    assert 20 <= foreign <= 100
    assert max(map(len, names)) > 25


@pytest.mark.parametrize("locale", ["de-DE", "ja_JP", "ar_AA", "he_IL", "hi_IN", "zh_CN", "pt_BR"])
def test_locales(locale: str) -> None:
    """Faker's locales are spoken, for every kind of variable."""
    names = (
        "city",
        "name",
        "first_name",
        "company",
        "address",
        "country",
        "zip",
        "email",
        "user",
        "url",
        "day",
        "month",
    )
    fields = [SampleField(name) for name in names]
    rows = list(sample_rows(fields, 5, locale=locale))
    assert all(all(row.values()) for row in rows)
    assert [row["first_name"] for row in rows] != [row["first_name"] for row in sample_rows(fields, 5)]


def test_what_is_no_locale() -> None:
    """A locale that nobody speaks is an error that names some; no variables and no rows are none."""
    for locale in ("xx_XX", "../x", "C", "\0"):
        with pytest.raises(ValueError, match="de_DE"):
            list(sample_rows([SampleField("city")], 3, locale=locale))
    assert list(sample_rows([], 2)) == [{}, {}]
    assert list(sample_rows([SampleField("a")], 0)) == []
