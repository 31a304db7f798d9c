"""The painter, shape by shape: known values at known points, and one way of drawing equals another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.painting import BLUE, GREEN, RED, difference, painted, pixels, rect

from tirage.engine import brush, paint
from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Group,
    LinearGradient,
    Node,
    Outline,
    Path,
    Pattern,
    Picture,
    Pixels,
    RadialGradient,
    ScenePage,
    Solid,
    Stroke,
)
from tirage.engine.skia_loader import skia
from tirage.engine.values.color import BLACK, WHITE, Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.outline import polygon, star
from tirage.engine.values.transform import Affine, Rect, rotation, scaling, translation


@pytest.mark.parametrize("radius", [0.0, 20.0])
def test_a_stroke_inside_equals_a_smaller_shape_over_a_larger(radius: float) -> None:
    """The outer edge of an inside stroke is the shape's own."""
    outer = Box(Rect(10, 10, 80, 80), ((radius, radius),) * 4)
    inner = Box(Rect(20, 20, 60, 60), ((max(0, radius - 10),) * 2,) * 4)
    stroked = painted(Path(outer, None, Stroke(Solid(BLUE), 10, alignment="inside")))
    expected = painted(Path(outer, Solid(BLUE)), Path(inner, Solid(WHITE)))
    # Skia's coverage of a curve differs a little between a ring and a rounded rectangle.
    assert difference(stroked, expected) <= (40 if radius else 0) and np.abs(stroked - expected).mean() < 0.05


def test_a_stroke_outside_leaves_the_shape_free() -> None:
    """The inner edge of an outside stroke is the shape's own, and it is as wide as it says."""
    drawn = painted(Path(Box(Rect(30, 30, 40, 40)), None, Stroke(Solid(BLACK), 10, alignment="outside")))
    expected = painted(rect(20, 20, 60, 60, BLACK), rect(30, 30, 40, 40, WHITE))
    assert difference(drawn, expected) == 0


@pytest.mark.parametrize("alignment", ["inside", "outside"])
def test_strokes_beside_an_outline_equal_those_beside_the_same_box(alignment: Any) -> None:
    """The way by clipping, for any outline, and the way by rings, for boxes, agree on whole pixels."""
    corners = ((30.0, 30.0), (70.0, 30.0), (70.0, 70.0), (30.0, 70.0))
    stroke = Stroke(Solid(BLACK), 8, alignment=alignment)
    by_clip = painted(Path(Outline(polygon(corners)), None, stroke))
    assert difference(by_clip, painted(Path(Box(Rect(30, 30, 40, 40)), None, stroke))) == 0


def test_dashes_leave_gaps_and_odd_lists_repeat() -> None:
    """A dash list of one number is as long off as on."""
    line = Outline((("M", (0.0, 50.0)), ("L", (100.0, 50.0))))
    row = painted(Path(line, None, Stroke(Solid(BLACK), 4, dash=(10,))))[50, :, 0]
    assert (row[0:10] == 0).all() and (row[10:20] == 255).all() and (row[20:30] == 0).all()


def test_even_odd_leaves_the_middle_of_a_star_open() -> None:
    """The fill rule of an outline is respected."""
    pentagram = tuple(
        (50 + 45 * math.sin(4 * math.pi * i / 5), 50 - 45 * math.cos(4 * math.pi * i / 5)) for i in range(5)
    )
    assert painted(Path(Outline(polygon(pentagram), even_odd=True), Solid(BLACK)))[50, 50, 0] == 255
    assert painted(Path(Outline(polygon(pentagram)), Solid(BLACK)))[50, 50, 0] == 0


def test_elliptical_corners_go_clockwise_from_the_top_left() -> None:
    """Only the corner that has a radius is cut."""
    drawn = painted(Path(Box(Rect(0, 0, 100, 100), ((0, 0), (60, 30), (0, 0), (0, 0))), Solid(BLACK)))
    assert [int(drawn[y, x, 0]) for y, x in ((1, 1), (1, 98), (98, 98), (98, 1))] == [0, 255, 0, 0]
    assert drawn[1, 42, 0] < 100 and drawn[28, 98, 0] < 100


TWO = (Stop(0, BLACK), Stop(1, WHITE))


@pytest.mark.parametrize(
    ("fill", "point", "level"),
    [
        (LinearGradient((0, 0), (100, 0), TWO), (24, 50), 0.245),
        (LinearGradient((0, 0), (100, 100), TWO), (50, 50), 0.505),
        (RadialGradient((50, 50), (50, 25), TWO), (75, 50), 0.51),
        (RadialGradient((50, 50), (50, 25), TWO), (50, 62), 0.5),
        (ConicGradient((50, 50), 0, TWO), (90, 50), 0.25),
        (ConicGradient((50, 50), 90, TWO), (50, 90), 0.25),
    ],
)
def test_gradients_have_known_values(fill: Any, point: tuple[int, int], level: float) -> None:
    """Linear, elliptical and conic gradients run as CSS says: conic ones clockwise from the top."""
    x, y = point
    drawn = painted(Path(Box(Rect(0, 0, 100, 100)), fill))
    assert abs(drawn[y, x, 0] / 255 - level) < 0.012


def test_gradients_are_interpolated_premultiplied() -> None:
    """From nothing to red there is only red, no grey."""
    fill = LinearGradient((0, 0), (100, 0), (Stop(0, Color(0, 0, 0, 0)), Stop(1, RED)))
    red, green, blue, alpha = painted(Path(Box(Rect(0, 0, 100, 100)), fill), background=None)[50, 50]
    assert abs(red - alpha) <= 1 and 120 < alpha < 136 and green == blue == 0


def test_a_picture_on_the_pixel_grid_is_exact() -> None:
    """Nothing is filtered where a pixel of the picture falls onto one of the page."""
    picture = pixels(40, 30)
    drawn = painted(Picture(picture, Rect(20, 10, 40, 30)))
    assert (
        difference(drawn[10:40, 20:60], picture.handle.toarray(colorType=skia.kRGBA_8888_ColorType).astype(np.int64))
        == 0
    )
    at_double = painted(Picture(picture, Rect(10, 5, 20, 15)), scale=2)
    assert difference(at_double[10:40, 20:60], drawn[10:40, 20:60]) == 0


def test_scaled_down_pictures_are_averaged() -> None:
    """A picture of noise drawn at a sixteenth of its size is grey: mip-maps are on."""
    drawn = painted(Picture(pixels(800, 800), Rect(0, 0, 50, 50)))[5:45, 5:45, :3]
    assert drawn.std() < 12 and 115 < drawn.mean() < 140


def test_scaled_up_pictures_are_smooth() -> None:
    """Between two pixels of an enlarged picture there is no step."""
    array = np.zeros((2, 2, 4), np.uint8)
    array[:, 1, :3], array[..., 3] = 255, 255
    image = skia.Image.fromarray(array, colorType=skia.kRGBA_8888_ColorType)
    row = painted(Picture(Pixels(image, 2, 2, "edge", True), Rect(0, 0, 100, 100)))[50, :, 0]
    assert np.abs(np.diff(row)).max() < 12 and row[0] < 8 and row[-1] > 247


def test_a_picture_in_a_shape_equals_the_picture_in_a_clipped_group() -> None:
    """The shader that fills a shape with a picture shows what a clip would."""
    picture, shape = pixels(100, 100), Ellipse(Rect(10, 20, 70, 60))
    filled = painted(Picture(picture, Rect(0, 0, 100, 100), shape))
    clipped = painted(Group((Picture(picture, Rect(0, 0, 100, 100)),), clip=shape))
    assert difference(filled, clipped) <= 2


def test_a_shape_beyond_its_picture_is_empty_there() -> None:
    """A picture's edge pixels are not drawn out."""
    drawn = painted(Picture(pixels(50, 50), Rect(0, 0, 50, 50), Box(Rect(0, 0, 100, 100), ((5, 5),) * 4)))
    assert (drawn[60:90, 60:90] == 255).all()


@pytest.mark.parametrize(("repeat", "same"), [(True, True), (False, False)])
def test_patterns_repeat_where_they_are_told_to(repeat: bool, same: bool) -> None:
    """Beyond its rectangle a pattern begins anew, or there is nothing."""
    fill = Pattern(pixels(20, 20), Rect(10, 10, 20, 20), repeat)
    drawn = painted(Path(Box(Rect(0, 0, 100, 100)), fill))
    assert bool((drawn[10:30, 10:30] == drawn[50:70, 30:50]).all()) is same
    if not repeat:
        assert (drawn[50:70, 30:50] == 255).all()


NODES: tuple[Node, ...] = (
    Path(Box(Rect(5, 5, 90, 40), ((12, 12),) * 4), LinearGradient((0, 0), (100, 40), (Stop(0, RED), Stop(1, BLUE)))),
    Group((Path(Outline(star(5, 0.5, 50, 50)), Solid(Color(1, 0.8, 0, 0.7))),), rotation(20).then(translation(30, 30))),
    Group((rect(0, 0, 30, 30, GREEN), rect(10, 10, 30, 30, BLACK)), translation(40.5, 50.25), opacity=0.6),
    Path(Ellipse(Rect(10, 60, 30, 30)), None, Stroke(Solid(BLACK), 3, dash=(5, 3)), blur=1.5),
)


@pytest.mark.parametrize("scale", [1.0, 0.37, 2.0])
@pytest.mark.parametrize("background", [None, WHITE])
def test_a_flattened_run_equals_its_layers(scale: float, background: Color | None) -> None:
    """Layers drawn once and kept as a picture look as if drawn each time."""
    nodes = NODES if background is None else (rect(0, 0, 100, 100, background), *NODES)
    flat = paint.flatten(Group(nodes), 100, 100, scale)
    again = painted(Picture(flat, Rect(0, 0, 100, 100)), scale=scale, background=None)
    assert flat.opaque is (background is not None)
    assert difference(again, painted(*nodes, scale=scale, background=None)) <= 1


def test_flattened_runs_are_named_by_their_content() -> None:
    """Equal pictures have equal keys, different ones do not."""
    keys = [paint.flatten(rect(0, 0, 9, 9, color), 10, 10, 1).key for color in (RED, RED, BLUE)]
    assert keys[0] == keys[1] != keys[2]


def test_the_page_fills_all_of_the_pixels() -> None:
    """At an odd scale the last row and column are covered like the others."""
    raster = paint.raster(ScenePage("page", 101, 33, Group((rect(0, 0, 101, 33, BLACK),))), scale=0.37)
    assert (raster.width, raster.height) == (37, 12)
    assert raster.opaque and (raster.data[..., 3] == 255).all()


def test_straight_pixels_have_their_colour_back() -> None:
    """Dividing by alpha restores what was drawn half transparent."""
    raster = paint.raster(ScenePage("page", 4, 4, Group((rect(0, 0, 4, 4, Color(1, 0.5, 0, 0.5)),))))
    red, green, blue, alpha = (int(part) for part in raster.straight()[2, 2])
    assert (red, blue) == (255, 0) and abs(green - 128) <= 2 and alpha in (127, 128)


@settings(max_examples=25, deadline=None)
@given(angle=st.integers(-360, 360), x=st.floats(0.5, 2), y=st.floats(-2, -0.5))
def test_transforms_are_those_of_css(angle: int, x: float, y: float) -> None:
    """A point goes where the affine says it goes: a small square round it is painted there."""
    move = scaling(x, y).then(rotation(angle)).then(translation(50, 50))
    at_x, at_y = move.apply(10, 8)
    drawn = painted(Group((rect(7, 5, 6, 6, BLACK),), move))
    assert drawn[int(at_y), int(at_x), 0] < 128


def test_a_shear_is_not_transposed() -> None:
    """`matrix(1, 0, 1, 1, 0, 0)` moves what lies lower to the right."""
    drawn = painted(Group((rect(0, 40, 10, 10, BLACK),), Affine(1, 0, 1, 1, 0, 0)))
    assert drawn[45, 50, 0] == 0 and drawn[45, 5, 0] == 255


def test_a_page_of_one_colour_is_laid_as_the_ground() -> None:
    """A first path that fills the page opaquely becomes the colour that painting begins with; any other stays."""
    page = Rect(0, 0, 40, 20)
    whole, above = Path(Box(page), fill=Solid(RED)), Path(Box(Rect(0, 0, 4, 4)), fill=Solid(BLUE))
    assert brush.grounded(Group((whole, above)), page, WHITE) == (Group((above,)), RED)
    for other in (
        Group((above, whole)),
        Group((whole, above), opacity=0.5),
        Group((Path(Box(page), fill=Solid(RED.with_alpha(0.5))), above)),
        Group((Path(Box(page), fill=Solid(RED), blur=3), above)),
    ):
        assert brush.grounded(other, page, WHITE) == (other, WHITE)
