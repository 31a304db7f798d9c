"""Groups that are drawn once for each item of a list: copies, what they see, how they are called, and the bounds."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Studio

from tirage.engine.bind import apply, bind
from tirage.engine.collect import collect
from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.engine.parse import parse
from tirage.engine.recipe import recipe
from tirage.engine.resources import ROW_SCHEME, ImageRef
from tirage.engine.sizes import for_size

ITEMS = [{"name": "Lamp", "width": 20}, {"name": "Chair", "width": 30, "sale": True}, {"name": "Desk", "width": 40}]


def bar(name: str = "bar", **more: Any) -> dict[str, Any]:
    """A red bar 10 px high."""
    return {"type": "shape", "name": name, "width": 20, "height": 10, "fill": "#ff0000", **more}


def listed(*children: dict[str, Any], repeat: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A page with one group that is repeated for the variable `products`."""
    group = {"type": "group", "name": "list", "layout": "column", "gap": 5, "children": list(children),
             "repeat": repeat or {"items": "{{ products }}", "as": "product", "index": "i"}, **more}  # fmt: skip
    variables = [{"name": "products", "type": "list", "default": ITEMS}, {"name": "title", "default": "Sale"}]
    return {"width": 100, "height": 100, "background": "#ffffff", "variables": variables, "layers": [group]}


def boxes(studio: Studio, document: dict[str, Any], row: dict[str, Any] | None = None) -> dict[str, tuple[float, ...]]:
    """Where the layers lie, by name."""
    found = studio.render(document, row).report.layers
    return {each.name: (each.box.x, each.box.y, each.box.width, each.box.height) for each in found}


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a document: codes and pointers."""
    with pytest.raises(TemplateProblem) as caught:
        parse(document)
    return [(each.code, each.pointer) for each in caught.value.problems]


def test_a_repeated_group_looks_like_layers_written_by_hand(studio: Studio) -> None:
    """Three bars, each as wide as its item says, one below the other."""
    made = listed(bar(width="{{ product.width }}"))
    hand = {**made, "variables": [], "layers": [bar(f"b{i}", width=20 + 10 * i, y=15 * i) for i in range(3)]}
    assert np.array_equal(studio.pixels(made), studio.pixels(hand))


def test_copies_bear_the_number_of_their_item(studio: Studio) -> None:
    """In the report, so that a copy is found; also the layers inside of one."""
    inner = {"type": "group", "name": "card", "height": 20, "children": [bar()]}
    assert list(boxes(studio, listed(inner))) == ["list", "card[0]", "bar[0]", "card[1]", "bar[1]", "card[2]", "bar[2]"]


def test_items_and_their_number_are_in_scope_and_hide_variables(studio: Studio) -> None:
    """Texts, conditions and sizes see the item; a name given twice means the inner one."""
    text = {"type": "text", "name": "t", "text": "{{ title }} {{ i + 1 }}: {{ product.name | upper }}", "height": 20}
    shown = bar(visible="{{ product.sale }}")
    report = studio.render(listed(text, shown)).report.layers
    assert [each.text.text for each in report if each.text] == ["Sale 1: LAMP", "Sale 2: CHAIR", "Sale 3: DESK"]
    assert [each.name for each in report if each.name.startswith("bar")] == ["bar[1]"]
    hidden = listed({**text, "text": "{{ title }}"}, repeat={"items": "{{ products }}", "as": "title"})
    assert [each.text.text for each in studio.render(hidden, {"products": ["a"]}).report.layers if each.text] == ["a"]


def test_a_row_brings_the_list_also_as_json_in_a_cell(studio: Studio) -> None:
    """A list, its JSON, an expression over it; an empty one draws nothing."""
    made = listed(bar())
    assert len(boxes(studio, made, {"products": [{}, {}]})) == 3
    assert len(boxes(studio, made, {"products": '[{"a": 1}, {"b": 2}]'})) == 3
    assert list(boxes(studio, made, {"products": []})) == ["list"]
    first = listed(bar(), repeat={"items": "{{ products[:1] }}"})
    assert list(boxes(studio, first)) == ["list", "bar[0]"]
    written = listed(bar(width="{{ item }}"), repeat={"items": [10, "{{ products[0].width }}"]})
    assert [each[2] for each in boxes(studio, written).values()][1:] == [10, 20]


def test_groups_repeat_within_repeated_groups(studio: Studio) -> None:
    """An item's own list; both items are in scope inside."""
    cell = bar(width="{{ cell * 10 }}", x="{{ i }}")
    inner = {"type": "group", "name": "row", "layout": "row", "height": 10, "children": [cell],
             "repeat": {"items": "{{ line }}", "as": "cell", "index": "j"}}  # fmt: skip
    made = listed(inner, repeat={"items": "{{ products }}", "as": "line", "index": "i"})
    found = boxes(studio, made, {"products": [[1, 2], [3]]})
    assert [name for name in found if name.startswith("bar")] == ["bar[0][0]", "bar[0][1]", "bar[1][0]"]
    assert [found["bar[0][1]"], found["bar[1][0]"]] == [(10, 0, 20, 10), (0, 15, 30, 10)]


def test_columns_and_params_reach_all_copies_or_one(studio: Studio) -> None:
    """A column of the layer's name changes each copy; `bar[1]` in a request only that one, and it ranks above."""
    template = parse(listed(bar()))
    bound = bind(template, {"bar.width": "33"}, [{"name": "bar[1]", "width": 44}, {"name": "bar", "height": 7}])
    assert [bound.overrides[f"bar[{i}]"] for i in range(3)] == [
        {"width": "33", "height": 7}, {"width": 44, "height": 7}, {"width": "33", "height": 7},
    ]  # fmt: skip
    assert not bound.warnings
    missing = bind(template, None, [{"name": "bar[3]", "width": 1}])
    assert [each.width.value for each in missing.pages[0].layers[0].nested()] == [20, 20, 20]


def test_overrides_draw_the_same_in_another_process() -> None:
    """They are JSON; applied to a template that was read again they give the same layers and the same recipe."""
    document = listed(bar(width="{{ product.width }}"), {"type": "text", "name": "t", "text": "{{ product.name }}"})
    bound = bind(parse(document))
    again = apply(parse(document), json.loads(json.dumps(bound.overrides)))
    assert again.pages[0].layers == bound.pages[0].layers
    assert recipe(again, {}, (), {}) == recipe(bound, {}, (), {})
    assert recipe(bind(parse(document), {"products": ITEMS[:2]}), {}, (), {}) != recipe(bound, {}, (), {})


def test_pictures_of_items_are_collected_and_found_beside_the_table() -> None:
    """A path that came with the row is one beside the data file; one of the template is beside the template."""
    picture = {"type": "image", "name": "p", "imageUrl": "{{ product.picture }}", "height": 10}
    made = listed(picture)
    brought = bind(parse(made), {"products": [{"picture": "a.png"}, {"picture": "https://x.test/b.png"}]})
    assert collect(brought) == (ImageRef(ROW_SCHEME + "a.png"), ImageRef("https://x.test/b.png"))
    made["variables"][0]["default"] = [{"picture": "own.png"}]
    assert collect(bind(parse(made))) == (ImageRef("own.png"),)


def test_anchors_and_masks_inside_a_copy_stay_inside_of_it(studio: Studio) -> None:
    """What a copy's layer is tied to, or masked by, is the copy of the same item."""
    tied = bar("tied", anchor={"left": {"layer": "bar", "offset": 5}})
    mask = {"type": "group", "name": "masked", "height": 10, "mask": {"layer": "m"},
            "children": [bar("m", width=10, id="m"), bar("seen", width=100)]}  # fmt: skip
    card = {"type": "group", "name": "card", "height": 10,
            "children": [bar(width="{{ product.width }}"), tied]}  # fmt: skip
    found = boxes(studio, listed(card))
    assert [found[f"tied[{i}]"][0] for i in range(3)] == [25, 35, 45]
    pixels = studio.pixels(listed(mask))
    for top in (5, 20, 35):
        assert tuple(pixels[top, 5]) == (255, 0, 0, 255) and tuple(pixels[top, 50]) == (255, 255, 255, 255)


def test_more_items_than_the_limit_are_cut_with_a_warning(studio: Studio) -> None:
    """A hundred by default, or as many as the group says."""
    made = listed(bar(height=1), repeat={"items": "{{ products }}", "limit": 2})
    rendered = studio.render(made)
    assert [each.code for each in rendered.report.warnings] == ["repeat_cut"]
    assert [each.name for each in rendered.report.layers] == ["list", "bar[0]", "bar[1]"]
    bound = bind(parse(listed(bar())), {"products": [1] * 150})
    assert len(bound.pages[0].layers[0].nested()) == 100 and bound.warnings[0].code == "repeat_cut"


def test_repetitions_make_a_thousand_layers_at_most() -> None:
    """Also where two of them multiply."""
    inner = {"type": "group", "name": "row", "children": [bar()], "repeat": {"items": "{{ products }}", "limit": 1000}}
    made = listed(inner, repeat={"items": "{{ products }}", "limit": 1000})
    assert bind(parse(made), {"products": [1] * 30}).pages
    with pytest.raises(RowProblem) as caught:
        bind(parse(made), {"products": [1] * 1000})
    assert caught.value.code == "repeat_too_many" and "1,000" in str(caught.value)


@pytest.mark.parametrize("given_", [7, "five", {"a": 1}, "[1, 2"])
def test_what_is_no_list_is_told_by_the_groups_name(given_: Any) -> None:
    """Nothing else can be repeated for."""
    made = listed(bar())
    made["variables"][0] = {"name": "products"}
    if isinstance(given_, dict):
        made["variables"][0]["type"] = "object"
    with pytest.raises(RowProblem) as caught:
        bind(parse(made), {"products": given_})
    assert caught.value.code == "repeat_invalid" and "'list'" in str(caught.value)


def test_mistakes_in_a_template_are_told_where_they_are() -> None:
    """Unknown names inside and outside, what is no list, two names alike, a mask over copies."""
    at = "/layers/0/repeat"
    assert problems(listed(bar(width="{{ prodct.width }}"))) == [("variable_unknown", "/layers/0/children/0/width")]
    assert problems(listed(bar(), repeat={"items": "{{ product }}"})) == [("variable_unknown", f"{at}/items")]
    assert problems(listed(bar(), repeat={"items": "products"})) == [("repeat_invalid", f"{at}/items")]
    assert problems(listed(bar(), repeat={"items": [1], "as": "a", "index": "a"})) == [
        ("repeat_invalid", f"{at}/index")
    ]
    assert problems(listed(bar(id="m"), mask={"layer": "m"})) == [("repeat_invalid", at)]
    assert problems(listed(bar(), repeat={"as": "a"}))[0] == ("property_missing", f"{at}/items")
    assert problems(listed(bar(), repeat={"items": [1], "limit": 1001})) == [("value_invalid", f"{at}/limit")]
    outside = listed(bar())
    outside["layers"].append({"type": "text", "name": "t", "text": "{{ product.name }}"})
    assert problems(outside) == [("variable_unknown", "/layers/1/text")]


def test_rows_cannot_change_what_repeats() -> None:
    """The list is the row's, the repetition is the template's."""
    bound = bind(parse(listed(bar())), {"list.repeat": "[]"}, [{"name": "list", "repeat": None, "anchor": {}}])
    assert [each.code for each in bound.warnings] == ["column_unused", "property_unknown"]


def test_a_size_may_override_layers_that_repeat(studio: Studio) -> None:
    """With the names of the repetition in scope, also another limit."""
    made = listed(bar())
    made["sizes"] = [{"name": "small", "width": 50, "height": 50, "overrides": {
        "bar": {"width": "{{ product.width / 2 }}"},
        "list": {"repeat": {"items": "{{ products }}", "as": "product", "limit": 2}}}}]  # fmt: skip
    data = json.dumps(made).encode()
    small = json.loads(for_size(parse(data), data, "small"))
    found = boxes(studio, small)
    assert [found[f"bar[{i}]"][2] for i in range(2)] == [10, 15] and len(found) == 3
    made["sizes"][0]["overrides"]["bar"]["width"] = "{{ item.width }}"
    assert problems(made) == [("variable_unknown", "/sizes/0/overrides/bar/width")]


@pytest.mark.parametrize("output", ["pdf", "svg"])
def test_documents_show_the_copies_as_well(studio: Studio, output: str) -> None:
    """The report of a document is that of a picture."""
    made = listed(bar(width="{{ product.width }}"))
    found = [each.name for each in studio.render(made, output=output).report.layers]
    assert found == ["list", "bar[0]", "bar[1]", "bar[2]"]


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                             lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
                             max_leaves=10), max_size=120))  # fmt: skip
def test_any_list_is_bound_or_refused_with_a_problem(items: list[Any]) -> None:
    """Nothing but our own error, and as many copies as there are items and the limit allows."""
    text = {"type": "text", "name": "t", "text": "{{ product.name }} {{ i }}"}
    try:
        bound = bind(parse(listed(text)), {"products": items})
    except RowProblem as refused:
        assert refused.code in ("expression_failed", "value_invalid")
    else:
        assert len(bound.pages[0].layers[0].nested()) == min(100, len(items))
