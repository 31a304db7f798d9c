"""Documents and rows made to harm: each is drawn right or refused with a code that says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tirage.engine.errors import RenderProblem, RowProblem, TemplateProblem
from tirage.engine.json_strict import read_json
from tirage.engine.parse import parse


def document(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A page of 60 × 40 px."""
    return {"width": 60, "height": 40, "layers": list(layers), **more}


@pytest.mark.check(117)
@pytest.mark.parametrize("bomb", ["(" * 4000, "[" * 4000, "a(" * 2000, "blur(" * 800, "{ " * 2000, "(" * 90])
@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ({"type": "image", "imageEffect": "%s"}, "filter_invalid"),
        ({"type": "shape", "shadow": "%s"}, "shadow_invalid"),
        ({"type": "shape", "fill": "linear-gradient(%s)"}, "fill_invalid"),
    ],
)
def test_nested_brackets_are_refused_before_they_are_followed(layer: dict[str, Any], code: str, bomb: str) -> None:
    """CSS values with thousands of open brackets have a problem, not a recursion without end."""
    written = {key: value.replace("%s", bomb) for key, value in layer.items()}
    with pytest.raises(TemplateProblem) as caught:
        parse(document(written))
    assert caught.value.code == code


def test_brackets_in_the_style_of_a_markup_span_are_left_out(studio: Any) -> None:
    """A style attribute full of brackets costs the style, not the render."""
    text = f'<span style="color:{"(" * 1900}">a</span>'
    layer = {"type": "text", "markup": "html", "text": text}
    warnings = studio.render(document(layer)).report.warnings
    assert "markup_ignored" in [warning.code for warning in warnings]


@pytest.mark.check(113)
def test_lists_of_shadows_do_not_nest(studio: Any) -> None:
    """A cell that writes a list in a list in a list is refused by name."""
    row = {"box.shadow": "[" * 900 + '"0 0 1px red"' + "]" * 900}
    with pytest.raises(RowProblem) as caught:
        studio.render(document({"type": "shape", "name": "box"}), row)
    assert (caught.value.code, caught.value.problems[0].layer) == ("shadow_invalid", "box")


@pytest.mark.check(103)
@pytest.mark.parametrize("value", ["1_0", "0x10", "nan", "NaN", "inf", "1e999", "１２", True, "", float("nan"), 10**30])
@pytest.mark.parametrize("key", ["fontSize", "rotation", "maxLines", "x", "letterSpacing"])
def test_cells_are_numbers_as_json_writes_them(studio: Any, key: str, value: Any) -> None:
    """What only Python reads as a number is refused with the column; an empty cell changes nothing."""
    drawing = document({"type": "text", "name": "t", "text": "a"})
    row = {f"t.{key}": value}
    if value == "":
        assert (studio.pixels(drawing, row) == studio.pixels(drawing)).all()
        return
    with pytest.raises(RowProblem) as caught:
        studio.render(drawing, row)
    assert caught.value.problems[0].pointer == f"/t.{key}"


@pytest.mark.check(115)
@pytest.mark.parametrize("value", ["1_000", "nan", "１２", "abc", [1], 10**30])
def test_number_variables_take_numbers(studio: Any, value: Any) -> None:
    """A variable of numbers refuses what only looks like one."""
    drawing = document({"type": "text", "text": "{{ n }}"}, variables=[{"name": "n", "type": "number", "default": 1}])
    with pytest.raises(RowProblem) as caught:
        studio.render(drawing, {"n": value})
    assert caught.value.code == "variable_invalid"


@pytest.mark.check(105)
def test_a_row_cannot_make_the_page_larger_than_a_template_may(studio: Any) -> None:
    """Both sides are legal alone, their product is not: refused before anything is laid out."""
    with pytest.raises(RowProblem) as caught:
        studio.render(document(), {"canvas.width": 10_000, "canvas.height": 5_001})
    assert caught.value.code == "page_too_large"


@pytest.mark.check(105)
def test_webp_says_that_it_holds_no_16384_pixels(studio: Any) -> None:
    """A side of 16384 px is a picture in other formats and a refusal in WebP."""
    page = {"width": 16_384, "height": 1, "layers": []}
    assert studio.render(page).files[0].width == 16_384
    with pytest.raises(RenderProblem) as caught:
        studio.render(page, output="webp")
    assert (caught.value.code, "16383" in str(caught.value)) == ("output_too_large", True)


@pytest.mark.check(109)
def test_a_duplicate_among_many_keys_is_found_in_one_pass() -> None:
    """The last of 200,000 keys repeats the one before it; the answer names it."""
    keys = ",".join(f'"{number}":1' for number in range(200_000))
    with pytest.raises(TemplateProblem) as caught:
        read_json(f'{{{keys},"199999":2}}', 5_000_000)
    assert (caught.value.code, "199999" in str(caught.value)) == ("json_duplicate_key", True)
