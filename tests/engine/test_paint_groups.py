"""The painter, what is composited and what is written: opacity, blending, masks, filters, text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.painting import BLUE, RED, difference, glyphs, painted, rect

from tirage.engine.scene import (
    BlendMode,
    Box,
    Ellipse,
    Glyphs,
    Group,
    LinearGradient,
    Mask,
    Path,
    Solid,
    Stroke,
)
from tirage.engine.values.color import BLACK, Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import Blur, ColorMatrix, DropShadow, parse_filters
from tirage.engine.values.transform import Rect


def test_opacity_of_a_single_shape_equals_that_of_its_layer() -> None:
    """Folding an opacity into one primitive's paint is as if it had been composited."""
    shape = Path(Ellipse(Rect(10, 10, 80, 60)), Solid(Color(0.2, 0.4, 0.8, 0.7)))
    nothing = rect(0, 0, 0, 0, BLACK)
    folded = painted(Group((shape,), opacity=0.4))
    layered = painted(Group((shape, nothing), opacity=0.4))
    assert difference(folded, layered) <= 2
    assert difference(folded, painted(shape)) > 20


def test_opacities_of_nested_groups_multiply() -> None:
    """A half of a half is a quarter."""
    nested = painted(Group((Group((rect(0, 0, 100, 100, BLACK),), opacity=0.5),), opacity=0.5))
    assert difference(nested, painted(rect(0, 0, 100, 100, Color(0, 0, 0, 0.25)))) <= 1


def test_a_faded_group_does_not_show_what_it_covers() -> None:
    """Group opacity applies to the picture of the children, not to each of them."""
    faded = painted(Group((rect(0, 0, 100, 100, BLACK), rect(0, 0, 100, 100, RED)), opacity=0.5))
    assert tuple(faded[50, 50]) == (255, 127, 127, 255) or tuple(faded[50, 50]) == (255, 128, 128, 255)


def test_a_faded_path_does_not_show_its_fill_through_its_stroke() -> None:
    """Fill and stroke of one path fade together."""
    path = Path(Box(Rect(20, 20, 60, 60)), Solid(BLACK), Stroke(Solid(RED), 20))
    assert painted(Group((path,), opacity=0.5))[50, 25, 1] in (127, 128)


def test_hard_stops_do_not_blend() -> None:
    """Two stops at one place make an edge."""
    stops = (Stop(0, RED), Stop(0.5, RED), Stop(0.5, BLUE), Stop(1, BLUE))
    row = painted(Path(Box(Rect(0, 0, 100, 100)), LinearGradient((0, 0), (100, 0), stops)))[50]
    assert tuple(row[48]) == (255, 0, 0, 255) and tuple(row[51]) == (0, 0, 255, 255)


def _formula(mode: str, s: float, d: float) -> float:
    """Compositing and Blending 1, 10.1, for opaque colours."""
    formulas = {
        "normal": s,
        "multiply": s * d,
        "screen": s + d - s * d,
        "overlay": 2 * s * d if d <= 0.5 else 1 - 2 * (1 - s) * (1 - d),
        "darken": min(s, d),
        "lighten": max(s, d),
        "color-dodge": 0 if d == 0 else 1 if s == 1 else min(1, d / (1 - s)),
        "color-burn": 1 if d == 1 else 0 if s == 0 else 1 - min(1, (1 - d) / s),
        "hard-light": 2 * s * d if s <= 0.5 else 1 - 2 * (1 - s) * (1 - d),
        "difference": abs(s - d),
        "exclusion": s + d - 2 * s * d,
        "plus-lighter": min(1, s + d),
        "plus-darker": max(0, s + d - 1),
    }
    return formulas[mode]


MODES: tuple[BlendMode, ...] = (
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
    "difference", "exclusion", "plus-lighter", "plus-darker",
)  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=12, deadline=None)
@given(source=st.tuples(*[st.integers(0, 255)] * 3), backdrop=st.tuples(*[st.integers(0, 255)] * 3))
def test_blend_modes_follow_their_formulas(
    mode: BlendMode, source: tuple[int, int, int], backdrop: tuple[int, int, int]
) -> None:
    """Every separable mode gives, channel by channel, what its formula says."""
    top = Group((rect(0, 0, 4, 4, Color(*(part / 255 for part in source))),), blend=mode)
    drawn = painted(rect(0, 0, 4, 4, Color(*(part / 255 for part in backdrop))), top, size=4)[2, 2]
    for channel in range(3):
        expected = _formula(mode, source[channel] / 255, backdrop[channel] / 255) * 255
        # Near black and white, dodge and burn turn a rounding of the input into a large step.
        tolerance = 4 if mode in ("color-dodge", "color-burn") else 2
        assert abs(drawn[channel] - expected) <= tolerance


@pytest.mark.parametrize("mode", ["hue", "saturation", "color", "luminosity", "soft-light"])
def test_other_blend_modes_keep_what_they_must(mode: BlendMode) -> None:
    """Over grey, hue and saturation change nothing; luminosity takes that of the source; none is simply normal."""
    grey, source = Color(0.5, 0.5, 0.5), Color(0.9, 0.3, 0.1)
    drawn = painted(rect(0, 0, 4, 4, grey), Group((rect(0, 0, 4, 4, source),), blend=mode), size=4)[2, 2, :3]
    luminance = drawn @ np.array([0.3, 0.59, 0.11])
    if mode in ("hue", "saturation"):
        assert np.abs(drawn - 128).max() <= 1
    elif mode == "color":
        assert abs(luminance - 128) <= 2 and drawn[0] > drawn[1] > drawn[2]
    elif mode == "luminosity":
        assert np.ptp(drawn) <= 1 and abs(drawn[0] - 255 * (0.3 * 0.9 + 0.59 * 0.3 + 0.11 * 0.1)) <= 2
    else:
        assert drawn[0] > 128 > drawn[1] > drawn[2]


def test_plus_darker_leaves_what_it_does_not_cover() -> None:
    """The inversions around plus-darker cancel out, on transparent ground too."""
    under = Path(
        Ellipse(Rect(5, 5, 60, 60)), LinearGradient((0, 0), (70, 70), (Stop(0, RED), Stop(1, Color(0, 1, 1, 0.3))))
    )
    top = Group((rect(70, 70, 20, 20, BLUE),), blend="plus-darker")
    both, alone = painted(under, top, background=None), painted(under, background=None)
    assert difference(both[:65, :65], alone[:65, :65]) <= 2
    assert tuple(both[80, 80]) == (0, 0, 255, 255)


def test_masks_by_alpha_and_by_luminance() -> None:
    """An alpha mask looks at alpha only, a luminance mask at brightness."""
    content = (rect(0, 0, 100, 100, BLACK),)
    mask = Path(Box(Rect(0, 0, 50, 100)), Solid(Color(0.5, 0.5, 0.5)))
    by_alpha = painted(Group(content, mask=Mask(mask)))
    assert by_alpha[50, 25, 0] == 0 and by_alpha[50, 75, 0] == 255
    by_luminance = painted(Group(content, mask=Mask(mask, "luminance")))
    assert abs(by_luminance[50, 25, 0] - 127) <= 1 and by_luminance[50, 75, 0] == 255


def test_filters_come_before_the_mask() -> None:
    """A drop shadow is masked along with what throws it."""
    mask = Mask(rect(0, 0, 50, 100, BLACK))
    drawn = painted(Group((rect(20, 20, 20, 20, RED),), filters=(DropShadow(40, 0, 0, BLACK),), mask=mask))
    assert tuple(drawn[30, 30]) == (255, 0, 0, 255) and (drawn[30, 55:] == 255).all()


def test_filters_apply_in_their_order() -> None:
    """Invert, then a red shadow: the shadow stays red; the other way round it turns."""
    invert, shadow = parse_filters("invert(1)").filters[0], DropShadow(30, 0, 0, RED)
    first = painted(Group((rect(20, 20, 20, 20, BLACK),), filters=(invert, shadow)))
    second = painted(Group((rect(20, 20, 20, 20, BLACK),), filters=(shadow, invert)))
    assert tuple(first[30, 60, :3]) == (255, 0, 0) and tuple(second[30, 60, :3]) == (0, 255, 255)
    assert tuple(first[30, 30, :3]) == tuple(second[30, 30, :3]) == (255, 255, 255)


def test_colour_matrices_work_on_straight_colours() -> None:
    """A channel swap keeps the alpha and the colour of something half transparent."""
    swap = ColorMatrix((0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0))
    shape = rect(0, 0, 100, 100, Color(1, 0, 0, 0.5))
    assert (
        difference(painted(Group((shape,), filters=(swap,))), painted(rect(0, 0, 100, 100, Color(0, 0, 1, 0.5)))) <= 1
    )


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_blurs_scale_with_the_page(scale: float) -> None:
    """A blur given in px reaches as far at any scale: blurred edges and filters alike."""
    soft = painted(rect(20, 20, 60, 60, BLACK, blur=6), scale=scale)
    large = painted(rect(20 * scale, 20 * scale, 60 * scale, 60 * scale, BLACK, blur=6 * scale), size=int(100 * scale))
    assert difference(soft, large) <= 3
    filtered = painted(Group((rect(20, 20, 60, 60, BLACK),), filters=(Blur(6),)), scale=scale)
    assert np.abs(filtered - soft).mean() < 1.5


def test_a_blurred_edge_is_a_gaussian() -> None:
    """At the edge itself half is left, one deviation outside 16 %."""
    row = painted(Path(Box(Rect(-100, -100, 150, 300)), Solid(BLACK), blur=10))[50, :, 0]
    assert abs(row[50] / 255 - 0.52) < 0.03 and abs(row[60] / 255 - 0.85) < 0.03


def test_glyphs_stand_on_their_baseline() -> None:
    """Ink lies above the baseline and starts near the first position."""
    ink = np.argwhere(painted(glyphs("HHH", 10, 80, 40))[..., 0] < 128)
    top, left = ink.min(axis=0)
    bottom = ink[:, 0].max()
    assert bottom in (78, 79, 80) and 45 < top < 55 and 10 <= left < 20


def test_glyphs_are_placed_between_pixels() -> None:
    """A quarter of a px moves the ink, so nothing is rounded to whole pixels."""
    assert difference(painted(glyphs("H", 10, 80, 40)), painted(glyphs("H", 10.25, 80, 40))) > 20


def test_faded_text_does_not_darken_where_glyphs_overlap() -> None:
    """Overlapping glyphs of a faded group are one picture."""
    run = glyphs("II", 30, 80, 60)
    over = Glyphs(run.typeface, run.size, run.glyphs, (run.positions[0],) * 2, run.paint)
    assert painted(Group((over,), opacity=0.5))[..., 0].min() in (127, 128)


def test_skew_leans_to_the_right_and_embolden_adds_ink() -> None:
    """Synthetic italics move the top to the right of the foot; synthetic bold covers more."""
    upright, leaning = (painted(glyphs("I", 30, 80, 60, skew=skew))[..., 0] for skew in (0.0, 0.3))

    def middle(row: npt.NDArray[np.int64]) -> float:
        return float(np.argwhere(row < 128).mean())

    assert abs(middle(upright[45]) - middle(upright[75])) < 0.6
    assert middle(leaning[45]) - middle(leaning[75]) > 6
    bold = painted(glyphs("I", 30, 80, 60, embolden=True))[..., 0]
    assert (255 - bold).sum() > 1.1 * (255 - upright).sum()


def test_a_blurred_text_keeps_its_ink() -> None:
    """A text's blur spreads the ink and loses none."""
    sharp, soft = (255 - painted(glyphs("H", 25, 75, 50, blur=blur))[..., 0] for blur in (0.0, 4.0))
    assert abs(soft.sum() / sharp.sum() - 1) < 0.06 and soft.max() < sharp.max()
