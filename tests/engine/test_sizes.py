"""One template in several sizes: what a size changes, and what is refused in it."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from tests.engine.conftest import Studio

from tirage.engine.errors import TemplateProblem
from tirage.engine.parse import parse
from tirage.engine.sizes import chosen_sizes, for_size
from tirage.engine.template import Template

CARD: dict[str, Any] = {
    "width": 120,
    "height": 60,
    "background": "#ffffff",
    "layers": [
        {"type": "shape", "name": "bar", "backgroundColor": "#ff0000", "width": "50%", "height": 20},
        {"type": "group", "name": "box", "children": [{"type": "text", "text": "{{ title }}", "fontSize": 12}]},
    ],
    "variables": [{"name": "title", "default": "Hello"}],
    "sizes": [
        {
            "name": "story",
            "width": 60,
            "height": 120,
            "overrides": {
                "bar": {"fill": "#00ff00", "height": "25%"},
                "text": {"fontSize": 20, "text": "{{ title }}!"},
                "canvas": {"backgroundColor": "#000000"},
            },
        },
        {"name": "square", "width": 80, "height": 80},
    ],
}


def sized(document: dict[str, Any], name: str) -> Template:
    """The document in a size, read again."""
    data = json.dumps(document).encode()
    return parse(for_size(parse(data), data, name))


def problems(*sizes: dict[str, Any]) -> list[tuple[str, str]]:
    """The code and pointer of everything that is wrong with a card of these sizes."""
    with pytest.raises(TemplateProblem) as caught:
        parse({**CARD, "sizes": list(sizes)})
    return [(each.code, each.pointer) for each in caught.value.problems]


def test_a_size_looks_like_a_template_written_for_it(studio: Studio) -> None:
    """The story is pixel by pixel what a document with its page and values is."""
    by_hand = copy.deepcopy(CARD)
    by_hand |= {"width": 60, "height": 120, "background": "#000000"}
    by_hand["layers"][0] = {"type": "shape", "name": "bar", "fill": "#00ff00", "width": "50%", "height": "25%"}
    by_hand["layers"][1]["children"][0] |= {"fontSize": 20, "text": "{{ title }}!"}
    data = json.dumps(CARD).encode()
    story = json.loads(for_size(parse(data), data, "story"))
    row = {"title": "Hi"}
    assert np.array_equal(studio.pixels(story, row), studio.pixels(by_hand, row))
    assert tuple(studio.pixels(story, row)[0, 0]) == (0, 255, 0, 255)


def test_all_pages_take_the_size_and_their_own_overrides() -> None:
    """In a document of several pages each gets the width and height, and overrides find layers on any page."""
    pages = [{"width": 10, "height": 10, "layers": [{"type": "shape", "name": name}]} for name in ("one", "two")]
    document = {"pages": pages, "sizes": [{"name": "s", "width": 7, "height": 9, "overrides": {"two": {"x": 3}}}]}
    template = sized(document, "s")
    assert [(page.width, page.height) for page in template.document.pages] == [(7, 9), (7, 9)]
    assert template.layers["two"].x.value == 3 and template.layers["one"].x.value == 0


def test_each_size_has_a_digest_of_its_own_that_other_sizes_do_not_change() -> None:
    """Recipes of one size stay as they are when another size is edited."""
    changed = copy.deepcopy(CARD)
    changed["sizes"][1]["width"] = 81
    story, square = sized(CARD, "story").digest, sized(CARD, "square").digest
    assert len({story, square, parse(CARD).digest}) == 3
    assert sized(changed, "story").digest == story
    assert sized(changed, "square").digest != square


def test_sizes_are_chosen_by_name_or_all_at_once() -> None:
    """Each is chosen once, in the order asked for; an unknown one is told with the closest name."""
    template = parse(CARD)
    assert chosen_sizes(template, ["all"]) == ("story", "square")
    assert chosen_sizes(template, ["square", "all", "square"]) == ("square", "story")
    with pytest.raises(TemplateProblem) as caught:
        chosen_sizes(template, ["stroy"])
    assert (caught.value.code, caught.value.problems[0].closest) == ("size_unknown", "story")
    with pytest.raises(TemplateProblem, match="lists no `sizes`"):
        chosen_sizes(parse({"width": 1, "height": 1}), ["all"])


def test_overrides_are_checked_where_they_stand() -> None:
    """Unknown layers, unknown and fixed properties, bad values and unknown variables are told with their pointers."""
    bad = {
        "name": "s",
        "width": 10,
        "height": 10,
        "overrides": {
            "bra": {"x": 1},
            "bar": {"fil": "#000", "fill": "reddish", "id": "other", "x": [1], "opacity": "0.5"},
            "text": {"text": "{{ titel }}"},
            "canvas": {"width": 5, "background": "nothing"},
        },
    }
    assert problems(bad) == [
        ("size_layer_unknown", "/sizes/0/overrides/bra"),
        ("size_property_unknown", "/sizes/0/overrides/bar/fil"),
        ("color_invalid", "/sizes/0/overrides/bar/fill"),
        ("size_property_unknown", "/sizes/0/overrides/bar/id"),
        ("length_invalid", "/sizes/0/overrides/bar/x"),
        ("value_invalid", "/sizes/0/overrides/bar/opacity"),
        ("variable_unknown", "/sizes/0/overrides/text/text"),
        ("property_unknown", "/sizes/0/overrides/canvas/width"),
        ("color_invalid", "/sizes/0/overrides/canvas/background"),
    ]


def test_names_and_pages_of_sizes_have_their_limits() -> None:
    """`all` is reserved, names differ in more than case, and a page has at most 50 megapixels."""
    page = {"width": 10, "height": 10}
    assert problems({"name": "a", **page}, {"name": "A", **page}) == [("size_duplicate", "/sizes/1/name")]
    assert problems({"name": "all", **page}) == [("name_reserved", "/sizes/0/name")]
    assert problems({"name": "big", "width": 16_000, "height": 16_000}) == [("page_too_large", "/sizes/0/width")]
    assert problems({"name": "../up", **page})[0][1] == "/sizes/0/name"
    assert problems({"name": "wide", "width": 16_385, "height": 1})[0][1] == "/sizes/0/width"
    assert problems(*({"name": f"s{number}", **page} for number in range(51)))[0][1] == "/sizes"


@pytest.mark.parametrize("overrides", [[], {"bar": []}, {"bar": None}, "bar", {"bar": {"fill": {"a": [1]}}}])
def test_overrides_of_a_wrong_shape_are_told(overrides: object) -> None:
    """Whatever stands in place of overrides is a problem with a pointer, never a failure."""
    found = problems({"name": "s", "width": 10, "height": 10, "overrides": overrides})
    assert found and all(pointer.startswith("/sizes/0/overrides") for _, pointer in found)
