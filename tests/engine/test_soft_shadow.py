"""Wide shadows are Gaussian, wherever and however what casts them is painted."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage.engine import paint
from tirage.engine.scene import Box, Group, Node, Path, ScenePage, Solid
from tirage.engine.soft_shadow import LEAST_SIGMA, shadow_of
from tirage.engine.values.color import BLACK, Color
from tirage.engine.values.filter import Blur, DropShadow
from tirage.engine.values.transform import Affine, Rect, rotation, scaling, translation

RED = Color(1, 0, 0)


def erf(distance: float, sigma: float) -> float:
    """How much of a blurred half plane covers a point at a distance inside its edge."""
    return 0.5 * (1 + math.erf(distance / sigma / math.sqrt(2)))


def shade(rect: Rect, sigma: float, x: float, y: float) -> float:
    """The coverage at a point by a rectangle's exact Gaussian shadow."""
    across = erf(x - rect.x, sigma) - erf(x - rect.right, sigma)
    return across * (erf(y - rect.y, sigma) - erf(y - rect.bottom, sigma))


def box(rect: Rect) -> Path:
    """A red box."""
    return Path(Box(rect), fill=Solid(RED))


def painted(node: Node, width: int = 200, height: int = 200) -> npt.NDArray[np.int64]:
    """A page of the node on white."""
    page = ScenePage("page", width, height, Group((node,)))
    return paint.raster(page, background=Color(1, 1, 1)).data.astype(np.int64)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(LEAST_SIGMA, 60),
    st.integers(1, 120),
    st.integers(1, 120),
    st.floats(0.1, 1),
)
def test_a_shadow_is_the_exact_gaussian(sigma: float, width: int, height: int, alpha: float) -> None:
    """Everywhere within two levels of the integral, for any blur and any size of what casts it."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    made = shadow_of(pixels, sigma, Color(1, 0.5, 0, alpha))
    rows, columns = made.data.shape[:2]
    for row in range(0, rows, 3):
        for column in range(0, columns, 3):
            x, y = ((each + 0.5) * made.cell - made.before for each in (column, row))
            exact = 255 * alpha * shade(Rect(0, 0, width, height), sigma, x, y)
            assert abs(int(made.data[row, column, 3]) - exact) <= 2


def test_colours_stay_below_their_alpha() -> None:
    """The picture of a shadow is premultiplied."""
    pixels = np.random.default_rng(7).integers(0, 256, (61, 47, 4), np.uint8)
    made = shadow_of(pixels, 9, Color(1, 0.999, 0.2, 0.7))
    assert (made.data[..., :3] <= made.data[..., 3:]).all()


@pytest.mark.parametrize(
    "around", [translation(0, 0), translation(0.5, 0.25), rotation(90), scaling(-1, 1), scaling(0.5, 0.5)]
)
def test_a_painted_shadow_lies_where_it_belongs(around: Affine) -> None:
    """Offset and blur follow the canvas, turned, mirrored or scaled; the content covers its shadow."""
    place = translation(-100, -100).then(around).then(translation(100, 100))
    content = Rect(70, 60, 40, 50)
    shadow = DropShadow(30, 20, 14, Color(0, 0, 0, 0.5))
    data = painted(Group((box(content),), transform=place, filters=(shadow,)))
    cast = content.moved(30, 20).bounds(place)
    solid = content.bounds(place)
    for x in range(5, 200, 10):
        for y in range(5, 200, 10):
            if solid.outset(1).x <= x + 0.5 <= solid.outset(1).right and solid.y - 1 <= y + 0.5 <= solid.bottom + 1:
                continue
            exact = 255 * (1 - 0.5 * shade(cast, 14 * place.scale, x + 0.5, y + 0.5))
            assert abs(data[y, x, 1] - exact) <= 2
    assert tuple(data[int(solid.y + solid.height / 2), int(solid.x + solid.width / 2)]) == (255, 0, 0, 255)


def test_what_lies_beyond_the_page_casts_its_shadow_onto_it() -> None:
    """Content that is not seen itself is not left out, unless its shadow is not seen either."""
    shadow = DropShadow(0, 150, 10, BLACK)
    data = painted(Group((box(Rect(50, -100, 100, 100)),), filters=(shadow,)))
    assert tuple(data[100, 100]) == (0, 0, 0, 255)
    unseen = painted(Group((box(Rect(50, -900, 100, 100)),), filters=(shadow,)))
    assert (unseen == 255).all()


def test_a_faded_group_fades_with_its_shadow() -> None:
    """Opacity applies to content and shadow as one picture."""
    shadow = DropShadow(0, 0, 20, BLACK)
    data = painted(Group((box(Rect(60, 60, 80, 80)),), opacity=0.5, filters=(shadow,)))
    # Were they faded one by one, the shadow would show through the box.
    assert np.abs(data[100, 100] - (255, 127, 127, 255)).max() <= 1


def test_shadows_follow_the_filters_before_them() -> None:
    """A second shadow is cast by the content with its first; a blur comes before the shadow of what is blurred."""
    first, second = DropShadow(50, 0, 8, Color(0, 0, 1)), DropShadow(0, 100, 8, BLACK)
    data = painted(Group((box(Rect(20, 20, 40, 40)),), filters=(first, second)))
    assert data[40, 90, 2] > 200 > 60 > data[40, 90, 0]
    assert data[140, 40].max() == data[140, 90].max() == 255
    assert data[140, 40, 0] < 20 and data[140, 90, 0] < 40
    blurred = painted(Group((box(Rect(20, 20, 40, 40)),), filters=(Blur(6), second)))
    exact = shade(Rect(20, 120, 40, 40), 10, 40.5, 118.5)
    assert abs(blurred[118, 40, 0] - 255 * (1 - exact)) <= 8


def test_a_shadow_within_a_filtered_group_is_in_its_place() -> None:
    """Layers of other groups, turned and blurred, do not shift it."""
    inner = Group((box(Rect(80, 80, 40, 40)),), filters=(DropShadow(0, 0, 12, BLACK),))
    alone = painted(inner)
    within = painted(Group((inner,), filters=(Blur(0.3),), blend="multiply"))
    assert np.abs(alone - within)[::7, ::7].max() <= 3
