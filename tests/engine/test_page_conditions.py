"""Pages are drawn or left out by a row's values; those that stay keep their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.engine.conftest import Studio, decode

from tirage.engine.bind import apply, bind
from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.engine.parse import parse
from tirage.engine.recipe import recipe

COLORS = ("#ff0000", "#00ff00", "#0000ff")


def document(*conditions: Any) -> dict[str, Any]:
    """A page of another colour for each condition."""
    pages = [
        {
            "width": 20,
            "height": 10,
            "background": color,
            "visible": visible,
            "layers": [{"type": "shape", "name": color, "y": 9}],
        }
        for color, visible in zip(COLORS, conditions, strict=False)
    ]
    return {"pages": pages, "variables": [{"name": "long", "type": "boolean"}, {"name": "count", "default": 2}]}


def numbers(made: dict[str, Any], row: dict[str, Any] | None = None) -> list[int]:
    """The numbers of the pages that are drawn."""
    return [page.index for page in bind(parse(made), row).pages]


def test_conditions_drop_pages_and_the_others_keep_their_numbers(studio: Studio) -> None:
    """In the report, in the files, in a document of several pages."""
    made = document(True, "{{ long }}", "{{ count > 1 }}")
    assert numbers(made) == [0, 2] and numbers(made, {"long": "yes"}) == [0, 1, 2]
    rendered = studio.render(made, {"long": False})
    assert len(rendered.files) == 2 and [each.page for each in rendered.report.layers] == [0, 2]
    assert tuple(decode(rendered.files[1].data)[0, 0]) == (0, 0, 255, 255)
    assert studio.render(made, {"long": False}, output="pdf").files[0].data.count(b"/Type /Page\n") == 2


def test_what_a_table_writes_for_no_is_no() -> None:
    """As everywhere in conditions; a condition that is a plain word is read once."""
    assert [numbers(document(True, "{{ long }}"), {"long": each}) for each in ("off", "0", "no")] == [[0]] * 3
    assert numbers(document(True, False)) == [0]
    assert numbers(document(True, "false")) == [0]


def test_a_row_that_hides_all_pages_is_an_error() -> None:
    """At least one page is drawn; a template that never draws one is refused at once."""
    with pytest.raises(RowProblem) as row:
        bind(parse(document("{{ long }}")), {"long": False})
    assert row.value.code == "pages_hidden"
    with pytest.raises(TemplateProblem) as template:
        parse(document(False, False))
    assert template.value.problems[0].code == "pages_hidden"


def test_mistakes_in_conditions_are_told_where_they_are() -> None:
    """Unknown variables, expressions that are none, values that are no condition; and of a row what has no value."""
    wrong: list[tuple[Any, str]] = [
        ("{{ lnog }}", "variable_unknown"), ("{{ long + }}", "placeholder_invalid"), (3, "value_invalid")
    ]  # fmt: skip
    for condition, code in wrong:
        with pytest.raises(TemplateProblem) as caught:
            parse(document(True, condition))
        assert [(each.code, each.pointer) for each in caught.value.problems] == [(code, "/pages/1/visible")]
    with pytest.raises(RowProblem) as row:
        bind(parse(document(True, "{{ count > 1 }}")), {"count": "many"})
    assert (row.value.code, row.value.problems[0].pointer) == ("expression_failed", "/pages/1/visible")


def test_overrides_draw_the_same_pages_in_another_process(studio: Studio) -> None:
    """Conditions travel as their outcome; another outcome is another recipe."""
    made = document(True, "{{ long }}")
    bound = bind(parse(made), {"long": False})
    again = apply(parse(made), bound.overrides)
    assert [page.index for page in again.pages] == [0]
    assert recipe(bound, {}, (), {}) != recipe(bind(parse(made), {"long": True}), {}, (), {})
    one = {**document(True), "variables": []}
    assert np.array_equal(studio.pixels(made, {"long": False}), studio.pixels(one))
