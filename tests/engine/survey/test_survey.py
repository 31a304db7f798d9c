"""A survey tells what a drawn row would lose, without drawing it, and how texts stand out from what is beneath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Given, Studio

from tirage.engine.bind import bind
from tirage.engine.options import OutputOptions
from tirage.engine.parse import parse
from tirage.engine.survey import Surveyed, Surveyor
from tirage.engine.survey.contrast import contrast, uniform
from tirage.engine.values.color import BLACK, WHITE, Color

Draw = Callable[..., bytes]
TITLE = {"type": "text", "name": "title", "text": "{{ title }}", "x": 10, "y": 10, "width": 180, "height": 40,
         "fontSize": 24, "color": "#222222"}  # fmt: skip


def card(*layers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A page of 200 × 100 px with variables for what the tests change."""
    variables = [{"name": name} for name in ("title", "photo", "tone", "value")]
    return {"width": 200, "height": 100, "layers": list(layers), "variables": variables, **more}


def surveyed(
    studio: Studio, document: Mapping[str, Any], row: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None,
    *, painted: bool = False, **options: Any,
) -> Surveyed:  # fmt: skip
    """The survey of one row."""
    template = parse(document)
    given_ = Given(studio.fonts, pictures or {})
    surveyor = Surveyor(template, studio.services)
    bound = bind(template, row)
    first = surveyor.survey(bound, given_, OutputOptions(**options), painted=painted)
    assert surveyor.survey(bound, given_, OutputOptions(**options), painted=painted) == first
    return first


def codes(found: Surveyed) -> list[str]:
    """The codes of what is found in the row."""
    return [each.code for each in found.row]


def test_texts_at_their_smallest_size_and_empty_ones(studio: Studio) -> None:
    """Shrinking to the least size is told, and so is a text that is only spaces; one that fits is not."""
    layer = {**TITLE, "fit": "shrink", "minFontSize": 10, "maxLines": 1}
    document = card(layer)
    assert codes(surveyed(studio, document, {"title": "fits"})) == []
    longer = [surveyed(studio, document, {"title": "m" * length}) for length in range(6, 30)]
    told = [codes(each) for each in longer]
    smallest = told.index(["text_smallest"])
    assert told[:smallest] == [[]] * smallest and told[-1] == ["text_cut"]
    assert "px instead of 24 px" in longer[smallest].row[0].message
    assert codes(surveyed(studio, document, {"title": "far too long for a line of this card " * 3})) == ["text_cut"]
    assert codes(surveyed(studio, document, {"title": " "})) == ["text_empty"]


@pytest.mark.parametrize(
    ("size", "layer", "expected"),
    [
        ((400, 200), {}, []),
        ((60, 30), {}, ["picture_small"]),
        ((60, 30), {"fit": "none"}, []),
        ((800, 120), {}, ["picture_ratio"]),
        ((300, 300), {"fit": "fill"}, ["picture_ratio"]),
        ((60, 400), {"fit": "contain"}, ["picture_ratio"]),
        ((400, 200), {"imagePosition": "contain"}, []),
        ((400, 320), {"imagePosition": "align", "imageAlignH": "full"}, ["picture_ratio"]),
    ],
)  # fmt: skip
def test_pictures_too_small_or_of_another_ratio(
    studio: Studio, picture: Draw, size: tuple[int, int], layer: dict[str, Any], expected: list[str]
) -> None:
    """A picture enlarged beyond half again, cut away by half, filling less or stretched is told."""
    document = card({"type": "image", "name": "photo", "imageUrl": "{{ photo }}", "width": 200, "height": 100, **layer})
    found = surveyed(studio, document, {"photo": "p.png"}, {"p.png": picture(*size)})
    assert codes(found) == expected


def test_the_scale_of_the_output_decides_on_pixels(studio: Studio, picture: Draw) -> None:
    """A picture that is fine on screen is too small for three times as many pixels."""
    document = card({"type": "image", "name": "photo", "imageUrl": "{{ photo }}", "width": 200, "height": 100})
    pictures = {"p.png": picture(300, 150)}
    assert codes(surveyed(studio, document, {"photo": "p.png"}, pictures)) == []
    assert codes(surveyed(studio, document, {"photo": "p.png"}, pictures, scale=3)) == ["picture_small"]


def test_drawings_have_pixels_enough(studio: Studio) -> None:
    """An SVG is never too small, and it is not lowered for a survey."""
    document = card({"type": "image", "name": "photo", "imageUrl": "{{ photo }}", "width": 200, "height": 100})
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4"/></svg>'
    assert codes(surveyed(studio, document, {"photo": "p.svg"}, {"p.svg": drawing}, scale=4)) == []


def test_dense_codes_are_found_without_drawing(studio: Studio) -> None:
    """A code too dense for its printed size is told with the dots per inch that are meant."""
    document = card({"type": "qrcode", "name": "code", "value": "{{ value }}", "width": 80, "height": 80})
    row = {"value": "https://example.org/tickets/4711"}
    assert codes(surveyed(studio, document, row, dpi=96)) == []
    assert codes(surveyed(studio, document, row, dpi=600)) == ["code_dense"]


def test_pale_text_of_the_template_is_told_of_the_template(studio: Studio) -> None:
    """Where neither the colour nor the ground is the row's, it is the template's trouble, and told once."""
    pale = {**TITLE, "color": "#999999"}
    found = surveyed(studio, card(pale), {"title": "x"})
    assert found.row == () and [each.code for each in found.template] == ["contrast_low"]
    assert "2.8:1" in found.template[0].message
    assert surveyed(studio, card(TITLE), {"title": "x"}).template == ()


def test_a_rows_colours_are_measured_against_their_ground(studio: Studio) -> None:
    """The row's colour of a text, of a band below it and of the page decide; what covers them wins."""
    coloured = {**TITLE, "color": "{{ tone }}"}
    assert codes(surveyed(studio, card(coloured), {"title": "x", "tone": "#eeeeee"})) == ["contrast_low"]
    assert codes(surveyed(studio, card(coloured), {"title": "x", "tone": "#004400"})) == []
    band = {"type": "shape", "name": "band", "fill": "{{ tone }}", "width": 200, "height": 60}
    assert codes(surveyed(studio, card(band, TITLE), {"title": "x", "tone": "#333333"})) == ["contrast_low"]
    plate = {"type": "shape", "name": "plate", "fill": "#ffffff", "width": 200, "height": 60}
    assert codes(surveyed(studio, card(band, plate, TITLE), {"title": "x", "tone": "#333333"})) == []
    assert codes(surveyed(studio, card(TITLE), {"title": "x", "canvas.backgroundColor": "#111111"})) == ["contrast_low"]
    own = {**TITLE, "backgroundColor": "#ffffff"}
    assert codes(surveyed(studio, card(band, own), {"title": "x", "tone": "#333333"})) == []


def test_text_over_the_rows_picture_is_known_only_where_it_is_painted(studio: Studio, picture: Draw) -> None:
    """Unpainted the ground is unsure; painted, dark text on a dark picture is told and on a light one is not."""
    photo = {"type": "image", "name": "photo", "imageUrl": "{{ photo }}", "width": 200, "height": 100}
    document = card(photo, TITLE)
    pictures = {"dark.png": picture(400, 200, "#202020"), "light.png": picture(400, 200, "#f0f0f0")}
    unsure = surveyed(studio, document, {"title": "x", "photo": "dark.png"}, pictures)
    assert unsure.unsure and unsure.row == ()
    dark = surveyed(studio, document, {"title": "x", "photo": "dark.png"}, pictures, painted=True)
    assert codes(dark) == ["contrast_low"] and not dark.unsure
    assert codes(surveyed(studio, document, {"title": "x", "photo": "light.png"}, pictures, painted=True)) == []


def test_a_pictures_half_decides_where_the_text_stands_on_it(studio: Studio, picture: Draw) -> None:
    """Of a picture of the template only what lies beneath the letters counts, also in groups and rotated."""
    photo = {"type": "image", "name": "photo", "imageUrl": "half.png", "width": 200, "height": 100}
    pictures = {"half.png": picture(400, 200, "#ffffff", "#202020")}
    left, right = {**TITLE, "width": 80}, {**TITLE, "x": 120, "width": 70}
    assert surveyed(studio, card(photo, left), {"title": "x"}, pictures).template == ()
    assert [each.code for each in surveyed(studio, card(photo, right), {"title": "x"}, pictures).template] == [
        "contrast_low"
    ]
    group = {"type": "group", "name": "g", "rotation": 180, "width": 200, "height": 100, "children": [left]}
    assert [each.code for each in surveyed(studio, card(photo, group), {"title": "x"}, pictures).template] == [
        "contrast_low"
    ]


def test_shadows_and_clear_grounds_are_not_judged(studio: Studio) -> None:
    """A shadow lifts text off any ground; on a transparent page nobody knows what will lie beneath."""
    pale = {**TITLE, "color": "#eeeeee"}
    assert surveyed(studio, card({**pale, "shadow": "0 0 3px #000"}), {"title": "x"}).template == ()
    assert surveyed(studio, card(pale, background="#ffffff00"), {"title": "x"}).template == ()


@given(
    st.tuples(*[st.integers(0, 255)] * 3),
    st.tuples(*[st.integers(0, 255)] * 3),
)
def test_contrast_of_even_grounds_is_that_of_two_colours(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    """On samples of one colour the measure is WCAG's, in either direction."""
    text, ground = (Color(*(part / 255 for part in each)) for each in (one, other))
    assert contrast(text, 1.0, uniform(ground)) == pytest.approx(text.contrast(ground))
    assert contrast(ground, 1.0, uniform(text)) == pytest.approx(text.contrast(ground))


def test_faint_text_and_stripes() -> None:
    """Half transparent black is grey; a tenth of dark ground below dark text still reads, a half does not."""
    assert contrast(BLACK, 0.5, uniform(WHITE)) == pytest.approx(Color(0.5, 0.5, 0.5).contrast(WHITE), rel=0.02)
    ground = np.full((100, 3), 255, np.uint8)
    ground[:10] = 0
    assert contrast(BLACK, 1.0, ground) == pytest.approx(21)
    ground[:50] = 0
    assert contrast(BLACK, 1.0, ground) == pytest.approx(1)


def test_repeated_and_tied_layers_are_measured_for_each_row(studio: Studio) -> None:
    """Copies of a repeated group have values of their own, and what is tied to a text follows that row's text."""
    cell = {"type": "text", "name": "cell", "width": 80, "height": 20, "fontSize": 14, "text": "{{ item }}"}
    group = {"type": "group", "name": "list", "layout": "column", "width": 100, "height": 100, "children": [cell],
             "repeat": {"items": "{{ items }}"}}  # fmt: skip
    document = {**card(group), "variables": [{"name": "items", "type": "list", "default": []}]}
    template = parse(document)
    surveyor = Surveyor(template, studio.services)

    def found(items: list[str]) -> list[tuple[str, str | None]]:
        told = surveyor.survey(bind(template, {"items": items}), Given(studio.fonts), OutputOptions())
        return [(each.code, each.layer) for each in told.row]

    assert found(["a", "b"]) == []
    assert found(["a", "far too long for this cell"]) == [("text_overflow", "cell[1]")]
    assert found(["far too long for this cell", "b"]) == [("text_overflow", "cell[0]")]
