"""Expressions have values within limits, and whatever they are given, only our own error."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tirage.engine.expressions import limits
from tirage.engine.expressions.compile import FUNCTIONS, TESTS, compile_expression
from tirage.engine.expressions.filters import FILTERS
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope, text

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROW: dict[str, Any] = {
    "price": "9.50",
    "count": 3,
    "name": "Ada",
    "none": None,
    "empty": "",
    "flag": True,
    "tags": ["new", "sale"],
    "item": {"title": "Book", "price": 12},
    "date": "2026-12-24",
    "color": "#ffd600",
}
LONG = bool(os.environ.get("TIRAGE_SOAK"))


def value(source: str, locale: str = "en", **more: Any) -> Any:
    """What an expression is for the row."""
    return compile_expression(source).value(Scope({**ROW, **more}, locale, NOW))


@pytest.mark.parametrize("name", list(FILTERS))
def test_the_example_of_every_filter_holds(name: str) -> None:
    """What the reference shows is what happens."""
    assert text(value(FILTERS[name].example)) == FILTERS[name].result


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("price < 10 and name", "Ada"),
        ("price > 10 or 'cheap'", "cheap"),
        ("not empty", True),
        ("price * count", 28.5),
        ("7 // 2 + 7 % 2 - -1", 5),
        ("2 ** 10", 1024),
        ("name ~ ', ' ~ count", "Ada, 3"),
        ("'x' if count == 3 else 'y'", "x"),
        ("'x' if count == '3.0'", "x"),
        ("item.title", "Book"),
        ("item['price'] / 4", 3),
        ("item.nothing", None),
        ("none.anything", None),
        ("tags[0]", "new"),
        ("tags[-1]", "sale"),
        ("tags[9]", None),
        ("name[:2]", "Ad"),
        ("'sale' in tags", True),
        ("'sal' in 'sale'", True),
        ("'title' in item", True),
        ("4 not in [1, 2]", True),
        ("1 < count <= 3", True),
        ("date > '2026-12-01'", True),
        ("none == empty", True),
        ("none is none", True),
        ("empty is empty", True),
        ("name is defined", True),
        ("count is odd", True),
        ("max(1, price, 3)", "9.50"),
        ("range(1, 4) | sum", 6),
        ("now() | date('yMMMd')", "Nov 23, 2026"),
        ("date | days_until", 31),
        ("{'a': [1, 2]}.a | last", 2),
        ("missing", None),
        ("true and flag", True),
    ],
)
def test_an_expression_has_its_value(source: str, expected: Any) -> None:
    """Numbers of tables are numbers, what is missing is nothing, words compare as words."""
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "locale", "expected"),
    [
        ("1234567.891 | number", "de", "1.234.567,891"),
        ("1234.5 | number(2)", "de-CH", "1’234.50"),
        ("1234.5 | currency('EUR')", "de", "1.234,50\xa0€"),
        ("1234.5 | currency('JPY')", "ja", "￥1,235"),
        ("0.5 | percent", "fr", "50\xa0%"),
        ("1234567 | compact", "de", "1,2\xa0Mio."),
        ("1234.5 | unit('kilogram', 'long', 1)", "de", "1.234,5 Kilogramm"),
        ("21.05 | unit('celsius')", "fr", "21,05\u202f°C"),
        ("3 | unit('day', 'long')", "ru", "3 дня"),
        ("2 | plural(one='# кот', few='# кота', many='# котов', other='# кота')", "ru", "2 кота"),
        ("5 | plural(one='# кот', few='# кота', many='# котов', other='# кота')", "ru", "5 котов"),
        ("date | date('long')", "de", "24. Dezember 2026"),
        ("date | date('yMMMMd')", "es", "24 de diciembre de 2026"),
        ("'2026-12-24T18:05+02:00' | time('Hm')", "en", "18:05"),
        ("'istanbul' | upper", "tr", "İSTANBUL"),
        ("['a', 'b', 'c'] | list", "de", "a, b und c"),
        ("1 | ordinal", "fr", "1er"),
        ("21 | spell", "de", "ein\xadund\xadzwanzig"),
        ("2.5 | round", "en", "3"),
        ("'Ärger,Zebra,apfel' | split | sort | join", "de", "apfel, Ärger, Zebra"),
    ],
)
def test_filters_follow_the_locale(source: str, locale: str, expected: str) -> None:
    """As CLDR has it."""
    assert text(value(source, locale)) == expected


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "divides by zero"),
        ("5 | unit('furlongs per fortnight')", "is no unit"),
        ("5 | unit('')", "is no unit"),
        *((f"5 | number(1, '{wrong}')", "is no locale") for wrong in ("en_US.UTF-8", "../../etc", "de@currency=EUR")),
        ("5 | unit('meter', 'wide')", "is no width"),
        ("name + 1", "'Ada' is no number"),
        ("none * 2", "there is no number"),
        ("2 ** 100 ** 100", "too large"),
        ("(-8) ** 0.5", "root of a negative"),
        ("1e308 * 10", "too large"),
        ("'ab' * 3", "is no number"),
        ("range(10 ** 9)", "more than 10000 items"),
        (
            "'a' | replace('a', 'b' | pad(1000)) | replace('b', 'c' | pad(1000)) | replace(' ', 'x' | pad(1000))",
            "100000",
        ),
        ("name.upper()", "only functions by name"),
        ("open('x')", "no function 'open'"),
        ("name.__class__", "has no '__class__'"),
        ("tags.append", "has no 'append'"),
        ("flag.real", "has no 'real'"),
        ("name | shout", "no filter 'shout'"),
        ("name | uper", "did you mean 'upper'"),
        ("(lambda x: x)", ""),
        ("name if", ""),
        ("'open", ""),
        ("{% set x = 1 %}", ""),
        ("1 2", "not expected"),
        ("((((" * 200 + "1" + "))))" * 200, "nested"),
        ("x" * 2001, "longer than 2000"),
        ("-" * 1900 + "1", "nested"),
        ("tags | join(*tags)", "cannot be used"),
        ("'nope' | date", "no date"),
        ("1 | currency('EURO')", "no currency"),
        ("color | lighten(7)", "from 0 to 1"),
        ("'paint' | contrast", "no colour"),
        ("item ~ 'x'", "no text"),
        ("1 | pad(10 ** 9)", "from 0 to 1000"),
        ("1 | plural(one='x')", "needs the form"),
        ("name is callable", "no test"),
    ],
)
def test_what_cannot_be_is_told(source: str, says: str) -> None:
    """With a sentence that names the reason or the limit."""
    with pytest.raises(ExpressionError) as caught:
        value(source)
    assert says in str(caught.value) and len(str(caught.value)) < 700


def test_a_clock_is_an_input() -> None:
    """Without one, what depends on the moment is refused rather than read from the machine."""
    with pytest.raises(ExpressionError, match="no clock"):
        compile_expression("now()").value(Scope({}))


def test_nothing_of_python_can_be_reached() -> None:
    """No dunder, no format string, no global: names are the row's and nothing else."""
    for source in ("__builtins__", "self", "''.__class__.__mro__", "cycler", "lipsum", "config", "dict", "joiner"):
        try:
            assert value(source) is None
        except ExpressionError:
            continue


NAMES = st.sampled_from([*ROW, "missing", *FUNCTIONS])
ATOMS = st.one_of(
    NAMES,
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=8).map(lambda each: repr(each)),
)
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "~", "<", ">", "==", "!=", "in", "and", "or")
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(OPERATORS),
            inner,
        ).map(" ".join),
        st.tuples(inner, st.sampled_from(list(FILTERS))).map(lambda each: f"({each[0]}) | {each[1]}"),
        st.tuples(inner, st.sampled_from(list(FILTERS)), inner).map(lambda each: f"({each[0]}) | {each[1]}({each[2]})"),
        st.tuples(inner, st.sampled_from(list(TESTS))).map(lambda each: f"({each[0]}) is {each[1]}"),
        st.tuples(st.sampled_from(list(FUNCTIONS)), inner).map(lambda each: f"{each[0]}({each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]})[{each[1]}]"),
        st.tuples(inner, inner, inner).map(lambda each: f"({each[0]} if {each[1]} else {each[2]})"),
        st.lists(inner, max_size=4).map(lambda each: f"[{', '.join(each)}]"),
    ),
    max_leaves=12,
)


@settings(max_examples=60_000 if LONG else 1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES)
def test_a_made_up_expression_has_a_bounded_value_or_our_error(source: str) -> None:
    """Expressions put together from everything that there is."""
    try:
        made = value(source)
    except ExpressionError:
        return
    if isinstance(made, str):
        assert len(made) <= limits.MAX_TEXT
    elif isinstance(made, list):
        assert len(made) <= limits.MAX_ITEMS


@settings(max_examples=60_000 if LONG else 1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(st.sampled_from("abcn()[]{}|.,:'\"+-*/%~<>=!0129 _e\\\n\x00é{}#if else and or not in is"), max_size=60))
def test_garbage_raises_our_error_or_nothing(source: str) -> None:
    """Characters in any order."""
    try:
        value(source)
    except ExpressionError:
        return
