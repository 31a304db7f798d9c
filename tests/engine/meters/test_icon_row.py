"""A row of icons shows how many of them are on, in both directions and any number of lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tirage.engine.errors import TemplateProblem
from tirage.engine.parse import parse

SQUARE = "M0 0H24V24H0Z"


def document(**layer: Any) -> dict[str, Any]:
    """A page of 220 × 40 px with five squares of 40 px, 5 px apart."""
    row = {"id": "r", "name": "row", "type": "iconRow", "width": 220, "height": 40, "maxValue": 5, "gap": 0.125}
    colours = {"activeColor": "#ff0000", "inactiveColor": "#00ff00"}
    return {
        "width": 220,
        "height": 40,
        "background": "#ffffff",
        "layers": [{**row, "path": SQUARE, **colours, **layer}],
    }


def share(pixels: Any, colour: tuple[int, int, int]) -> float:
    """How many of the pixels are exactly of a colour."""
    return float((pixels[..., :3] == colour).all(axis=2).mean())


@pytest.mark.parametrize("value", [0, 1, 2.5, 4.25, 5])
@pytest.mark.parametrize("lines", [1, 2, 5])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_share_that_is_on_is_the_value(studio: Any, value: float, lines: int, direction: str) -> None:
    """Of the area of all icons; what is on and what is off do not overlap."""
    pixels = studio.pixels(document(value=value, lines=lines, direction=direction), scale=4)
    on, off = share(pixels, (255, 0, 0)), share(pixels, (0, 255, 0))
    assert on / (on + off) == pytest.approx(value / 5, abs=0.02)


def test_the_first_is_where_reading_begins(studio: Any) -> None:
    """One that is on stands on the left, or on the right in a locale that is read from there."""
    left = studio.pixels(document(value=1))
    right = studio.pixels({**document(value=1), "settings": {"locale": "ar"}})
    assert tuple(left[20, 20, :3]) == tuple(right[20, 200, :3]) == (255, 0, 0)
    assert tuple(left[20, 200, :3]) == tuple(right[20, 20, :3]) == (0, 255, 0)
    half = studio.pixels(document(value=0.5, direction="rtl"))
    assert tuple(half[20, 215, :3]) == (255, 0, 0) and tuple(half[20, 185, :3]) == (0, 255, 0)


def test_values_are_rounded_to_steps_and_clamped_with_a_warning(studio: Any) -> None:
    """2.4 is 2.5 in halves; 9 of 5 is all of them."""
    assert (studio.pixels(document(value=2.4, step=0.5)) == studio.pixels(document(value=2.5))).all()
    rendered = studio.render(document(value=9))
    assert [each.code for each in rendered.report.warnings] == ["value_clamped"]
    assert (studio.pixels(document(value=9)) == studio.pixels(document(value=5))).all()


def test_bundled_icons_are_drawn_or_filled(studio: Any) -> None:
    """A filled one has more ink; an empty name draws nothing."""
    drawn = studio.pixels(document(value=5, icon="heart", path=None))
    filled = studio.pixels(document(value=5, icon="heart", path=None, iconStyle="fill"))
    assert 0 < share(drawn, (255, 0, 0)) < share(filled, (255, 0, 0))
    assert (studio.pixels(document(value=5, icon="", path=None)) == 255).all()


def test_an_icon_that_is_none_is_told_with_the_nearest() -> None:
    """As for the icon layer."""
    with pytest.raises(TemplateProblem) as caught:
        parse(document(icon="hart", path=None))
    assert caught.value.problems[0].pointer == "/layers/0/icon" and "heart" in caught.value.problems[0].message


def test_many_in_a_small_box_stay_within_it(studio: Any) -> None:
    """200 icons in 20 lines."""
    made = document(value=77, maxValue=200, lines=20, width=100, height=30, x=50, y=5)
    pixels = studio.pixels(made, scale=4)
    inked = (pixels[..., :3] < 250).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    assert rows.min() >= 20 and rows.max() < 140 and columns.min() >= 200 and columns.max() < 600
