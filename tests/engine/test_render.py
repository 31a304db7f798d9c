"""The whole chain: what a template and a row look like, what is told of them, and that it is the same every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tirage.engine.errors import ResourceProblem
from tirage.engine.report import report_as_json

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def page(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A page of 100 × 60 px."""
    return {"width": 100, "height": 60, "layers": list(layers), **more}


def box(
    name: str, fill: str, x: float = 10, y: float = 10, width: float = 40, height: float = 20, **more: Any
) -> dict[str, Any]:
    """A filled rectangle."""
    return {"type": "shape", "name": name, "fill": fill, "x": x, "y": y, "width": width, "height": height, **more}


def at(pixels: Any, x: int, y: int) -> tuple[int, ...]:
    """The colour of a pixel."""
    return tuple(int(part) for part in pixels[y, x, :3])


def test_layers_paint_in_order_over_the_background(studio: Any) -> None:
    """The first layer lies lowest; the page's background below it."""
    pixels = studio.pixels(page(box("a", "red"), box("b", "blue", x=30), background="green"))
    assert [at(pixels, 5, 5), at(pixels, 20, 20), at(pixels, 40, 20)] == [GREEN, RED, BLUE]


def test_percentages_are_of_the_parent(studio: Any) -> None:
    """Layers in a group take percentages of the group's box."""
    child = {**box("a", "red", 0, 0), "width": "50%", "height": "100%"}
    group = {"type": "group", "name": "g", "x": "50%", "width": "50%", "children": [child]}
    pixels = studio.pixels(page(group))
    assert [at(pixels, 45, 30), at(pixels, 60, 30), at(pixels, 80, 30)] == [WHITE, RED, WHITE]


def test_rotation_turns_about_the_centre(studio: Any) -> None:
    """A quarter turn swaps width and height about the middle of the box."""
    pixels = studio.pixels(page(box("a", "red", 30, 20, 40, 20, rotation=90)))
    assert [at(pixels, 50, 12), at(pixels, 50, 48), at(pixels, 33, 30)] == [RED, RED, WHITE]


def test_flip_mirrors_within_the_box(studio: Any, picture: Callable[..., bytes]) -> None:
    """A horizontal flip swaps the halves of a picture."""
    layer = {"type": "image", "imageUrl": "p", "flip": "horizontal"}
    pixels = studio.pixels(page(layer), pictures={"p": picture(100, 60, "#ff0000", "#0000ff")})
    assert [at(pixels, 10, 30), at(pixels, 90, 30)] == [BLUE, RED]


@pytest.mark.parametrize(
    ("fit", "colours"),
    [("cover", (RED, BLUE)), ("contain", (WHITE, WHITE)), ("fill", (RED, BLUE)), ("none", (WHITE, WHITE))],
)
def test_pictures_fit_as_css_says(
    studio: Any, picture: Callable[..., bytes], fit: str, colours: tuple[Any, Any]
) -> None:
    """A square picture in a wide page covers it, stretches over it, or stands in its middle."""
    layer = {"type": "image", "imageUrl": "p", "fit": fit}
    pixels = studio.pixels(page(layer), pictures={"p": picture(40, 40, "#ff0000", "#0000ff")})
    assert (at(pixels, 5, 30), at(pixels, 95, 30)) == colours
    assert (at(pixels, 45, 30), at(pixels, 55, 30)) == (RED, BLUE)


@pytest.mark.parametrize(
    ("position", "expected"),
    [("cro", RED), ("cov", BLUE), ("contain", WHITE), ("align", WHITE)],
)
def test_image_position_of_the_wire_wins_over_fit(
    studio: Any, picture: Callable[..., bytes], position: str, expected: Any
) -> None:
    """`cro` keeps the focal point in view, `cov` the centre; `contain` and `align` show all of the picture."""
    layer = {
        "type": "image",
        "imageUrl": "p",
        "fit": "fill",
        "focalPoint": {"x": 0, "y": 0.5},
        "imagePosition": position,
        "x": 40,
        "width": 20,
    }
    pixels = studio.pixels(page(layer), pictures={"p": picture(80, 20, "#ff0000", "#0000ff")})
    assert at(pixels, 55, 55) == expected


def test_a_row_changes_only_what_it_names(studio: Any) -> None:
    """Pictures kept of untouched layers look like those layers, at most 1 of 255 apart."""
    document = page(
        box("low", "linear-gradient(90deg, red, rgba(0,0,255,0.2))", 0, 0, 100, 60),
        box("mid", "green", 20, 20),
        box("high", "rgba(255,255,0,0.5)", 25, 5, 60, 40, borderRadius=12, shadow="0 2px 6px black", rotation=7),
        background="linear-gradient(0deg, white, teal)",
    )
    kept = studio.pixels(document, {"mid.fill": "purple"}).astype(int)
    touched = {f"{name}.opacity": 1 for name in ("low", "mid", "high")} | {"canvas.width": 100, "mid.fill": "purple"}
    direct = studio.pixels(document, touched).astype(int)
    assert np.abs(kept - direct).max() <= 1


@pytest.mark.parametrize("output", ["png", "jpeg", "webp", "avif", "pdf", "svg"])
def test_the_same_row_gives_the_same_bytes(studio: Any, picture: Callable[..., bytes], output: str) -> None:
    """Whatever was rendered before, and with nothing kept, the file is the same to the byte."""
    document = page(
        box("low", "linear-gradient(90deg, red, blue)", 0, 0, 100, 60),
        {"type": "image", "name": "pic", "imageUrl": "p", "x": 60, "width": 30, "borderRadius": "50%"},
        {"type": "text", "name": "title", "text": "Grüße مرحبا 東京 🎉", "fontSize": 14, "shadow": "0 1px 3px #0008"},
    )
    given = {"p": picture(300, 200, "#00ff00", "#ffff00")}
    first = studio.render(document, {"title": "Ünïque"}, given, output, fresh=True).files[0].data
    studio.render(document, {"title": "another", "low.opacity": 0.5}, given, output)
    again = studio.render(document, {"title": "Ünïque"}, given, output).files[0].data
    assert first == again


def test_masks_show_children_where_they_are_opaque(studio: Any) -> None:
    """A group shows through the alpha of its mask and nothing of the mask itself."""
    group = {
        "type": "group",
        "name": "g",
        "children": [box("fill", "red", 0, 0, 100, 60), {**box("hole", "blue", 40, 20, 20, 20), "id": "hole"}],
        "mask": {"layer": "hole"},
    }
    pixels = studio.pixels(page(group))
    assert [at(pixels, 20, 30), at(pixels, 50, 30)] == [WHITE, RED]


def test_blend_modes_reach_the_layers_below(studio: Any) -> None:
    """Multiply darkens what was painted before it, kept or not."""
    pixels = studio.pixels(page(box("a", "#ffff00", 0, 0, 100, 60), box("b", "#00ffff", 20, 10, blendMode="multiply")))
    assert at(pixels, 30, 20) == (0, 255, 0)


def test_transparent_leaves_the_background_out(studio: Any) -> None:
    """With `transparent` only the layers are painted; formats without alpha keep the background."""
    document = page(box("a", "red"), background="blue")
    pixels = studio.pixels(document, transparent=True)
    assert (pixels[5, 5, 3], pixels[20, 20, 3]) == (0, 255)
    jpeg = studio.pixels(document, transparent=True, output="jpeg")
    assert abs(jpeg[50, 90, :3].astype(int) - BLUE).max() <= 2


def test_scale_multiplies_the_pixels(studio: Any) -> None:
    """Scale 2 gives twice the size, scale 0.5 half."""
    for scale, size in ((2, (200, 120)), (0.5, (50, 30))):
        file = studio.render(page(box("a", "red")), scale=scale).files[0]
        assert (file.width, file.height) == size


def test_pages_of_raster_formats_are_files_of_their_own(studio: Any) -> None:
    """A document of two pages is two PNG files, but one PDF."""
    document = {"pages": [{"width": 10, "height": 10}, {"width": 20, "height": 10}]}
    assert [file.width for file in studio.render(document).files] == [10, 20]
    assert len(studio.render(document, output="pdf").files) == 1


def test_the_report_tells_where_everything_lies(studio: Any, picture: Callable[..., bytes]) -> None:
    """Boxes, turned corners, lines, fonts, crops, one entry a layer, groups before their children."""
    document = page(
        {
            "type": "group",
            "name": "g",
            "x": 10,
            "y": 5,
            "width": 80,
            "height": 50,
            "children": [
                {"type": "text", "name": "t", "text": "Hello world", "fontSize": 12, "width": 50, "height": 40},
                {"type": "image", "name": "i", "imageUrl": "p", "x": 50, "width": 20, "height": 20, "rotation": 90},
            ],
        },
    )
    report = report_as_json(studio.render(document, pictures={"p": picture(40, 20)}).report)
    group, text, image = report["layers"]
    assert [each["name"] for each in (group, text, image)] == ["g", "t", "i"]
    assert text["box"] == {"x": 10, "y": 5, "width": 50, "height": 40}
    assert [line["start"] for line in text["text"]["lines"]] == [0, 6]
    assert any("Inter" in font for font in text["text"]["fonts"])
    assert image["images"][0]["crop"] == {"x": 10, "y": 0, "width": 20, "height": 20}
    assert np.allclose(image["quad"][0], [80, 5]), "the top left corner turned to the top right"
    assert set(report["timings"]) == {"layout", "paint", "encode"}


def test_text_that_grows_moves_away_from_where_it_is_aligned(studio: Any) -> None:
    """A growing box keeps its top, its middle or its bottom."""
    tops = []
    for align in ("top", "middle", "bottom"):
        layer = {
            "type": "text",
            "text": "one two three four",
            "fontSize": 12,
            "x": 0,
            "y": 30,
            "width": 40,
            "height": 10,
            "fit": "grow",
            "verticalAlign": align,
            "backgroundColor": "red",
        }
        box_ = studio.render(page(layer)).report.layers[0].box
        tops.append((round(box_.y), round(box_.y + box_.height)))
    height = tops[0][1] - tops[0][0]
    assert height > 30
    assert tops == [(30, 30 + height), (round(35 - height / 2), round(35 + height / 2)), (40 - height, 40)]


def test_a_picture_that_cannot_be_had_fails_with_its_layer(studio: Any) -> None:
    """No silent gap: the row fails and names layer and key."""
    with pytest.raises(ResourceProblem) as caught:
        studio.render(page({"type": "image", "name": "photo", "imageUrl": "nowhere"}))
    assert (caught.value.problems[0].layer, caught.value.problems[0].pointer) == ("photo", "/imageUrl")


def test_an_empty_picture_is_a_warning(studio: Any) -> None:
    """A layer without a picture shows its background and says so."""
    rendered = studio.render(page({"type": "image", "name": "photo", "backgroundColor": "red"}))
    assert [warning.code for warning in rendered.report.warnings] == ["image_empty"]


@pytest.mark.check(72)
def test_a_picture_covers_its_whole_box(studio: Any, picture: Callable[..., bytes]) -> None:
    """Nothing of a red background is left in the box of an opaque picture."""
    document = page({"type": "image", "imageUrl": "p"}, background="red")
    pixels = studio.pixels(document, pictures={"p": picture(333, 77, "#00ff00")})
    assert (pixels[..., 0] == 0).all() and (pixels[..., 1] == 255).all()


@pytest.mark.check(105)
@pytest.mark.parametrize(("width", "height", "scale"), [(1, 1, 1), (1, 1, 4), (3, 7, 0.1)])
def test_the_smallest_pages_are_drawn(studio: Any, width: int, height: int, scale: float) -> None:
    """One pixel is a page, and nothing scales below it."""
    file = studio.render({"width": width, "height": height, "layers": [box("a", "red")]}, scale=scale).files[0]
    assert (file.width, file.height) == (max(1, round(width * scale)), max(1, round(height * scale)))


def test_drawings_come_as_layers_and_as_pictures(studio: Any) -> None:
    """An SVG layer takes new colours by name; an image layer shows a drawing at its own ratio."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="red" d="M0 0H10V10H0Z"/></svg>'
    layer = {"type": "svg", "svg": drawing, "width": 60, "colors": {"red": "#0000ff"}}
    assert at(studio.pixels(page(layer)), 30, 30) == BLUE
    layer = {"type": "image", "imageUrl": "d", "fit": "contain"}
    pixels = studio.pixels(page(layer), pictures={"d": drawing.encode()})
    assert [at(pixels, 10, 30), at(pixels, 50, 30)] == [WHITE, RED]


def test_text_in_a_drawing_is_warned_of(studio: Any) -> None:
    """It is set with the machine's fonts, so it is told."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><text y="9">x</text></svg>'
    rendered = studio.render(page({"type": "svg", "svg": drawing}))
    assert [warning.code for warning in rendered.report.warnings] == ["svg_text"]


def test_a_drawing_has_its_focus_in_the_middle(studio: Any) -> None:
    """Faces are sought in pictures only; a drawing is cropped at its centre, and the report says so."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="red" d="M0 0H10V10H0Z"/></svg>'
    layer = {"type": "image", "imageUrl": "d", "imagePosition": "ai_face"}
    report = studio.render(page(layer), pictures={"d": drawing.encode()}).report
    assert report.layers[0].images[0].focus == "center"
