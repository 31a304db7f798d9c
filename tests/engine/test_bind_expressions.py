"""Expressions in templates: any property, conditions, and rows that are checked before anything is drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tirage.engine.bind import bind
from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.engine.parse import parse


def document(layers: list[dict[str, Any]], variables: list[Any], **settings: Any) -> dict[str, Any]:
    """A small page; variables by name or as objects."""
    listed = [each if isinstance(each, dict) else {"name": each} for each in variables]
    return {"width": 200, "height": 100, "layers": layers, "variables": listed, "settings": settings}


def layer(**properties: Any) -> dict[str, Any]:
    """A text layer."""
    return {"id": "t", "name": "title", "type": "text", **properties}


def bound(made: dict[str, Any], **row: Any) -> Any:
    """The first layer that is drawn for a row, or None."""
    layers = bind(parse(made), row, now=datetime(2026, 11, 23, tzinfo=UTC)).pages[0].layers
    return layers[0] if layers else None


def test_texts_hold_expressions_and_filters() -> None:
    """Between the braces stands whatever the row makes of it."""
    made = document([layer(text="{{ name | upper }}: {{ price * 2 | int }} €")], ["name", "price"])
    assert bound(made, name="Ada", price="4").text == "ADA: 8 €"


def test_a_property_takes_the_type_of_its_expression() -> None:
    """Numbers and colours need no quotes and no conversion."""
    made = document(
        [layer(text="x", fontSize="{{ 40 if name | length < 10 else 24 }}", color="{{ ground | contrast }}")],
        ["name", "ground"],
    )
    short, long = bound(made, name="Ada", ground="#000"), bound(made, name="Ada King Lovelace", ground="#fff")
    assert (short.font_size, long.font_size) == (40, 24)
    assert (short.color.css, long.color.css) == ("#ffffff", "#000000")


@pytest.mark.parametrize(
    ("price", "badge", "shown"),
    [("9", "SALE", True), ("11", "SALE", False), ("9", "", False), ("9", "no", False), ("9", None, False)],
)
def test_a_condition_shows_a_layer(price: str, badge: str | None, shown: bool) -> None:
    """`price < 10 and badge` is yes where both are, whatever the badge says."""
    made = document([layer(text="x", visible="{{ price < 10 and badge }}")], ["price", "badge"])
    assert (bound(made, price=price, badge=badge) is not None) is shown


def test_values_stay_literal() -> None:
    """A value that looks like an expression or markup is drawn as it is."""
    made = document([layer(text="{{ name ~ '!' }}", markup="html")], ["name"])
    assert bound(made, name="{{ 1 + 1 }} <b>").text == "{{ 1 + 1 }} &lt;b&gt;!"


def test_an_expression_without_a_value_names_itself() -> None:
    """The row fails with the layer, the property and the expression."""
    made = document([layer(text="{{ price / count }}")], ["price", "count"])
    with pytest.raises(RowProblem, match=r"\{\{ price / count \}\} has no value: it divides by zero") as caught:
        bound(made, price=1, count=0)
    problem = caught.value.problems[0]
    assert (problem.code, problem.layer, problem.pointer) == ("expression_failed", "title", "/title.text")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ nmae | upper }}", "No variable is called 'nmae'"),
        ("{{ name | uper }}", "did you mean 'upper'"),
        ("{{ name +  }}", "is no expression"),
        ("{{ it's }}", "is no expression"),
        ("{{ name", "does not end"),
    ],
)
def test_wrong_expressions_are_found_when_the_template_is_read(text: str, says: str) -> None:
    """Not when the ten thousandth row is drawn."""
    with pytest.raises(TemplateProblem) as caught:
        parse(document([layer(text=text)], ["name"]))
    assert says in str(caught.value.problems[0])


def test_braces_and_quotes_inside_expressions() -> None:
    """Objects, and texts that hold braces, do not end an expression."""
    made = document([layer(text="{{ {'a': {'b': 'x}}'}}.a.b }}{{ \"}}\" }}")], [])
    assert bound(made).text == "x}}}}"


def test_lists_and_objects_come_as_json_cells() -> None:
    """A row may carry structure in a cell."""
    made = document(
        [layer(text="{{ items | pick('n') | sum }} {{ one.title }}")],
        [{"name": "items", "type": "list", "max": 3}, {"name": "one", "type": "object", "default": {"title": "T"}}],
    )
    assert bound(made, items='[{"n": 1}, {"n": 2}]').text == "3 T"
    assert bound(made, items=[{"n": 4}], one={"title": "U"}).text == "4 U"
    for wrong in ("[1, 2", '{"n": 1}', "[1, 2, 3, 4]"):
        with pytest.raises(RowProblem, match="'items'"):
            bound(made, items=wrong)


def test_a_row_is_checked_as_a_whole_before_anything_is_drawn() -> None:
    """Type, range, choice, length and pattern: every value that does not fit is told at once."""
    variables = [
        {"name": "size", "choices": ["S", "M", "L"]},
        {"name": "count", "type": "number", "min": 1, "max": 9},
        {"name": "code", "pattern": "[A-Z]{2}[0-9]+"},
        {"name": "short", "maxLength": 3},
        {"name": "day", "type": "date"},
    ]
    made = document([layer(text="{{ size }}{{ count }}{{ code }}{{ short }}{{ day }}")], variables)
    assert bound(made, size="M", count="3", code="AB12", short="abc", day="2026-11-23").text == "M3AB12abc2026-11-23"
    with pytest.raises(RowProblem) as caught:
        bound(made, size="XL", count=10, code="ab", short="abcd", day="soon")
    assert [each.pointer for each in caught.value.problems] == ["/size", "/count", "/code", "/short", "/day"]


def test_a_catastrophic_pattern_is_harmless_and_a_wrong_one_is_told() -> None:
    """Patterns run in linear time."""
    made = document([layer(text="{{ x }}")], [{"name": "x", "pattern": "(a+)+b"}])
    with pytest.raises(RowProblem, match="does not match"):
        bound(made, x="a" * 50_000)
    with pytest.raises(TemplateProblem, match="no regular expression"):
        parse(document([], [{"name": "x", "pattern": "("}]))


def test_the_locale_of_the_template_holds() -> None:
    """Numbers and dates are written as it wants them."""
    made = document([layer(text="{{ n | number }} {{ d | date('long') }}")], ["n", "d"], locale="de")
    assert bound(made, n=1234.5, d="2026-11-23").text == "1.234,5 23. November 2026"


def test_the_moment_of_the_render_is_an_input() -> None:
    """The same moment, the same text."""
    assert bound(document([layer(text="{{ d | days_until }}")], ["d"]), d="2026-12-24").text == "31"
