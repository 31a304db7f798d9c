"""Meters show the share that a value is of its maximum, in the colours that the wire names."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.bind import bind
from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.engine.meters.arcs import arc, point, sector
from tirage.engine.parse import parse


def document(**layer: Any) -> dict[str, Any]:
    """A page of 200 × 100 px with one meter over it."""
    return {
        "width": 200,
        "height": 100,
        "background": "#ffffff",
        "layers": [{"id": "m", "name": "meter", "width": 200, "height": 100, **layer}],
    }


def share_of_colour(pixels: Any, colour: tuple[int, int, int]) -> float:
    """How many of the pixels are exactly of a colour."""
    return float((pixels[:, :, :3] == colour).all(axis=2).mean())


@pytest.mark.parametrize("value", [0, 1, 25, 50, 99, 100])
def test_a_progress_bar_is_filled_as_far_as_its_value(studio: Any, value: int) -> None:
    """With straight ends the filled area is exactly the share."""
    made = document(type="progressBar", value=value, progressColor="#ff0000", remainingColor="#00ff00", borderRadius=0)
    pixels = studio.pixels(made)
    assert share_of_colour(pixels, (255, 0, 0)) == pytest.approx(value / 100, abs=0.001)
    assert share_of_colour(pixels, (0, 255, 0)) == pytest.approx(1 - value / 100, abs=0.001)


@pytest.mark.parametrize("value", [0, 10, 50, 90, 100])
def test_a_gauge_is_filled_as_far_as_its_value(studio: Any, value: int) -> None:
    """Of all ring pixels, the share has the colour of progress."""
    made = document(
        type="gauge", value=value, progressColor="#ff0000", circleColor="#00ff00", label="", cap="butt", thickness=0.2
    )
    pixels = studio.pixels(made)
    red, green = share_of_colour(pixels, (255, 0, 0)), share_of_colour(pixels, (0, 255, 0))
    assert red / (red + green) == pytest.approx(value / 100, abs=0.02)


@pytest.mark.parametrize(("value", "filled"), [(0, 0), (0.01, 1), (49, 9), (50, 10), (99.9, 19), (100, 20)])
def test_a_tick_gauge_fills_whole_ticks(studio: Any, value: float, filled: int) -> None:
    """The first tick for any value above nothing, the last one only for the maximum."""
    made = document(type="tickGauge", value=value, ticks=20, activeColor="#ff0000", inactiveColor="#00ff00")
    made["width"] = made["height"] = made["layers"][0]["width"] = made["layers"][0]["height"] = 400
    pixels = studio.pixels(made)
    red, green = share_of_colour(pixels, (255, 0, 0)), share_of_colour(pixels, (0, 255, 0))
    assert red / (red + green) == pytest.approx(filled / 20, abs=0.02)


@pytest.mark.parametrize(("value", "share"), [(0, 0), (2.5, 0.5), (4, 0.8), (5, 1)])
@pytest.mark.parametrize("figure", ["square", "star", "heart", "circle", "diamond", "person"])
def test_a_rating_is_filled_as_far_as_its_value(studio: Any, figure: str, value: float, share: float) -> None:
    """Every figure, also by halves: all of them are symmetrical."""
    made = document(type="rating", value=value, figure=figure, activeColor="#ff0000", inactiveColor="#00ff00")
    pixels = studio.pixels(made)
    red, green = share_of_colour(pixels, (255, 0, 0)), share_of_colour(pixels, (0, 255, 0))
    assert red / (red + green) == pytest.approx(share, abs=0.02)


def test_a_rating_begins_where_its_language_does(studio: Any) -> None:
    """In Hebrew the first star is the one at the right; the layer may say otherwise."""
    made = document(type="rating", value=1, figure="square", activeColor="#ff0000", inactiveColor="#00ff00")
    plain, mirrored = studio.pixels(made), studio.pixels({**made, "settings": {"locale": "he"}})
    first, last = ((each[:, :, :3] == (255, 0, 0)).all(axis=2).nonzero()[1] for each in (plain, mirrored))
    assert first.max() < 100 < last.min()
    made["layers"][0]["direction"] = "ltr"
    assert (studio.pixels({**made, "settings": {"locale": "he"}}) == plain).all()


def test_a_rating_may_be_rounded_to_halves(studio: Any) -> None:
    """2.7 is drawn as 2.5 with a step of a half."""
    exact, near = (document(type="rating", value=value, step=step) for value, step in ((2.5, 0), (2.7, 0.5)))
    assert (studio.pixels(exact) == studio.pixels(near)).all()


@pytest.mark.parametrize("kind", ["gauge", "tickGauge", "progressBar", "rating"])
def test_a_value_beyond_the_maximum_is_full_and_told(studio: Any, kind: str) -> None:
    """Nothing is drawn outside, and the report says why."""
    more = {"label": ""} if kind == "gauge" else {}
    full, beyond = (document(type=kind, value=value, maxValue=5, **more) for value in (5, 7))
    assert [each.code for each in studio.render(beyond).report.warnings] == ["value_clamped"]
    assert not studio.render(full).report.warnings
    assert (studio.pixels(full) == studio.pixels(beyond)).all()


@pytest.mark.parametrize("kind", ["gauge", "tickGauge", "progressBar", "rating"])
@pytest.mark.parametrize(("key", "value"), [("value", -1), ("maxValue", 0), ("value", "many"), ("maxValue", -5)])
def test_values_of_the_wire_are_bounded(kind: str, key: str, value: Any) -> None:
    """`value` is 0 or more, `maxValue` more than 0."""
    with pytest.raises(RowProblem):
        bind(parse(document(type=kind)), None, [{"name": "meter", key: value}])
    if not isinstance(value, str):
        with pytest.raises(TemplateProblem):
            parse(document(type=kind, **{key: value}))


def test_the_keys_of_the_wire_are_those_of_the_layers(studio: Any) -> None:
    """A client that knows the layer table of the wire sets all of them."""
    asked: dict[str, dict[str, Any]] = {
        "gauge": {"value": 20, "circleColor": "#010203", "progressColor": "#040506", "textColor": "#070809"},
        "tickGauge": {"value": 3, "maxValue": 9, "activeColor": "#010203", "inactiveColor": "#040506"},
        "progressBar": {
            "value": 30, "progressColor": "#010203", "remainingColor": "#040506", "label": "L", "labelAlign": "right",
        },
    }  # fmt: skip
    for kind, keys in asked.items():
        bound = bind(parse(document(type=kind)), None, [{"name": "meter", **keys}])
        assert not bound.warnings, kind
        made = bound.pages[0].layers[0].model_dump()
        assert {key: made[key] for key in keys} == keys


@given(st.floats(-2, 2), st.floats(0.01, 1), st.floats(1, 500))
def test_an_arc_stays_on_its_circle(start: float, turn: float, radius: float) -> None:
    """It begins and ends where it should; the middle of every curve lies on the circle within a ten thousandth."""
    commands = arc(0, 0, radius, start, start + turn)
    assert commands[0][1] == pytest.approx(point(0, 0, radius, start))
    at = commands[0][1]
    for verb, numbers in commands[1:]:
        if verb != "C":
            continue
        x = (at[0] + 3 * numbers[0] + 3 * numbers[2] + numbers[4]) / 8
        y = (at[1] + 3 * numbers[1] + 3 * numbers[3] + numbers[5]) / 8
        assert math.hypot(x, y) == pytest.approx(radius, rel=1e-4)
        at = (numbers[4], numbers[5])
    assert at == pytest.approx(point(0, 0, radius, start + turn), abs=radius * 1e-6)


def test_sectors_are_closed() -> None:
    """A slice of a disc goes through the middle, one of a ring does not, a whole ring has two contours."""
    assert ("L", (0, 0)) in sector(0, 0, 0, 10, 0, 0.25)
    assert ("L", (0, 0)) not in sector(0, 0, 5, 10, 0, 0.25)
    assert sum(verb == "M" for verb, _ in sector(0, 0, 5, 10, 0, 1)) == 2
