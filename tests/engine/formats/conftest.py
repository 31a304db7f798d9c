"""A page with something of everything, for all formats."""

from __future__ import annotations

import pytest
from tests.engine.painting import BLUE, RED, glyphs, pixels, rect

from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Group,
    LinearGradient,
    Mask,
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
from tirage.engine.values.color import BLACK, WHITE, Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import parse_filters
from tirage.engine.values.outline import star
from tirage.engine.values.transform import Rect, rotation, translation

_STOPS = (Stop(0, RED), Stop(0.5, Color(1, 0.9, 0, 0.4)), Stop(1, BLUE))
_LINK = "https://example.org/?a=1&b=2"


def everything() -> Scene:
    """All primitives, paints, strokes and effects on one page of 300×200 px."""
    star_at = tuple(star(5, 0.5, 50, 50))
    nodes = (
        rect(0, 0, 300, 200, WHITE),
        Path(Box(Rect(10, 10, 50, 40), ((8, 8),) * 4), LinearGradient((10, 10), (60, 50), _STOPS)),
        Path(Box(Rect(70, 10, 50, 40)), RadialGradient((95, 30), (25, 15), _STOPS)),
        Path(Ellipse(Rect(130, 10, 40, 40)), ConicGradient((150, 30), 45, _STOPS)),
        Path(
            Box(Rect(180, 10, 50, 40), ((20, 10), (0, 0), (5, 5), (9, 18))),
            Pattern(pixels(24, 24), Rect(180, 10, 12, 12), True),
        ),
        Path(Box(Rect(240, 10, 50, 40)), Solid(Color(0, 0.5, 0, 0.5)), Stroke(Solid(BLACK), 4, alignment="inside")),
        Group((Path(Outline(star_at), Solid(RED), Stroke(Solid(BLUE), 3, alignment="outside")),), translation(10, 60)),
        Group(
            (Path(Outline(star_at, True), None, Stroke(Solid(BLACK), 3, dash=(6, 3), cap="round")),),
            translation(70, 60),
        ),
        rect(132, 67, 46, 36, Color(0, 0, 0, 0.6), blur=3),
        rect(130, 65, 46, 36, BLUE),
        Group(
            (Picture(pixels(96, 80), Rect(0, 0, 48, 40), Ellipse(Rect(0, 0, 48, 40))),),
            rotation(-12).then(translation(190, 70)),
        ),
        Group((rect(245, 65, 40, 40, RED), rect(255, 75, 40, 40, BLUE)), opacity=0.5, href=_LINK, label="Two squares"),
        Group(
            (rect(12, 125, 40, 30, RED),),
            filters=parse_filters("hue-rotate(90deg) blur(1px) drop-shadow(4px 4px 2px #0008)").filters,
        ),
        Group(
            (rect(70, 120, 50, 40, BLUE),),
            mask=Mask(
                Path(Box(Rect(70, 120, 50, 40)), LinearGradient((70, 0), (120, 0), (Stop(0, BLACK), Stop(1, WHITE)))),
                "luminance",
            ),
        ),
        rect(130, 120, 40, 40, Color(0.9, 0.7, 0.1)),
        Group((rect(140, 130, 40, 40, Color(0.2, 0.8, 0.6)),), blend="multiply"),
        Group(
            (rect(190, 110, 60, 60, RED),),
            rotation(10).then(translation(20, -40)),
            clip=Ellipse(Rect(195, 120, 40, 40)),
        ),
        glyphs("Text & <more>", 10, 190, 24),
        glyphs("Soft", 190, 190, 24, blur=1.5),
        glyphs("Line", 245, 190, 20, WHITE, stroke=Stroke(Solid(RED), 1.5, join="round")),
    )
    page = ScenePage("everything", 300, 200, Group(nodes), ((Rect(245, 65, 50, 50), _LINK),))
    return Scene((page,))


@pytest.fixture(name="scene")
def scene_fixture() -> Scene:
    """The page with everything."""
    return everything()
