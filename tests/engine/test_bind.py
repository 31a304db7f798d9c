"""Rows on templates: who wins, what stays literal, what is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.bind import apply, bind
from tirage.engine.collect import collect
from tirage.engine.errors import RowProblem
from tirage.engine.parse import parse
from tirage.engine.recipe import recipe
from tirage.engine.resources import FontRef, ImageRef
from tirage.engine.template import BoundTemplate, Template

DOCUMENT: dict[str, Any] = {
    "width": 400,
    "height": 200,
    "variables": [
        {"name": "who", "default": "you"},
        {"name": "photo", "type": "image"},
        {"name": "brand", "type": "color", "default": "#112233"},
        {"name": "note", "emptyMeans": "empty", "default": "none"},
        {"name": "age", "type": "number"},
        {"name": "code", "required": True},
    ],
    "layers": [
        {"type": "text", "name": "title", "text": "Hello {{ who }}!", "color": "{{ brand }}"},
        {"type": "text", "name": "who", "text": "<{{ who }}>"},
        {"type": "image", "name": "picture", "imageUrl": "{{ photo }}"},
        {"type": "text", "name": "rich", "text": "<b>{{ note }}</b>", "markup": "html"},
        {"type": "text", "name": "plain", "text": "-", "markup": "none"},
        {
            "type": "group",
            "name": "group",
            "children": [{"type": "shape", "name": "dot"}, {"type": "text", "name": "leaf"}],
        },
    ],
}


@pytest.fixture(scope="module")
def template() -> Template:
    """The document above."""
    return parse(DOCUMENT)


def layer(bound: BoundTemplate, name: str) -> Any:
    """A bound layer by name."""
    waiting: list[Any] = [each for page in bound.pages for each in page.layers]
    while waiting:
        found = waiting.pop()
        if found.name == name:
            return found
        waiting.extend(found.nested())
    return None


def test_variables_take_the_row_then_their_default(template: Template) -> None:
    """A row's value wins over the default, and an empty cell keeps it."""
    assert layer(bind(template, {"code": "1"}), "title").text == "Hello you!"
    assert layer(bind(template, {"code": "1", "who": "Ann"}), "title").text == "Hello Ann!"
    assert layer(bind(template, {"code": "1", "who": ""}), "title").text == "Hello you!"


def test_an_empty_cell_can_mean_empty(template: Template) -> None:
    """`emptyMeans: empty` empties the text; a column that is not there keeps the default."""
    assert layer(bind(template, {"code": "1", "note": ""}), "rich").text == "<b></b>"
    assert layer(bind(template, {"code": "1"}), "rich").text == "<b>none</b>"


def test_later_wins(template: Template) -> None:
    """Variable < column named like the layer < column `layer.key` < params."""
    row: dict[str, Any] = {"code": "1", "who": "Ann"}
    assert layer(bind(template, row), "title").text == "Hello Ann!"
    row["title"] = "Column"
    assert layer(bind(template, row), "title").text == "Column"
    row["title.text"] = "Keyed"
    assert layer(bind(template, row), "title").text == "Keyed"
    assert layer(bind(template, row, [{"name": "title", "text": "Param"}]), "title").text == "Param"


def test_a_column_that_is_the_layers_own_variable_fills_it(template: Template) -> None:
    """A column called like a variable and like the layer that mentions it replaces the placeholder, not the text."""
    assert layer(bind(template, {"code": "1", "who": "Ann"}), "who").text == "<Ann>"


@pytest.mark.check(116)
@pytest.mark.parametrize(
    "value", ["{{ who }}", "{{7*7}}", "${x}", "%s", "{0.__class__}", "{% for x in y %}", "<b>x</b>", "&amp;"]
)
def test_values_are_literal(template: Template, value: str) -> None:
    """A value is drawn as it is, even where it looks like markup or a placeholder."""
    bound = bind(template, {"code": "1", "who": value, "note": value, "plain": value})
    assert layer(bound, "title").text == f"Hello {value}!"
    assert layer(bound, "plain").text == value
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert layer(bound, "rich").text == f"<b>{escaped}</b>"


def test_text_of_the_wire_is_markup_unless_the_layer_refuses(template: Template) -> None:
    """`params[].text` is read as the HTML subset, but not where the layer says `markup: none`."""
    bound = bind(
        template, {"code": "1"}, [{"name": "title", "text": "<b>x</b>"}, {"name": "plain", "text": "<b>x</b>"}]
    )
    assert (layer(bound, "title").markup, layer(bound, "plain").markup) == ("html", "none")


def test_relative_pictures_of_a_row_are_marked(template: Template) -> None:
    """A row's relative path resolves against the data file; URLs stay what they are."""
    assert layer(bind(template, {"code": "1", "photo": "a/b.jpg"}), "picture").image_url == "row:a/b.jpg"
    assert layer(bind(template, {"code": "1", "picture": "c.jpg"}), "picture").image_url == "row:c.jpg"
    assert layer(bind(template, {"code": "1", "photo": "https://x.test/a"}), "picture").image_url == "https://x.test/a"


def test_strings_of_cells_become_the_propertys_type(template: Template) -> None:
    """Numbers, booleans and lists may be written as text."""
    bound = bind(template, {"code": "1", "dot.opacity": "0.5", "dot.strokeDash": "[4, 2]", "title.visible": "false"})
    assert (layer(bound, "dot").opacity, layer(bound, "dot").stroke_dash) == (0.5, (4.0, 2.0))
    assert layer(bound, "title") is None


@pytest.mark.check(115)
def test_every_misfit_of_a_row_is_told_at_once(template: Template) -> None:
    """Missing required values, wrong types and objects for strings are problems of the row."""
    with pytest.raises(RowProblem) as caught:
        bind(template, {"age": "old", "brand": "rouge", "who": {"a": 1}})
    assert [(problem.code, problem.pointer) for problem in caught.value.problems] == [
        ("variable_invalid", "/who"),
        ("variable_invalid", "/brand"),
        ("variable_invalid", "/age"),
        ("variable_missing", "/code"),
    ]


def test_values_that_do_not_fit_name_layer_and_key(template: Template) -> None:
    """A bad colour or number is told with its layer and its key."""
    with pytest.raises(RowProblem) as caught:
        bind(template, {"code": "1", "dot.fill": "rouge", "dot.opacity": "7"})
    assert [(problem.layer, problem.pointer) for problem in caught.value.problems] == [
        ("dot", "/dot.fill"),
        ("dot", "/dot.opacity"),
    ]


def test_columns_that_fit_nowhere_are_warnings(template: Template) -> None:
    """An unknown column, an unknown property and a conflict are told with the nearest name."""
    bound = bind(template, {"code": "1", "titel": "x", "dot.colour": "red", "title": "a", "title.text": "b"})
    assert [warning.code for warning in bound.warnings] == ["column_unused", "column_unused", "column_conflict"]
    assert "'title'" in bound.warnings[0].message


def test_unknown_layers_of_the_wire_are_warnings_or_errors() -> None:
    """Without strict they are warnings with the closest name; with it the row is refused."""
    lax = parse(DOCUMENT)
    assert bind(lax, {"code": "1"}, [{"name": "titel"}]).warnings[0].code == "layer_not_found"
    strict = parse(DOCUMENT | {"settings": {"strict": True}})
    with pytest.raises(RowProblem) as caught:
        bind(strict, {"code": "1"}, [{"name": "titel"}])
    assert (caught.value.code, caught.value.problems[0].closest) == ("layer_not_found", "title")


def test_the_canvas_is_the_page(template: Template) -> None:
    """`canvas` sets the page's background and size."""
    page = bind(template, {"code": "1", "canvas.backgroundColor": "#ff0000", "canvas.width": "300"}).pages[0]
    assert (page.width, page.background_touched) == (300, True)


def test_untouched_layers_are_the_templates_own(template: Template) -> None:
    """What a row does not touch stays the same object, so that its picture can be kept."""
    bound = bind(template, {"code": "1", "leaf": "x"})
    assert layer(bound, "plain") is template.layers["plain"]
    assert {"leaf", "group"} <= bound.pages[0].touched and "dot" not in bound.pages[0].touched


def test_overrides_rebuild_the_bound_template(template: Template) -> None:
    """The canonical bound row is all that a child needs."""
    bound = bind(template, {"code": "1", "who": "Ann", "dot.fill": "red", "leaf.visible": "no"})
    again = apply(template, bound.overrides)
    assert [page.layers for page in again.pages] == [page.layers for page in bound.pages]


def test_collect_names_each_resource_once(template: Template) -> None:
    """Pictures in order of use, and the faces of texts."""
    refs = collect(
        bind(
            template, {"code": "1", "photo": "https://x.test/a.png", "dot.fill": '{"type":"image","imageUrl":"b.png"}'}
        )
    )
    assert [ref for ref in refs if isinstance(ref, ImageRef)] == [ImageRef("https://x.test/a.png"), ImageRef("b.png")]
    assert FontRef("Inter", 400, False) in refs and FontRef("Inter", 700, False) in refs


def test_recipes_follow_what_decides_the_bytes(template: Template) -> None:
    """The same row gives the same recipe, whatever brought the values; another value, picture or option another one."""

    def of(row: dict[str, Any], images: dict[str, str] | None = None, **options: Any) -> str:
        return recipe(bind(template, row), images or {}, ["f"], options)

    base = of({"code": "1", "title": "x"})
    assert base == of({"title.text": "x", "code": "2"})
    assert (
        len(
            {
                base,
                of({"code": "1", "title": "y"}),
                of({"code": "1", "title": "x"}, {"a": "1"}),
                of({"code": "1", "title": "x"}, scale=2),
            }
        )
        == 4
    )


COLUMNS = ["who", "code", "title", "title.fontSize", "dot.fill", "canvas.width", "x.y", "leaf"]
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)


@given(st.dictionaries(st.sampled_from(COLUMNS), VALUES))
def test_any_row_binds_or_is_refused_cleanly(row: dict[str, Any]) -> None:
    """No row raises anything but our own error."""
    try:
        bind(parse(DOCUMENT), row)
    except RowProblem as error:
        assert error.problems


def test_placeholders_without_a_value_keep_what_the_type_says() -> None:
    """A property of another type than text waits for its variable, nested or not."""
    stops = [{"color": "{{ brand }}"}, {"color": "#fff"}]
    layers = [
        {"type": "shape", "name": "s", "visible": "{{ shown }}", "fill": {"type": "linear", "stops": stops}},
        {"type": "text", "name": "t", "text": "[{{ brand }}]"},
    ]
    variables = [{"name": "brand", "type": "color"}, {"name": "shown", "type": "boolean"}]
    parsed = parse({"width": 10, "height": 10, "variables": variables, "layers": layers})
    empty = bind(parsed, {})
    assert (layer(empty, "s").visible, layer(empty, "t").text) == (True, "[]")
    assert layer(bind(parsed, {"shown": "no"}), "s") is None
    assert layer(bind(parsed, {"brand": "red"}), "s").fill.stops[0].color.css == "#ff0000"


def test_a_row_cannot_mask_a_group_by_a_stranger() -> None:
    """A mask that a row names must be one of the group's shown children."""
    parsed = parse(
        {"width": 9, "height": 9, "layers": [{"type": "group", "name": "g", "children": [{"type": "shape"}]}]}
    )
    with pytest.raises(RowProblem) as caught:
        bind(parsed, {"g.mask": '{"layer": "nobody"}'})
    assert caught.value.code == "mask_unknown"


def test_long_numbers_keep_their_digits(template: Template) -> None:
    """A number that JSON readers would round stays the text it is, and has a recipe."""
    bound = bind(template, {"code": "1", "title": 10**30, "who": 10**30})
    assert (layer(bound, "title").text, layer(bound, "who").text) == ("1" + "0" * 30, f"<1{'0' * 30}>")
    assert recipe(bound, {}, [], {})


def test_canvas_of_one_page() -> None:
    """`canvas` is every page, `canvas[1]` the second one, from requests and from columns alike; there is no third."""
    template = parse({"pages": [{"width": 10, "height": 10, "layers": []}, {"width": 10, "height": 10, "layers": []}]})
    every = {"name": "canvas", "backgroundColor": "#ff0000"}
    second = {"name": "canvas[1]", "backgroundColor": "#00ff00"}
    bound = bind(template, params=[second, every, {"name": "canvas[2]", "backgroundColor": "#0000ff"}])
    assert bound.pages[0].background != bound.pages[1].background
    assert [each.code for each in bound.warnings] == ["layer_not_found"]
    columns = bind(template, {"canvas.backgroundColor": "#ff0000", "canvas[1].backgroundColor": "#00ff00"})
    assert columns.overrides == bound.overrides and columns.warnings == ()
