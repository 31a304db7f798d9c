"""The palette of a page names the colours that were painted, the commonest first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tirage.engine.palette import palette
from tirage.engine.surface import Raster


def raster(width: int, height: int, *areas: tuple[float, tuple[int, int, int, int]]) -> Raster:
    """Columns of colours, each so wide as its share; premultiplied RGBA."""
    data = np.zeros((height, width, 4), np.uint8)
    start = 0
    for share, colour in areas:
        end = min(width, start + round(share * width))
        data[:, start:end] = colour
        start = end
    return Raster(width, height, data, bool((data[:, :, 3] == 255).all()))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (64, 64), (1200, 628), (30, 4000)])
def test_a_page_of_one_colour_has_that_colour(width: int, height: int) -> None:
    """Whatever the size of the page, also where it is smaller than the number of points."""
    assert palette(raster(width, height, (1.0, (26, 115, 232, 255)))) == ("#1a73e8",)


def test_the_commonest_colour_comes_first_and_near_ones_are_one() -> None:
    """Two blues that nobody tells apart count as one; red comes after the wider blue."""
    areas = ((0.5, (0, 0, 250, 255)), (0.1, (0, 0, 236, 255)), (0.4, (200, 0, 0, 255)))
    assert palette(raster(1000, 100, *areas)) == ("#0000fa", "#c80000")


def test_what_is_transparent_does_not_count() -> None:
    """Of a page that is mostly empty the colours of its ink are told, not multiplied by their alpha."""
    areas = ((0.8, (0, 0, 0, 0)), (0.2, (128, 0, 0, 128)))
    assert palette(raster(500, 500, *areas)) == ("#ff0000",)
    assert palette(raster(50, 50)) == ()


def test_there_are_six_colours_at_most() -> None:
    """A rainbow is told by six of its colours."""
    rainbow = [(0.1, (r, g, b, 255)) for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    found = palette(raster(800, 80, *rainbow))
    assert len(found) == 6 and len(set(found)) == 6


def test_a_render_tells_its_palette_where_that_is_asked_for(studio: Any) -> None:
    """The bytes are the same with and without; vector documents have none."""
    document = {
        "width": 100,
        "height": 50,
        "background": "#ffffff",
        "layers": [{"id": "a", "name": "a", "type": "shape", "width": 40, "fill": "#ff0000"}],
    }
    from tirage.engine import formats
    from tirage.engine.bind import bind
    from tirage.engine.options import Meta, OutputOptions
    from tirage.engine.parse import parse
    from tirage.engine.render import prepare, render

    prepared = prepare(parse(document), studio.services)
    bound = bind(prepared.template)
    for name in ("png", "jpeg", "pdf"):
        told = render(prepared, bound, None, name, OutputOptions(), Meta(palette=True)).files[0]  # type: ignore[arg-type]
        bare = render(prepared, bound, None, name, OutputOptions(), Meta()).files[0]  # type: ignore[arg-type]
        assert told.data == bare.data and bare.palette == ()
        assert told.palette == (() if formats.get(name).vector else ("#ffffff", "#ff0000"))
