"""SVG: another renderer draws from it what our painter draws, and nothing in it leads outside."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips
from lxml import etree
from tests.engine.painting import BLUE, RED, glyphs, pixels, rect

from tirage.engine import formats, paint
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Group,
    LinearGradient,
    Node,
    Path,
    Pattern,
    Picture,
    Pixels,
    Scene,
    ScenePage,
    Solid,
    Stroke,
)
from tirage.engine.values.color import BLACK, WHITE, Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import Blur, DropShadow, parse_filters
from tirage.engine.values.transform import Rect, rotation, translation


def smooth() -> Pixels:
    """A picture that every way of enlarging shows alike."""
    run = LinearGradient((0, 0), (25, 25), (Stop(0, RED), Stop(1, BLUE)))
    return paint.flatten(Path(Box(Rect(0, 0, 25, 25)), run), 25, 25, 2)


def document(*nodes: Node, meta: Meta = Meta(), **options: Any) -> bytes:  # noqa: B008
    """The SVG of a white page of 100×100 px."""
    page = ScenePage("page", 100, 100, Group((rect(0, 0, 100, 100, WHITE), *nodes)))
    return formats.get("svg").encode(Scene((page,)), OutputOptions(**options), meta).data


def drawn(data: bytes, scale: float = 2.0) -> npt.NDArray[np.int64]:
    """What librsvg draws."""
    # The engine blocks this loader except where it needs it itself.
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
    try:
        array: npt.NDArray[np.uint8] = pyvips.Image.svgload_buffer(data, scale=scale).flatten(background=255).numpy()
    finally:
        pyvips.operation_block_set("VipsForeignLoadSvg", True)
    return array.astype(np.int64)


def ours(*nodes: Node) -> npt.NDArray[np.int64]:
    """What our painter draws."""
    page = ScenePage("page", 100, 100, Group((rect(0, 0, 100, 100, WHITE), *nodes)))
    return paint.raster(page, scale=2).data[..., :3].astype(np.int64)


def test_everything_looks_as_painted(scene: Scene) -> None:
    """All primitives, paints and effects at once, through librsvg."""
    data = formats.get("svg").encode(scene, OutputOptions(), Meta()).data
    difference = np.abs(drawn(data) - paint.raster(scene.pages[0], scale=2).data[..., :3])
    assert difference.mean() < 1.2
    assert (difference.max(axis=2) > 64).mean() < 0.008


TRANSPARENT_RED = LinearGradient((0, 0), (100, 0), (Stop(0, Color(0, 0, 0, 0)), Stop(1, RED)))
FADING = LinearGradient((0, 0), (100, 0), (Stop(0, RED), Stop(0.5, Color(0, 0, 1, 0.2)), Stop(1, Color(0, 1, 0, 0))))


@pytest.mark.parametrize(
    "node",
    [
        Path(Box(Rect(0, 0, 100, 100)), TRANSPARENT_RED),
        Path(Box(Rect(0, 0, 100, 100)), FADING),
        Path(Box(Rect(10, 10, 80, 80)), ConicGradient((50, 50), 30, (Stop(0, RED), Stop(1, BLUE)))),
        Path(Box(Rect(10, 10, 80, 80)), Pattern(smooth(), Rect(20, 20, 25, 25), True)),
        Path(Box(Rect(10, 10, 80, 80)), Pattern(smooth(), Rect(20, 20, 25, 25), False)),
        Path(Box(Rect(20, 20, 60, 60), ((30, 15),) * 4), Solid(RED), Stroke(Solid(BLUE), 8, alignment="inside")),
        Path(Ellipse(Rect(20, 20, 60, 40)), Solid(RED), Stroke(Solid(BLUE), 8, alignment="outside", dash=(9, 4))),
        Group((rect(20, 20, 40, 40, RED),), filters=parse_filters("grayscale(1) drop-shadow(9px 9px 0 #00f)").filters),
        Group((rect(20, 20, 40, 40, RED),), filters=(Blur(3), DropShadow(9, 9, 2, BLUE))),
        Group((rect(20, 20, 40, 40, RED),), rotation(20).then(translation(30, 0)), clip=Ellipse(Rect(20, 20, 40, 40))),
        Group((rect(20, 20, 40, 40, BLACK, blur=5),), opacity=0.5),
        glyphs("Gylä", 5, 70, 40),
        glyphs("Gylä", 5, 70, 40, skew=0.2, embolden=True),
    ],
    ids=lambda node: type(node).__name__,
)
def test_single_things_look_as_painted(node: Node) -> None:
    """Each by itself, so that a difference has a name."""
    difference = np.abs(drawn(document(node)) - ours(node)).max(axis=2)
    assert difference.mean() < 1.5
    assert (difference > 48).mean() < 0.01


def test_nothing_leads_outside(scene: Scene) -> None:
    """References go to parts of the same file or to data inside it; there is no script."""
    root = etree.fromstring(formats.get("svg").encode(scene, OutputOptions(), Meta("abc", "T", "en")).data)
    names = {etree.QName(element).localname for element in root.iter()}
    assert not names & {"script", "foreignObject", "style", "text", "font"}
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        href = element.get("href")
        if href is not None and etree.QName(element).localname != "a":
            assert href.startswith("data:image/png;base64,") or href[1:] in ids
        for name, value in element.items():
            assert not name.startswith("on")
            assert all(target in ids for target in re.findall(r"url\(#([^)]*)\)", value))


def test_title_text_and_links_are_there_and_escaped(scene: Scene) -> None:
    """What people read or follow survives, markup in it does not act, and what XML cannot hold is dropped."""
    data = formats.get("svg").encode(scene, OutputOptions(), Meta("", "A <b>&\x0b title", "de")).data
    root = etree.fromstring(data)
    space = {"s": "http://www.w3.org/2000/svg"}
    assert root.findtext("s:title", namespaces=space) == "A <b>& title" and root.get("lang") == "de"
    labels = [element.get("aria-label") for element in root.iter() if element.get("aria-label")]
    assert "Text & <more>" in labels
    links = [element.get("href") for element in root.iterfind(".//s:a", space)]
    assert links == ["https://example.org/?a=1&b=2"]


def test_links_that_run_something_are_left_out() -> None:
    """Only schemes that lead somewhere become links."""
    assert b"javascript" not in document(Group((rect(0, 0, 9, 9, RED),), href="javascript:alert(1)"))
    assert b"<a href=" in document(Group((rect(0, 0, 9, 9, RED),), href="mailto:a@example.org"))


def test_glyphs_and_pictures_are_written_once() -> None:
    """Text that repeats a glyph, and a picture used twice, refer to one definition."""
    picture = pixels(8, 8)
    data = document(
        glyphs("aaaa", 5, 50, 20),
        Picture(picture, Rect(0, 60, 20, 20)),
        Picture(picture, Rect(50, 60, 30, 30)),
    )
    assert data.count(b"<image ") == 1 and data.count(b"<use ") == 4 + 2 and data.count(b"<path ") == 1


def test_pictures_become_jpeg_where_a_quality_is_asked_for() -> None:
    """Only opaque ones: a transparent picture stays a PNG."""
    shown = document(Picture(pixels(8, 8), Rect(0, 0, 20, 20)), quality=80)
    assert b"data:image/jpeg" in shown
    assert b"data:image/png" in document(Picture(pixels(8, 8, opaque=False), Rect(0, 0, 20, 20)), quality=80)


def test_scale_and_density_give_the_size() -> None:
    """`scale` enlarges, `dpi` makes inches; the view box stays that of the page."""
    root = etree.fromstring(document(scale=1.5))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("150", "150", "0 0 100 100")
    assert etree.fromstring(document(dpi=50)).get("width") == "2in"
