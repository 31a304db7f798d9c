"""Drawings lowered to paths look as librsvg draws them; what paths cannot say is rasterised."""

from __future__ import annotations

import pathlib

import numpy as np
import numpy.typing as npt
import pytest

from tirage.engine.errors import RenderProblem
from tirage.engine.paint import flatten
from tirage.engine.scene import Group, Node, Path, Picture, Solid
from tirage.engine.skia_loader import skia
from tirage.engine.svg.draw import lower_svg, raster
from tirage.engine.svg.lower import lower_paths
from tirage.engine.svg.read import Drawing, prepare_svg

DRAWINGS = sorted((pathlib.Path(__file__).parent / "drawings").glob("*.svg"))


def drawing(markup: str) -> Drawing:
    """The prepared drawing of some markup."""
    return prepare_svg(markup.encode())


def painted(node: Node, width: float, height: float, scale: float = 1.0) -> npt.NDArray[np.int16]:
    """What the painter makes of a node over white, RGB."""
    handle = flatten(node, width, height, scale).handle
    rgba = handle.toarray(colorType=skia.kRGBA_8888_ColorType).astype(np.float64)
    alpha = rgba[..., 3:] / 255
    over = rgba[..., :3] * alpha + 255 * (1 - alpha)
    return np.asarray(np.rint(over), np.int16)


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.stem)
def test_paths_look_as_librsvg_draws_them(file: pathlib.Path) -> None:
    """Inside of shapes equal within 3 steps, edges within what two anti-aliasing methods differ by."""
    source = drawing(file.read_text())
    exact = painted(lower_paths(source, 180, 150), 180, 150)
    reference = painted(raster(source, 180, 150, 1), 180, 150)
    assert len(np.unique(reference.reshape(-1, 3), axis=0)) > 1
    difference = np.abs(exact - reference).max(axis=2)
    assert (difference > 3).mean() < 0.04
    # Two programs measure curves a little differently, so dashes end a fraction of a px apart.
    assert difference.mean() < (1.0 if "dash" in file.stem else 0.5)
    assert (difference > 64).mean() < (0.01 if "dash" in file.stem else 0.0005)


@pytest.mark.parametrize(
    "content",
    [
        '<text x="2" y="20">Tirage</text>',
        '<rect width="20" height="20" filter="url(#f)"/><filter id="f"><feGaussianBlur stdDeviation="2"/></filter>',
        '<style>g > rect{fill:red}</style><g><rect width="20" height="20"/></g>',
        '<rect width="20" height="20" style="mix-blend-mode:multiply"/>',
        '<radialGradient id="r" fx=".1"><stop/><stop offset="1" stop-color="red"/></radialGradient>'
        '<rect width="20" height="20" fill="url(#r)"/>',
        '<path d="M2 2h20" stroke="#000" marker-end="url(#m)"/><marker id="m"><circle r="3" cx="3" cy="3"/></marker>',
        '<linearGradient id="r" spreadMethod="repeat" x2=".3"><stop/><stop offset="1" stop-color="red"/>'
        '</linearGradient><rect width="20" height="20" fill="url(#r)"/>',
        '<path d="M2 2h20v20 oops" />',
    ],
)
def test_what_paths_cannot_say_becomes_a_picture(content: str) -> None:
    """Text, filters, full CSS, blending, focal points, markers and damaged paths are drawn at device size."""
    node = lower_svg(drawing(f'<svg viewBox="0 0 40 30">{content}</svg>'), 80, 60, scale=2)
    assert isinstance(node, Picture)
    assert (node.pixels.width, node.pixels.height) == (160, 120)
    assert (node.rect.width, node.rect.height) == (80, 60)
    assert node.pixels.handle.toarray()[..., 3].max() > 0


def test_a_drawing_of_broken_size_keeps_its_proportions_as_a_picture() -> None:
    """A box of 10.5 px at scale 1 is drawn with 11 device px and laid over 11 px, not squeezed."""
    node = lower_svg(drawing('<svg viewBox="0 0 10 10"><text y="9">x</text></svg>'), 10.5, 10.5)
    assert isinstance(node, Picture)
    assert (node.pixels.width, node.rect.width) == (11, 11)


ICON = (
    '<svg viewBox="0 0 30 10"><style>.s{{stop-color:#F00}}.k{{fill:navy}}</style>'
    '<linearGradient id="g"><stop class="s"/><stop offset="1" stop-color="red"/>'
    '</linearGradient><rect width="9" height="10" fill="url(#g)"/><rect x="10" width="9" height="10" class="k"/>'
    '<rect x="20" width="9" height="10"{last}/></svg>'
)


@pytest.mark.parametrize(("last", "old"), [("", "#000"), (' style="fill: currentColor"', "CurrentColor")])
def test_colours_are_replaced_by_name(last: str, old: str) -> None:
    """However a colour is written (name, hex, sheet, style, initial black), it is found and replaced."""
    colors = [("RED", "#00ff00"), ("rgb(0,0,128)", "yellow"), (old, "#0000ff")]
    node = lower_svg(drawing(ICON.format(last=last)), 30, 10, colors)
    assert isinstance(node, Group)
    picture = painted(node, 30, 10)
    assert [tuple(picture[5, x]) for x in (4, 14, 24)] == [(0, 255, 0), (255, 255, 0), (0, 0, 255)]
    before = painted(lower_svg(drawing(ICON.format(last=last)), 30, 10), 30, 10)
    assert [tuple(before[5, x]) for x in (4, 14, 24)] == [(255, 0, 0), (0, 0, 128), (0, 0, 0)]


def test_colours_are_replaced_in_pictures_too() -> None:
    """A drawing that has to be rasterised gets its new colours as well, and another key."""
    source = drawing('<svg viewBox="0 0 10 10"><style>svg > rect{fill:red}</style><rect width="10" height="10"/></svg>')
    plain, green = lower_svg(source, 10, 10), lower_svg(source, 10, 10, [("#ff0000", "#00ff00")])
    assert isinstance(plain, Picture)
    assert isinstance(green, Picture)
    assert tuple(painted(green, 10, 10)[5, 5]) == (0, 255, 0)
    assert plain.pixels.key != green.pixels.key


def test_a_replacement_that_is_no_colour_is_refused() -> None:
    """The new colour goes into markup, so it has to be a colour."""
    with pytest.raises(RenderProblem) as caught:
        lower_svg(drawing("<svg/>"), 10, 10, [("red", "url(http://example.com)")])
    assert caught.value.code == "color_invalid"


def test_opacity_of_one_shape_costs_no_layer() -> None:
    """A single plain shape with opacity is a path with a lighter colour."""
    node = lower_svg(
        drawing('<svg viewBox="0 0 8 8"><rect width="8" height="8" fill="#f00" opacity=".5"/></svg>'), 8, 8
    )
    assert isinstance(node, Group)
    (path,) = node.children
    assert isinstance(path, Path)
    assert isinstance(path.fill, Solid)
    assert path.fill.color.alpha == 0.5


@pytest.mark.check(88)
@pytest.mark.parametrize("size", ["0", "-1", "1e9", "1e308", "NaN", "1e999", "100%", None, "3em"])
def test_odd_sizes_are_fitted_into_the_box(size: str | None) -> None:
    """Whatever a drawing says of its own size, it is drawn with the pixels of its box."""
    sizes = "" if size is None else f'width="{size}" height="{size}"'
    for view in ("", 'viewBox="0 0 20 20"', f'viewBox="0 0 {size} {size}"'):
        source = drawing(f'<svg {sizes} {view}><circle cx="10" cy="10" r="8"/><text>a</text></svg>')
        node = lower_svg(source, 20, 20)
        assert isinstance(node, Picture)
        assert (node.pixels.width, node.pixels.height) == (20, 20)
