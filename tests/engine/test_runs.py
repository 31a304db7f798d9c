"""Kept pictures of unchanging layers: as large as what they show, and where they belong."""

from __future__ import annotations

import pytest

from tirage.engine import brush, paint
from tirage.engine.runs import _flat
from tirage.engine.scene import Box, Ellipse, Group, Path, ScenePage, Solid
from tirage.engine.template import BoundPage
from tirage.engine.values.color import WHITE, Color
from tirage.engine.values.transform import Rect

PAGE = BoundPage(0, "page", 101, 67, WHITE, (), frozenset())
BUTTON = Group((Path(Ellipse(Rect(20.3, 30.6, 31.5, 9.9)), fill=Solid(Color(0.9, 0.2, 0.3, 0.5))),))


@pytest.mark.parametrize("scale", [1.0, 0.37, 2.5])
def test_a_kept_picture_is_as_large_as_what_it_shows(scale: float) -> None:
    """A button is kept as a small picture, and drawn from it the page is the same pixel by pixel."""
    picture = _flat(BUTTON, PAGE, scale)
    assert picture is not None
    assert picture.pixels.width <= 31.5 * scale + 2 and picture.pixels.height <= 9.9 * scale + 2
    direct = paint.raster(ScenePage("page", 101, 67, BUTTON), scale=scale).data
    kept = paint.raster(ScenePage("page", 101, 67, Group((picture,))), scale=scale).data
    assert (direct == kept).all() and direct.any()


def test_layers_that_show_nothing_are_kept_as_nothing() -> None:
    """Transparent layers, and layers beside the page, need no picture."""
    beside = Group((Path(Box(Rect(500, 0, 10, 10)), fill=Solid(WHITE)),))
    assert _flat(Group(()), PAGE, 1.0) is None
    assert _flat(beside, PAGE, 1.0) is None


def test_an_opaque_picture_is_kept_whole() -> None:
    """A background covers the page; nothing is searched or cut."""
    pixels = paint.flatten(Group((Path(Box(Rect(0, 0, 101, 67)), fill=Solid(WHITE)),)), 101, 67, 1.0)
    assert brush.shown_part(pixels) == (0, 0, 101, 67)
    assert brush.cut_out(pixels, 0, 0, 101, 67) is pixels
