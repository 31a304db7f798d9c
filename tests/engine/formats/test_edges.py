"""What has no size, no colour or no ink is no reason to fail, in any kind of format."""

from __future__ import annotations

import pytest
from tests.engine.painting import BLUE, RED, difference, glyphs, painted, pixels, rect

from tirage.engine import formats
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Group,
    LinearGradient,
    Mask,
    Node,
    Outline,
    Path,
    Pattern,
    Picture,
    RadialGradient,
    Scene,
    ScenePage,
    Solid,
    Stroke,
)
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import Blur
from tirage.engine.values.transform import Rect, scaling

STOPS = (Stop(0, RED), Stop(1, BLUE))
BOX = Box(Rect(0, 0, 10, 10))

NOTHING: dict[str, Node] = {
    "picture of no width": Picture(pixels(4, 4), Rect(10, 10, 0, 20), Ellipse(Rect(10, 10, 0, 20))),
    "picture of no size": Picture(pixels(4, 4), Rect(10, 10, 0, 0)),
    "empty outline": Path(Outline(()), Solid(RED), Stroke(Solid(BLUE), 3, alignment="inside")),
    "group scaled to nothing": Group((rect(0, 0, 9, 9, RED), rect(0, 0, 5, 5, BLUE)), scaling(0, 0), 0.5),
    "filtered group scaled to nothing": Group((rect(0, 0, 9, 9, RED),), scaling(0, 0), filters=(Blur(3),)),
    "spaces": Group((glyphs("  ", 10, 20, 12),), opacity=0.5),
    "no glyphs": glyphs("", 10, 20, 12),
    "empty mask": Group((rect(0, 0, 9, 9, RED),), mask=Mask(Group(()))),
    "transparent group": Group((rect(0, 0, 9, 9, RED),), opacity=0.0),
    "clipped away": Group((rect(0, 0, 9, 9, RED), rect(0, 0, 5, 5, BLUE)), opacity=0.5, clip=Box(Rect(50, 50, 5, 5))),
}  # fmt: skip

SOMETHING: dict[str, Node] = {
    "gradient without a line": Path(BOX, LinearGradient((5, 5), (5, 5), STOPS)),
    "gradient without radii": Path(BOX, RadialGradient((5, 5), (0, 0), STOPS)),
    "linear gradient of one colour": Path(BOX, LinearGradient((0, 0), (9, 9), STOPS[:1])),
    "conic gradient of one colour": Path(BOX, ConicGradient((5, 5), 0, STOPS[:1])),
    "pattern of no size": Path(BOX, Pattern(pixels(4, 4), Rect(0, 0, 0, 0), True), Stroke(Solid(RED), 1)),
    "dashes of no length": Path(BOX, None, Stroke(Solid(RED), 2, dash=(0, 0))),
    "stroke wider than its shape": Path(Box(Rect(0, 0, 10, 4)), None, Stroke(Solid(RED), 40, alignment="inside")),
    "corners larger than the box": Path(Box(Rect(0, 0, 10, 10), ((50, 80),) * 4), Solid(RED)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
@pytest.mark.parametrize("name", [*NOTHING, *SOMETHING])
def test_degenerate_things_are_written(kind: str, name: str) -> None:
    """Every format takes them."""
    node = {**NOTHING, **SOMETHING}[name]
    scene = Scene((ScenePage("page", 40, 40, Group((node,))),))
    assert formats.get(kind).encode(scene, OutputOptions(), Meta()).data


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_nothing_paints_nothing(name: str) -> None:
    """The page stays as it was."""
    assert difference(painted(NOTHING[name]), painted()) == 0


@pytest.mark.parametrize("name", SOMETHING)
def test_what_is_something_is_seen(name: str) -> None:
    """The page does not stay as it was."""
    assert difference(painted(SOMETHING[name]), painted()) > 100


def test_a_pdf_that_fails_half_way_leaves_the_process_alive() -> None:
    """The error comes out, and the next document is written as ever."""
    broken = Scene((ScenePage("page", 40, 40, Group((Path(BOX, LinearGradient((0, 0), (1, 1), ())),))),))
    for _ in range(3):
        with pytest.raises(RuntimeError):
            formats.get("pdf").encode(broken, OutputOptions(), Meta())
    whole = Scene((ScenePage("page", 40, 40, Group((Path(BOX, Solid(RED)),))),))
    assert formats.get("pdf").encode(whole, OutputOptions(), Meta()).data.startswith(b"%PDF-1.4")
