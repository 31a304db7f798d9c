"""Icons are found by name, drawn as outlines of any width, and a misspelt name is told with the closest ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pyvips

from tirage.engine import icons
from tirage.engine.errors import ResourceProblem, TemplateProblem


def page(**properties: Any) -> dict[str, Any]:
    """A white page with a single icon."""
    layer = {"id": "i", "name": "mark", "type": "icon", "width": 120, "height": 96, **properties}
    return {"width": 120, "height": 96, "background": "#ffffff", "layers": [layer]}


def pixels(made: Any) -> np.ndarray[Any, Any]:
    """The picture as an array of height × width × bands."""
    return np.asarray(pyvips.Image.new_from_buffer(made.files[0].data, "").numpy())[:, :, :3]


def test_every_icon_is_an_outline_within_its_square() -> None:
    """All names, older ones too, lead to path data of 24 units."""
    assert len(icons.names()) > 2000
    for name in icons.names():
        drawing = icons.icon(name)
        points = [number for _, numbers in drawing.stroked for number in numbers]
        assert points and min(points) >= -1.5 and max(points) <= 25.5, name


def test_an_older_name_is_the_same_icon() -> None:
    """Names that the set has given up still draw."""
    assert icons.icon("home") is not None and icons.icon("home") == icons.icon("house")


def test_a_misspelt_name_is_told_with_the_closest(studio: Any) -> None:
    """Where it stands in the document, before anything is drawn."""
    with pytest.raises(TemplateProblem) as caught:
        studio.render(page(icon="calender-days"))
    problem = caught.value.problems[0]
    assert problem.pointer == "/layers/0/icon" and "calendar-days" in problem.message
    with pytest.raises(ResourceProblem, match="calendar-days"):
        icons.icon("calender-days")


def test_a_name_may_be_written_with_blanks_and_capitals(studio: Any) -> None:
    """As people write it in a table."""
    written, named = (studio.render(page(icon=name)).files[0].data for name in ("Map Pin", "map-pin"))
    assert written == named


def test_an_icon_stands_in_the_middle_in_its_colour(studio: Any) -> None:
    """A box that is not square keeps the icon's shape; the colour is exact on the pen."""
    seen = pixels(studio.render(page(icon="square", color="#d01030", strokeWidth=3)))
    rows, columns = np.nonzero((seen != 255).any(axis=2))
    assert rows.max() - rows.min() == columns.max() - columns.min()
    assert abs((columns.min() + columns.max()) / 2 - 59.5) <= 0.5
    assert (seen.reshape(-1, 3) == (0xD0, 0x10, 0x30)).all(axis=1).sum() > 1000


def test_a_wider_pen_covers_more(studio: Any) -> None:
    """The width counts in 24ths of the side, so it grows with the icon."""
    thin, wide = (int((pixels(studio.render(page(strokeWidth=w))) < 128).sum()) for w in (1, 3))
    assert 2 * thin < wide < 4 * thin


def test_an_empty_name_draws_nothing(studio: Any) -> None:
    """A row may leave the icon out."""
    assert (pixels(studio.render(page(icon=""))) == 255).all()


def test_missing_icons_are_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that lost its file says so, and what to do."""
    monkeypatch.setattr(icons, "_FILE", tmp_path / "index.json")
    icons._index.cache_clear()
    try:
        with pytest.raises(ResourceProblem, match="not here"):
            icons.warm()
    finally:
        icons._index.cache_clear()
