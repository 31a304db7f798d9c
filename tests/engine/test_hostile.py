"""Documents and rows made to harm: each is drawn right or refused with a code that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
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
    """The last of 50,000 keys repeats the one before it; the answer names it."""
    keys = ",".join(f'"{number}":1' for number in range(50_000))
    with pytest.raises(TemplateProblem) as caught:
        read_json(f'{{{keys},"49999":2}}', 5_000_000)
    assert (caught.value.code, "49999" in str(caught.value)) == ("json_duplicate_key", True)


def boxes(count: int, **more: Any) -> list[dict[str, Any]]:
    """Rectangles over the whole page."""
    return [{"type": "shape", "name": f"box{number}", "fill": "#f008", **more} for number in range(count)]


def nest(depth: int, **more: Any) -> dict[str, Any]:
    """Groups in groups, each with a rectangle of its own."""
    inner: dict[str, Any] = {"type": "shape", "name": "core"}
    for level in range(depth):
        beside = {"type": "shape", "name": f"side{level}"}
        inner = {"type": "group", "name": f"group{level}", "children": [inner, beside], **more}
    return inner


ZIGZAG = "M0 0" + "".join(f"L{step * 7919 % 16384} {step * 104729 % 3000}" for step in range(19_990))
LARGE = {"width": 16_384, "height": 3_000}
EXPENSIVE = {
    "a thousand blurs": boxes(1000, blur=20),
    "a thousand shadows": boxes(1000, shadow="0 4px 12px #000"),
    "a thousand gradients": boxes(1000, fill="conic-gradient(red, #00f8)"),
    "a shape beyond the page": [
        {"type": "shape", "name": "box0", "width": 100_000, "height": 100_000, "shadow": "0 0 500px 16384px #f00"}
    ],
    "dashes without number": boxes(1, shape="line", strokeWidth=4, strokeDash=[0.01, 0.01]),
    "a long way in dashes": boxes(1, shape="path", path=ZIGZAG, strokeWidth=4, strokeDash=[1, 1], blur=20),
    "nested blending": [nest(30, blendMode="multiply")],
    "nested fading": [nest(30, opacity=0.9)],
}


@pytest.mark.check(101)
@pytest.mark.check(113)
@pytest.mark.parametrize("output", ["png", "jpeg"])
@pytest.mark.parametrize("layers", EXPENSIVE.values(), ids=EXPENSIVE.keys())
def test_what_would_take_minutes_is_refused_before_it_begins(studio: Any, layers: list[Any], output: str) -> None:
    """Legal values that multiply each other end in one problem that names a layer."""
    with pytest.raises(RenderProblem) as caught:
        studio.render({**LARGE, "layers": layers}, output=output)
    problem = caught.value.problems[0]
    assert problem.code == "render_too_complex"
    assert problem.layer and problem.layer.startswith(("box", "group"))
    assert problem.hint


@pytest.mark.check(113)
def test_runs_that_no_row_changes_are_estimated_too(studio: Any) -> None:
    """On a page small enough for kept pictures, many blurs of half of the page are refused as well."""
    page = {"width": 4_000, "height": 3_900, "layers": boxes(100, blur=20)}
    with pytest.raises(RenderProblem) as caught:
        studio.render(page)
    assert caught.value.code == "render_too_complex"


@pytest.mark.check(113)
def test_a_list_of_blurs_is_refused_by_what_it_spreads(studio: Any, picture: Callable[..., bytes]) -> None:
    """32 large blurs, each of the last one's result, are refused; 32 small ones are drawn."""
    layer = {"type": "image", "name": "p", "imageUrl": "p.png"}

    def page(filters: str) -> dict[str, Any]:
        return {"width": 1000, "height": 1000, "layers": [{**layer, "imageEffect": filters}]}

    with pytest.raises(RenderProblem) as caught:
        studio.render(page("blur(50px) " * 32), pictures={"p.png": picture()})
    assert caught.value.problems[0].layer == "p"
    small = {**page("blur(1px) " * 32), "width": 100, "height": 100}
    assert studio.render(small, pictures={"p.png": picture()}).files[0].width == 100


@pytest.mark.check(119)
def test_texts_are_limited_together(studio: Any) -> None:
    """Each of a thousand texts is legal, together they are refused by the longest one's name."""
    layers = [{"type": "text", "name": f"t{number}", "text": "word " * 2000} for number in range(1000)]
    with pytest.raises(RenderProblem) as caught:
        studio.render(document(*layers))
    assert (caught.value.code, caught.value.problems[0].layer) == ("render_too_complex", "t999")


@pytest.mark.check(101)
def test_a_thousand_layers_on_a_usual_page_are_drawn(studio: Any) -> None:
    """As many layers as there may be, rounded and with shadows, stay far below the limit of the cost."""
    shown = {"width": 60, "height": 40, "borderRadius": 6, "shadow": "0 2px 6px #0006", "fill": "#36c"}
    layers = [
        {**layer, **shown, "x": index % 40 * 30, "y": index // 40 * 25} for index, layer in enumerate(boxes(1000))
    ]
    page = {"width": 1200, "height": 630, "layers": layers}
    assert len(studio.render(page).report.layers) == 1000


def test_dashes_that_vanish_in_single_precision_are_a_line_without_gaps(studio: Any) -> None:
    """A dash of 1e-300 px on a line without length is drawn like one without dashes."""
    line = {"type": "shape", "shape": "line", "width": 0, "strokeWidth": 4, "strokeCap": "round"}
    assert (studio.pixels(document({**line, "strokeDash": [1e-300]})) == studio.pixels(document(line))).all()


@pytest.mark.check(117)
@pytest.mark.parametrize("bomb", ["(" * 1500, "[" * 1500, "rgb(" * 1000])
@pytest.mark.parametrize(
    "inside",
    [
        '<rect width="10" height="10" style="fill:%s"/>',
        '<rect width="10" height="10" fill="%s" transform="%s"/>',
        '<style>rect{fill:%s}</style><rect width="10" height="10"/>',
        '<style>%s{fill:red}</style><rect width="10" height="10"/>',
    ],
)
def test_brackets_in_a_drawing_are_left_out(studio: Any, inside: str, bomb: str) -> None:
    """A drawing whose colours and selectors are thousands of brackets is drawn without them."""
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{inside.replace("%s", bomb)}</svg>'
    pixels = studio.pixels(document({"type": "svg", "svg": drawing}))
    assert tuple(pixels[20, 30]) == (0, 0, 0, 255)


@pytest.mark.check(113)
@pytest.mark.parametrize(
    ("output", "layer"),
    [
        ("jpeg", {"fill": "#f00", "shadow": "0 20px 60px #000"}),
        ("pdf", {"fill": "conic-gradient(red, #00f8)", "blur": 20}),
    ],
)
def test_what_needs_gigabytes_is_refused(studio: Any, output: str, layer: dict[str, Any]) -> None:
    """The blurred edge of a shape as large as the largest page, and such a picture in a document, are refused."""
    page = {"width": 10_000, "height": 5_000, "layers": [{"type": "shape", "name": "box", **layer}]}
    with pytest.raises(RenderProblem) as caught:
        studio.render(page, output=output)
    assert (caught.value.code, caught.value.problems[0].layer) == ("render_too_complex", "box")
