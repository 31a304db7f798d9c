"""Template documents: what is read, and what is said of those that are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.errors import TemplateProblem
from tirage.engine.parse import parse
from tirage.engine.template import MAX_DEPTH, MAX_LAYERS


def page(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document of one page in the short form."""
    return {"width": 400, "height": 200, "layers": list(layers), **more}


def problems(document: Any) -> dict[str, str]:
    """The codes of all problems by their pointers."""
    with pytest.raises(TemplateProblem) as caught:
        parse(document)
    return {problem.pointer: problem.code for problem in caught.value.problems}


def test_the_short_form_is_one_page() -> None:
    """Width, height and layers at the top stand for a single page."""
    template = parse(page({"type": "text", "name": "title", "text": "Hi"}))
    assert [(p.width, p.height, len(p.layers)) for p in template.document.pages] == [(400, 200, 1)]
    assert template.layers["title"].name == "title"


def test_all_problems_come_at_once_with_pointers_and_hints() -> None:
    """Five mistakes in one document are five problems, each where it is, with the nearest valid name."""
    document = page(
        {"type": "txt", "name": "a"},
        {"type": "text", "name": "b", "fontsize": 12, "color": "rouge", "blendMode": "multipy"},
        {"type": "group", "name": "g", "children": [{"type": "shape", "opacity": 2}]},
        variables=[{"name": "who"}],
        extra=1,
    )
    document["layers"].append({"type": "text", "name": "c", "text": "{{ whom }}"})
    with pytest.raises(TemplateProblem) as caught:
        parse(document)
    found = {problem.pointer: problem for problem in caught.value.problems}
    assert {pointer: problem.code for pointer, problem in found.items()} == {
        "/layers/0/type": "layer_type_unknown",
        "/layers/1/fontsize": "property_unknown",
        "/layers/1/color": "color_invalid",
        "/layers/1/blendMode": "value_invalid",
        "/layers/2/children/0/opacity": "value_invalid",
        "/layers/3/text": "variable_unknown",
        "/extra": "property_unknown",
    }
    assert found["/layers/0/type"].closest == "text"
    assert found["/layers/1/fontsize"].closest == "fontSize"
    assert found["/layers/1/blendMode"].closest == "multiply"
    assert found["/layers/3/text"].closest == "who"
    assert found["/layers/1/color"].layer == "b"


def test_names_and_ids_are_unique_and_canvas_is_reserved() -> None:
    """A second layer of one name is a problem, and so is a layer called canvas."""
    found = problems(
        page({"type": "text", "name": "x"}, {"type": "text", "name": "x"}, {"type": "text", "name": "canvas"})
    )
    assert found == {"/layers/1/name": "name_duplicate", "/layers/2/name": "name_reserved"}


def test_missing_ids_are_made_up_without_clashes() -> None:
    """A layer without an id gets one from its name that no other layer has."""
    template = parse(
        page({"type": "text", "name": "a b"}, {"type": "text", "name": "a-b"}, {"type": "text", "id": "a-b-2"})
    )
    assert list(template.layers) == ["a-b", "a-b-3", "a-b-2"]


def test_limits_are_exact() -> None:
    """1,000 layers and 32 levels are read; one more is refused, without a recursion error."""
    many = [{"type": "shape"} for _ in range(MAX_LAYERS)]
    assert len(parse(page(*many)).layers) == MAX_LAYERS
    assert problems(page(*many, {"type": "shape"})) == {"": "template_too_many_layers"}

    def nested(depth: int) -> dict[str, Any]:
        layer: dict[str, Any] = {"type": "shape"}
        for _ in range(depth - 1):
            layer = {"type": "group", "children": [layer]}
        return layer

    assert len(parse(page(nested(MAX_DEPTH))).layers) == MAX_DEPTH
    assert "template_too_deep" in problems(page(nested(MAX_DEPTH + 1))).values()


@pytest.mark.check(105)
@pytest.mark.parametrize(
    ("width", "height", "ok"),
    [(1, 1, True), (0, 1, False), (16384, 1, True), (16385, 1, False), (10000, 5000, True), (10000, 5001, False)],
)
def test_page_sizes_have_exact_limits(width: int, height: int, ok: bool) -> None:
    """1 to 16384 px a side and 50 megapixels a page."""
    if ok:
        parse({"width": width, "height": height, "layers": []})
    else:
        assert problems({"width": width, "height": height, "layers": []})


@pytest.mark.check(102)
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 3000 + "1" + "}" * 3000])
def test_deep_json_is_refused(text: str) -> None:
    """Nesting beyond the limit is a problem, never a crash."""
    with pytest.raises(TemplateProblem) as caught:
        parse(text)
    assert caught.value.code in ("json_too_deep", "json_invalid")


@pytest.mark.check(103)
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 30, "1" * 5000, "0x10", "1_000"])
def test_numbers_beyond_json_or_reason_are_refused(number: str) -> None:
    """No NaN, no infinity, no number that would be rounded in silence."""
    with pytest.raises(TemplateProblem):
        parse(f'{{"width": 10, "height": 10, "layers": [{{"type": "shape", "rotation": {number}}}]}}')


@pytest.mark.check(104)
@pytest.mark.parametrize("value", [-1, 1e9, 2**53, "12", True, None, []])
@pytest.mark.parametrize("key", ["opacity", "blur", "fontSize", "maxLines"])
def test_numeric_fields_take_numbers_in_range_only(key: str, value: object) -> None:
    """What is out of range or no number is refused with the field's pointer."""
    if (key, value) == ("maxLines", None):
        parse(page({"type": "text", key: value}))
    else:
        assert list(problems(page({"type": "text", key: value}))) == [f"/layers/0/{key}"]


@pytest.mark.check(107)
@pytest.mark.parametrize(
    "data", [b"", b" ", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"a":"\xed\xa0\x80"}', b"{} x", b"{/**/}", b"\x80"]
)
def test_only_clean_utf8_json_is_read(data: bytes) -> None:
    """Wrong encodings, byte-order marks, comments and trailing junk are refused."""
    assert list(problems(data).values()) == ["json_invalid"]


@pytest.mark.check(108)
def test_lone_surrogates_are_refused() -> None:
    """Half a character is no text, whether escaped or in a string of ours."""
    assert problems('{"name": "\\ud800", "width": 1, "height": 1}') == {"": "json_invalid"}
    assert problems('{"name": "\ud800"}') == {"": "json_invalid"}


@pytest.mark.check(109)
def test_duplicate_keys_are_refused() -> None:
    """A key that stands twice is a mistake, not a choice."""
    assert problems('{"width": 1, "width": 2, "height": 1, "layers": []}') == {"": "json_duplicate_key"}


@pytest.mark.check(112)
def test_masks_name_one_of_the_groups_own_children() -> None:
    """A mask that is missing, or the group itself, is a problem."""
    child = {"type": "shape", "id": "s"}
    parse(page({"type": "group", "id": "g", "children": [child], "mask": {"layer": "s"}}))
    assert problems(page({"type": "group", "id": "g", "children": [child], "mask": {"layer": "g"}})) == {
        "/layers/0/mask/layer": "mask_unknown"
    }


@pytest.mark.check(113)
@pytest.mark.parametrize(
    "layer",
    [
        {"shadow": [{"blur": 1e9}]},
        {"shadow": ["0 0 1px"] * 1000},
        {"fill": {"type": "linear", "stops": [{"color": "red"}] * 100_000}},
        {"strokeDash": [1.0] * 100_000},
        {"shape": "path", "path": "M0 0" + "L1 1" * 100_000},
        {"shape": "path", "path": "M0 0 L1e99 0"},
    ],
)
def test_costly_values_are_refused(layer: dict[str, Any]) -> None:
    """Lists, blurs and paths have limits of their own."""
    assert problems(page({"type": "shape", **layer}))


@pytest.mark.check(114)
@pytest.mark.parametrize(
    "color", ["rgb(999,0,0)", "#12", "url(x)", "var(--x)", "red;}", "x" * 1_000_000, "currentColor", ""]
)
def test_bad_colours_are_refused(color: str) -> None:
    """Only colours are colours, and what is out of range is a mistake."""
    assert problems(page({"type": "text", "backgroundColor": color})) == {"/layers/0/backgroundColor": "color_invalid"}


@pytest.mark.check(106)
def test_long_strings_are_refused_and_not_echoed() -> None:
    """The message about an oversized string stays short."""
    with pytest.raises(TemplateProblem) as caught:
        parse(page({"type": "text", "text": "x" * 200_000, "name": "y" * 200_000}))
    assert len(str(caught.value)) < 4096


def test_synonyms_of_the_wire_are_read() -> None:
    """A shape's `backgroundColor` is its fill, as the wire contract names it."""
    template = parse(page({"type": "shape", "name": "s", "backgroundColor": "#ff0000", "borderWidth": "3px"}))
    assert template.layers["s"].model_dump(exclude_defaults=True)["fill"] == "#ff0000"


def test_the_digest_is_of_the_meaning_not_of_the_writing() -> None:
    """Key order and white space do not change the digest; a value does."""
    first = parse('{"width": 4, "height": 2, "layers": []}')
    second = parse(json.dumps({"layers": [], "height": 2, "width": 4}, indent=3))
    assert first.digest == second.digest != parse({"width": 4, "height": 3, "layers": []}).digest


KEYS = ["type", "text", "layers", "width", "shadow", "fill", "name", "pages", "children"]
SCALARS = st.none() | st.booleans() | st.floats() | st.text(max_size=20)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=5)


@given(st.recursive(SCALARS, _containers, max_leaves=30))
def test_anything_is_read_or_refused_cleanly(value: Any) -> None:
    """No JSON-like value raises anything but our own error."""
    try:
        parse({"width": 10, "height": 10, "layers": value} if not isinstance(value, dict) else value)
    except TemplateProblem as error:
        assert error.problems


def test_defaults_fit_their_variables_type() -> None:
    """A default that rows could not bring is a problem of the template."""
    variables = [{"name": "n", "type": "number", "default": "abc"}, {"name": "c", "type": "color", "default": "rouge"}]
    assert problems(page(variables=variables)) == {
        "/variables/0/default": "variable_invalid",
        "/variables/1/default": "variable_invalid",
    }


@pytest.mark.parametrize(
    ("layer", "default", "key"),
    [
        ({"type": "text", "align": "{{ how }}"}, "middle", "align"),
        ({"type": "chart", "chartType": "{{ how | lower }}"}, "Lines", "chartType"),
        ({"type": "shape", "opacity": "{{ how }}"}, "much", "opacity"),
        ({"type": "text", "visible": "{{ 'maybe' }}"}, "", "visible"),
    ],
)
def test_defaults_fit_the_properties_that_they_are_put_into(layer: dict[str, Any], default: str, key: str) -> None:
    """A variable whose default its property does not take is told with the property's place."""
    document = page({**layer, "name": "a"}, variables=[{"name": "how", "default": default}])
    assert problems(document) == {f"/layers/0/{key}": "value_invalid"}


def test_constants_are_no_variables() -> None:
    """`true`, `false` and `none` mean what they mean everywhere else in expressions."""
    template = parse(page({"type": "text", "name": "a", "text": "{{ true }}{{ none }}", "visible": "{{ false }}"}))
    assert template.patterns["a"].keys() == {"text", "visible"}
