"""Layers that are tied to others or to edges lie where those are, whatever a row makes of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Studio

from tirage.engine.bind import bind
from tirage.engine.errors import TemplateProblem
from tirage.engine.parse import parse
from tirage.engine.sizes import for_size


def bar(name: str = "bar", **more: Any) -> dict[str, Any]:
    """A red bar of 20 × 10 px."""
    return {"type": "shape", "name": name, "width": 20, "height": 10, "fill": "#ff0000", **more}


def text(name: str, written: str, **more: Any) -> dict[str, Any]:
    """A text in a box of 200 × 60 px at (10, 20)."""
    return {"type": "text", "name": name, "text": written, "fontSize": 20, "x": 10, "y": 20, "width": 200,
            "height": 60, **more}  # fmt: skip


def page(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A white page of 300 × 200 px."""
    return {"width": 300, "height": 200, "background": "#ffffff", "layers": list(layers), **more}


def box(studio: Studio, document: dict[str, Any], name: str = "bar", row: Any = None, **more: Any) -> tuple[float, ...]:
    """Where a layer lies."""
    (found,) = (each.box for each in studio.render(document, row, **more).report.layers if each.name == name)
    return found.x, found.y, found.width, found.height


def problems(*layers: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """What is wrong with a page: codes and pointers."""
    with pytest.raises(TemplateProblem) as caught:
        parse(page(*layers, **more))
    return [(each.code, each.pointer) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("anchor", "place"),
    [
        ({"top": {"layer": "a", "offset": 24}}, (3, 104)),
        ({"bottom": {"layer": "a", "offset": -4}}, (3, 26)),
        ({"left": {"layer": "a", "offset": 6}}, (106, 4)),
        ({"right": {"layer": "a"}}, (30, 4)),
        ({"left": {"layer": "a", "edge": "left"}, "top": {"layer": "a", "edge": "middle"}}, (50, 60)),
        ({"center": {"layer": "a"}, "middle": {"layer": "a"}}, (65, 55)),
        ({"center": {"layer": "a", "edge": "right"}}, (90, 4)),
        ({"right": {"offset": -5}, "bottom": {"edge": "middle"}}, (275, 90)),
        ({"left": {"offset": "50%"}, "middle": {}}, (150, 95)),
    ],
)
def test_an_edge_lies_where_it_is_tied(studio: Studio, anchor: Any, place: tuple[float, float]) -> None:
    """The opposite edge of a sibling, or the one that is named; the same one of the page; the other axis is its own."""
    target = bar("a", x=50, y=40, width=50, height=40)
    assert box(studio, page(target, bar(x=3, y=4, anchor=anchor)))[:2] == place


def test_what_is_tied_looks_like_what_is_placed_by_hand(studio: Studio) -> None:
    """The painting order stays that of the document, whoever comes first."""
    tied = page(
        bar("over", fill="#00ff00", anchor={"top": {"layer": "a", "edge": "top", "offset": 5}}),
        bar("a", y=50, x=5),
    )
    hand = page(bar("over", fill="#00ff00", y=55), bar("a", y=50, x=5))
    assert np.array_equal(studio.pixels(tied), studio.pixels(hand))


def test_two_edges_stretch_a_layer_between_others(studio: Studio) -> None:
    """From the end of one to the beginning of the next; never less than nothing."""
    made = page(bar("a", x=10, width=30), bar("b", x=200),
                bar(anchor={"left": {"layer": "a", "offset": 5}, "right": {"layer": "b", "offset": -5}}))  # fmt: skip
    assert box(studio, made) == (45, 0, 150, 10)
    crossed = page(bar("a", x=100), bar("b", x=20), bar(anchor={"left": {"layer": "a"}, "right": {"layer": "b"}}))
    assert box(studio, crossed)[2] == 0


@pytest.mark.parametrize("align", ["top", "middle", "bottom"])
def test_a_layer_follows_the_set_lines_of_a_text(studio: Studio, align: str) -> None:
    """24 px below the text, not below its box, wherever in it the lines lie; more lines push it down."""
    anchor = {"top": {"layer": "title", "of": "text", "offset": 24}}
    made = page(text("title", "{{ t }}", verticalAlign=align, padding=4), bar(anchor=anchor), variables=[{"name": "t"}])
    one, two = (box(studio, made, row={"t": t})[1] for t in ("Sale", "Sale\nSale"))
    bottom = {"top": 28 + 20, "middle": 50 + 12, "bottom": 76}[align]
    assert one == pytest.approx(bottom + 24)
    assert two - one == pytest.approx({"top": 24, "middle": 12, "bottom": 0}[align])


def test_a_layer_follows_the_ink_of_a_text(studio: Studio) -> None:
    """A badge stands behind the last letter, and an underline below what is painted."""
    badge = bar(anchor={"left": {"layer": "title", "of": "ink", "offset": 8}, "bottom": {"layer": "title", "of": "ink",
                "edge": "bottom"}})  # fmt: skip
    made = page(text("title", "{{ t }}"), badge, variables=[{"name": "t"}])
    for written in ("Ada", "Ada King"):
        report = studio.render(made, {"t": written}).report.layers
        (ink,) = (each.ink for each in report if each.name == "title")
        found = next(each.box for each in report if each.name == "bar")
        assert ink is not None and found.x == pytest.approx(ink.right + 8)
        assert found.bottom == pytest.approx(ink.bottom)


def test_an_empty_text_is_as_high_as_nothing(studio: Studio) -> None:
    """What follows it moves up to where the text would begin."""
    anchor = {"top": {"layer": "title", "of": "text", "offset": 24}}
    assert box(studio, page(text("title", ""), bar(anchor=anchor)))[1] == 44


def test_a_text_that_grows_pushes_what_is_tied_to_its_box(studio: Studio) -> None:
    """The box is the one that it took."""
    anchor = {"top": {"layer": "title", "offset": 10}}
    made = page(text("title", "{{ t }}", fit="grow", height=30), bar(anchor=anchor), variables=[{"name": "t"}])
    assert box(studio, made, row={"t": "x"})[1] == 60
    assert box(studio, made, row={"t": "x\nx\nx"})[1] == pytest.approx(20 + 72 + 10)


def test_chains_are_followed_in_any_order(studio: Studio) -> None:
    """Each below the one before it, the last one first in the document; as long as documents get."""
    count = 900
    chain = [bar(f"b{i}", anchor={"top": {"layer": f"b{i - 1}", "offset": -9}} if i else None) for i in range(count)]
    for each in chain:
        each.update({"anchor": each["anchor"]} if each["anchor"] else {})
    chain[0].pop("anchor")
    made = page(*reversed(chain))
    assert box(studio, made, f"b{count - 1}")[1] == count - 1


def test_who_is_tied_to_a_touched_layer_moves_with_it(studio: Studio) -> None:
    """Only the title's length changes; what was kept as a picture before is drawn anew where it belongs."""
    anchor = {"left": {"layer": "title", "of": "ink", "offset": 8}}
    follower = bar("second", anchor={"left": {"layer": "bar", "offset": 4}})
    still = bar("still", y=150)
    made = page(
        follower, still, text("title", "{{ t }}"), bar(anchor=anchor), variables=[{"name": "t", "default": "A"}]
    )
    bound = bind(parse(made), {"t": "B"})
    touched = bound.pages[0].touched & {"title", "bar", "second", "still"}
    assert touched == {"title", "bar", "second"}
    for written in ("Ada", "Ada King", "A"):
        kept, fresh = (studio.pixels(made, {"t": written}, fresh=each) for each in (False, True))
        assert np.array_equal(kept, fresh)
    assert box(studio, made, "second", {"t": "Ada King"})[0] > box(studio, made, "second", {"t": "A"})[0] + 40


def test_layers_in_other_runs_are_found(studio: Studio) -> None:
    """A row touches what lies between the two in painting order."""
    between = text("between", "{{ t }}", y=120)
    made = page(bar("a", x=100), between, bar(anchor={"left": {"layer": "a"}}), variables=[{"name": "t"}])
    assert box(studio, made, row={"t": "x"})[0] == 120


def test_a_hidden_layer_hands_its_anchor_on(studio: Studio) -> None:
    """Without the subtitle the body follows the title; without either it stands where it says itself."""
    sub = bar("sub", visible="{{ s }}", anchor={"top": {"layer": "title", "offset": 10}})
    body = bar(y=7, anchor={"top": {"layer": "sub", "offset": 20}})
    title = bar("title", y=30, visible="{{ h }}")
    flags = [{"name": "s", "type": "boolean", "default": True}, {"name": "h", "type": "boolean", "default": True}]
    made = page(title, sub, body, variables=flags)
    assert box(studio, made)[1] == 80
    assert box(studio, made, row={"s": False})[1] == 50
    assert box(studio, made, row={"s": False, "h": False})[1] == 7


def test_anchors_within_groups_are_in_the_groups_coordinates(studio: Studio) -> None:
    """Siblings are those of the same group; a turned group turns them all."""
    tied = bar(anchor={"top": {"layer": "a", "offset": 5}, "right": {}})
    group = {"type": "group", "name": "g", "x": 100, "y": 50, "width": 100, "height": 80,
             "children": [bar("a", x=10, y=10), tied]}  # fmt: skip
    assert box(studio, page(group)) == (180, 75, 20, 10)
    hand = {**group, "rotation": 30, "children": [bar("a", x=10, y=10), bar(x=80, y=25)]}
    assert np.array_equal(studio.pixels(page({**group, "rotation": 30})), studio.pixels(page(hand)))


def test_tied_children_stand_outside_of_a_layout(studio: Studio) -> None:
    """A badge on the second card of a row takes no place in the row."""
    row = {"type": "group", "name": "g", "layout": "row", "gap": 10, "widthMode": "hug", "heightMode": "hug",
           "children": [bar("a"), bar("b"), bar(width=6, height=6, anchor={
               "center": {"layer": "b", "edge": "right"}, "middle": {"layer": "b", "edge": "top"}})]}  # fmt: skip
    assert box(studio, page(row), "g") == (0, 0, 50, 10)
    assert box(studio, page(row)) == (47, -3, 6, 6)


@pytest.mark.parametrize(
    ("pin", "place"),
    [
        ({"right": 20, "bottom": 10}, (260, 180, 20, 10)),
        ({"left": 5, "right": 15}, (5, 4, 280, 10)),
        ({"left": "10%", "right": "10%", "top": 8, "bottom": 8}, (30, 8, 240, 184)),
        ({"top": 0}, (3, 0, 20, 10)),
        ({"left": -4}, (-4, 4, 20, 10)),
        ({}, (3, 4, 20, 10)),
    ],
)
def test_pins_keep_distances_from_the_edges(studio: Studio, pin: Any, place: tuple[float, ...]) -> None:
    """One edge places, two stretch."""
    assert box(studio, page(bar(x=3, y=4, pin=pin))) == place


def test_pinned_layers_adapt_to_another_size(studio: Studio) -> None:
    """Of one template each size looks like one that was written for it."""
    panel = {"type": "group", "name": "panel", "pin": {"left": 10, "right": 10, "bottom": 10}, "height": 40,
             "backgroundColor": "#0000ff", "children": [bar(pin={"right": 5, "top": 5})]}  # fmt: skip
    made = page(panel, sizes=[{"name": "story", "width": 100, "height": 250}])
    data = json.dumps(made).encode()
    story = json.loads(for_size(parse(data), data, "story"))
    hand = {"type": "group", "name": "panel", "x": 10, "y": 200, "width": 80, "height": 40,
            "backgroundColor": "#0000ff", "children": [bar(x=55, y=5)]}  # fmt: skip
    assert np.array_equal(studio.pixels(story), studio.pixels({**page(hand), "width": 100, "height": 250}))


def test_a_stretched_text_hugs_its_height_at_the_width_it_got(studio: Studio) -> None:
    """Pinned left and right, so that it breaks; what follows is tied to its end."""
    words = text("title", "word " * 20, heightMode="hug", pin={"left": 20, "right": 80})
    made = page(words, bar(anchor={"top": {"layer": "title", "offset": 5}}))
    x, y, wide, tall = box(studio, made, "title")
    assert (x, y, wide) == (20, 20, 200) and tall > 48
    assert box(studio, made)[1] == pytest.approx(20 + tall + 5)


@pytest.mark.parametrize("output", ["pdf", "svg"])
def test_documents_have_the_same_places(studio: Studio, output: str) -> None:
    """Layout knows nothing of the format."""
    anchor = {"top": {"layer": "title", "of": "text", "offset": 24}, "left": {"layer": "title", "of": "ink"}}
    made = page(text("title", "Sale"), bar(anchor=anchor))
    assert box(studio, made, output=output) == pytest.approx(box(studio, made), abs=0.5)


def test_unknown_names_and_circles_are_problems_of_the_template() -> None:
    """With the closest name, and the way of the circle."""
    at = "/layers/1/anchor"
    with pytest.raises(TemplateProblem) as caught:
        parse(page(bar("title"), bar(anchor={"top": {"layer": "titel"}})))
    problem = caught.value.problems[0]
    assert (problem.code, problem.pointer, problem.closest) == ("anchor_unknown", f"{at}/top/layer", "title")
    circle = [bar(f"b{i}", anchor={"top": {"layer": f"b{(i + 1) % 3}"}}) for i in range(3)]
    with pytest.raises(TemplateProblem) as caught:
        parse(page(bar("d", anchor={"top": {"layer": "b1"}}), *circle))
    assert [each.code for each in caught.value.problems] == ["anchor_circular"]
    assert "'b1' → 'b2' → 'b0' → 'b1'" in str(caught.value)
    assert problems(bar(), bar("a", anchor={"top": {"layer": "a"}})) == [("anchor_circular", f"{at}/top/layer")]


def test_edges_that_contradict_each_other_are_refused() -> None:
    """Pinned and anchored; a middle beside an end; an edge of the wrong axis."""
    at = "/layers/0"
    assert problems(bar(pin={"top": 1}, anchor={"top": {}})) == [("anchor_conflict", f"{at}/pin/top")]
    assert problems(bar(anchor={"center": {}, "left": {}})) == [("anchor_conflict", f"{at}/anchor/center")]
    assert problems(bar(anchor={"middle": {}}, pin={"bottom": 1})) == [("anchor_conflict", f"{at}/anchor/middle")]
    assert problems(bar(anchor={"top": {"edge": "left"}})) == [("value_invalid", f"{at}/anchor/top/edge")]
    assert problems(bar(anchor={"topp": {}})) == [("property_unknown", f"{at}/anchor/topp")]
    inner = {"type": "group", "name": "g", "children": [bar(anchor={"top": {"layer": "out"}})]}
    assert problems(bar("out"), inner) == [("anchor_unknown", "/layers/1/children/0/anchor/top/layer")]


def test_an_override_of_a_size_is_checked_with_the_template() -> None:
    """Whether or not the size is asked for."""
    size = {"name": "s", "width": 9, "height": 9, "overrides": {"b": {"anchor": {"top": {"layer": "aa"}}}}}
    assert problems(bar("a"), bar("b"), sizes=[size]) == [("anchor_unknown", "/sizes/0/overrides/b/anchor/top/layer")]


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["left", "right", "top", "bottom", "center", "middle"])),
                min_size=2, max_size=12))  # fmt: skip
def test_any_web_of_anchors_is_placed_or_refused(ties: list[tuple[int, str]]) -> None:
    """A web without circles is placed, one with them is told; nothing else happens, and it ends."""
    layers = [bar(f"b{i}", anchor={key: {"layer": f"b{to % len(ties)}"}}) for i, (to, key) in enumerate(ties)]
    # Everybody is tied to somebody, so there is a circle; without the first one's tie there may be none.
    with pytest.raises(TemplateProblem):
        parse(page(*layers))
    layers[0].pop("anchor")
    try:
        template = parse(page(*layers))
    except TemplateProblem as refused:
        assert {each.code for each in refused.problems} == {"anchor_circular"}
    else:
        assert len(bind(template).pages[0].layers) == len(ties)
