"""PNG, JPEG, WebP and AVIF: read back by another decoder, they are what was painted, and say what they must."""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips
import simplejpeg
from tests.engine.painting import BLUE, RED, rect

from tirage.engine import formats, paint, srgb
from tirage.engine.errors import RenderProblem
from tirage.engine.format import MIN_QUALITY
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Ellipse, Group, Path, Scene, ScenePage, Solid
from tirage.engine.values.color import WHITE, Color
from tirage.engine.values.transform import Rect

RASTER = ("png", "jpeg", "webp", "avif")


def encoded(name: str, scene: Scene, **options: Any) -> bytes:
    """The file of a scene."""
    return formats.get(name).encode(scene, OutputOptions(**options), Meta()).data


def decoded(data: bytes) -> npt.NDArray[np.int64]:
    """Its pixels, as libvips reads them."""
    array: npt.NDArray[np.uint8] = pyvips.Image.new_from_buffer(data, "").numpy()
    return array.astype(np.int64)


def disc(color: Color = RED) -> Scene:
    """A disc on nothing."""
    shape = Path(Ellipse(Rect(10, 10, 60, 60)), Solid(color))
    return Scene((ScenePage("disc", 80, 80, Group((shape,))),))


@pytest.mark.parametrize(("name", "mean"), [("png", 0.0), ("jpeg", 2.5), ("webp", 3.5), ("avif", 3.5)])
def test_formats_decode_to_what_was_painted(name: str, mean: float, scene: Scene) -> None:
    """Lossless is exact, the others are near."""
    raster = paint.raster(scene.pages[0], scale=2)
    options = {} if name == "png" else {"quality": 95}
    read = decoded(encoded(name, scene, scale=2, **options))
    assert read.shape == (400, 600, 3)
    assert np.abs(read - raster.data[..., :3].astype(np.int64)).mean() <= mean


@pytest.mark.parametrize("name", ["webp", "avif"])
def test_lossless_is_nearly_exact(name: str, scene: Scene) -> None:
    """Asked for, WebP loses nothing, and AVIF no more than its colour conversion does."""
    difference = np.abs(decoded(encoded(name, scene, lossless=True)) - decoded(encoded("png", scene)))
    assert difference.max() <= (0 if name == "webp" else 2)


@pytest.mark.parametrize("name", ["png", "webp", "avif"])
def test_transparency_is_kept_with_straight_colours(name: str) -> None:
    """What the page leaves open is open, and a half transparent red is a full red of half alpha."""
    read = decoded(encoded(name, disc(Color(1, 0, 0, 0.5)), lossless=name == "webp"))
    assert read.shape == (80, 80, 4)
    assert read[0, 0, 3] == 0 and abs(read[40, 40, 3] - 128) <= 2 and read[40, 40, 0] >= 250


@pytest.mark.parametrize("name", RASTER)
def test_an_opaque_file_has_no_alpha_and_lies_on_white(name: str) -> None:
    """With `transparent` false, and always in JPEG, the page lies on white."""
    read = decoded(encoded(name, disc(), transparent=False))
    assert read.shape == (80, 80, 3)
    assert (read[2, 2] >= 250).all() and read[40, 40, 0] > 240 > 20 > read[40, 40, 2]


def test_transparent_keeps_the_alpha_channel_of_an_opaque_page() -> None:
    """With `transparent` true there is an alpha channel whatever the page shows; without, only where it is needed."""
    page = Scene((ScenePage("page", 10, 10, Group((rect(0, 0, 10, 10, BLUE),))),))
    assert decoded(encoded("png", page, transparent=True)).shape[2] == 4
    assert decoded(encoded("png", page)).shape[2] == 3


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_lossy_files_carry_the_srgb_profile(name: str, scene: Scene) -> None:
    """The embedded profile is ours, and libvips finds that it changes nothing."""
    image = pyvips.Image.new_from_buffer(encoded(name, scene), "")
    assert image.get("icc-profile-data") == srgb.profile()
    assert (image.icc_transform("srgb", embedded=True, intent="relative") - image).abs().max() <= 1


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_progressive_where_asked_for(progressive: bool, scene: Scene) -> None:
    """The frame header tells; the profile and the pixels are there either way."""
    data = encoded("jpeg", scene, progressive=progressive)
    image = pyvips.Image.new_from_buffer(data, "")
    assert (b"\xff\xc2" in data, b"\xff\xc0" in data) == (progressive, not progressive)
    assert image.get("icc-profile-data") == srgb.profile()


@pytest.mark.parametrize(("quality", "sampling"), [(85, "420"), (95, "444")])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_full_chroma_at_high_quality(quality: int, sampling: str, progressive: bool, scene: Scene) -> None:
    """Below 90 colours are halved, from 90 they are not, in both ways of writing."""
    header = simplejpeg.decode_jpeg_header(encoded("jpeg", scene, quality=quality, progressive=progressive))
    assert header[:2] == (200, 300) and header[3] == sampling


@pytest.mark.parametrize("name", ["png", "jpeg"])
@pytest.mark.parametrize("dpi", [None, 72, 300])
def test_the_density_is_written(name: str, dpi: float | None, scene: Scene) -> None:
    """As asked for, else the 96 px an inch of CSS; libvips reads it in pixels a millimetre."""
    image = pyvips.Image.new_from_buffer(encoded(name, scene, dpi=dpi), "")
    assert image.xres == pytest.approx((dpi or 96) / 25.4, abs=0.01)
    assert image.yres == image.xres


def test_png_says_srgb_and_nothing_else(scene: Scene) -> None:
    """Header, sRGB, density, data, end."""
    data, at, names = encoded("png", scene), 8, []
    while at < len(data):
        names.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    assert list(dict.fromkeys(names)) == [b"IHDR", b"sRGB", b"pHYs", b"IDAT", b"IEND"]


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_a_size_limit_lowers_the_quality_only_as_far_as_needed(name: str, scene: Scene) -> None:
    """The file fits, is better than the worst, and no warning is given."""
    best, worst = len(encoded(name, scene, quality=90)), len(encoded(name, scene, quality=MIN_QUALITY))
    limit = (best + worst) // 2
    made = formats.get(name).encode(scene, OutputOptions(quality=90, max_bytes=limit), Meta())
    assert worst < len(made.data) <= limit and made.warnings == ()


@pytest.mark.parametrize("name", ["jpeg", "png", "svg"])
def test_a_size_limit_that_cannot_be_met_is_told(name: str, scene: Scene) -> None:
    """The smallest file is given, with a warning."""
    made = formats.get(name).encode(scene, OutputOptions(max_bytes=200), Meta())
    assert [warning.code for warning in made.warnings] == ["max_bytes_exceeded"]
    if name == "jpeg":
        assert made.data == encoded("jpeg", scene, quality=MIN_QUALITY)


_PROGRAM = """
import hashlib, sys
from tests.engine.formats.conftest import everything
from tirage.engine import formats
from tirage.engine.options import Meta, OutputOptions
for each in formats.FORMATS:
    data = each.encode(everything(), OutputOptions(), Meta("recipe", "Title", "en")).data
    print(each.name, hashlib.sha256(data).hexdigest())
"""


def test_the_same_scene_gives_the_same_bytes() -> None:
    """In this process twice, and in another with more codec threads: every format."""
    from tests.engine.formats.conftest import everything

    here = [
        {
            each.name: hashlib.sha256(each.encode(everything(), OutputOptions(), Meta("recipe", "Title", "en")).data)
            .hexdigest()
            for each in formats.FORMATS
        }
        for _ in range(2)
    ]  # fmt: skip
    command, root = [sys.executable, "-c", _PROGRAM], pathlib.Path(__file__).parents[3]
    there = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=root, env={"VIPS_CONCURRENCY": "3"}
    ).stdout
    assert here[0] == here[1] == dict(line.split() for line in there.splitlines())


@pytest.mark.parametrize(("width", "height", "scale"), [(16_384, 10, 1.5), (8000, 8000, 1), (4000, 4000, 2)])
@pytest.mark.parametrize("name", ["png", "pdf"])
def test_pictures_beyond_the_limits_are_refused(name: str, width: int, height: int, scale: float) -> None:
    """Neither too long nor too large, and nothing is painted before that is known."""
    scene = Scene((ScenePage("page", width, height, Group((rect(0, 0, 1, 1, RED),))),))
    with pytest.raises(RenderProblem) as caught:
        formats.get(name).encode(scene, OutputOptions(scale=scale), Meta())
    assert caught.value.code == "output_too_large"


@pytest.mark.parametrize("name", [*RASTER, "svg"])
def test_formats_of_one_page_refuse_two(name: str, scene: Scene) -> None:
    """Only PDF holds several pages."""
    with pytest.raises(RenderProblem) as caught:
        formats.get(name).encode(Scene(scene.pages * 2), OutputOptions(), Meta())
    assert caught.value.code == "one_page_only"


@pytest.mark.parametrize(("wanted", "found"), [("jpg", "jpeg"), ("JPEG", "jpeg"), ("PNG", "png"), ("pdf", "pdf")])
def test_formats_are_found_by_name_and_alias(wanted: str, found: str) -> None:
    """Names are read in any case."""
    assert formats.get(wanted).name == found


def test_an_unknown_format_names_the_closest() -> None:
    """A typing error is answered with what was probably meant."""
    with pytest.raises(RenderProblem) as caught:
        formats.get("wepb")
    assert (caught.value.code, caught.value.problems[0].closest) == ("format_unknown", "webp")


@pytest.mark.parametrize(
    "options", [{"scale": 0.05}, {"scale": 5}, {"scale": float("nan")}, {"quality": 0}, {"quality": 101}, {"dpi": 0}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    """Every number has its bounds."""
    with pytest.raises(RenderProblem) as caught:
        OutputOptions(**options)
    assert caught.value.code == "options_invalid"


def test_the_profile_is_srgb() -> None:
    """Our small profile means what libvips' own sRGB profile means, over the whole cube."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(18, -1, 3)
    image = pyvips.Image.new_from_array(cube, interpretation="srgb")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", srgb.profile())
    converted = image.icc_transform("srgb", embedded=True, intent="relative").numpy()
    assert np.abs(converted.astype(int) - cube).max() <= 1
    assert len(srgb.profile()) < 600 and srgb.profile()[36:40] == b"acsp"


def test_the_background_of_a_flat_format_is_white() -> None:
    """A page without any layer is a white JPEG."""
    read = decoded(encoded("jpeg", Scene((ScenePage("page", 8, 8, Group(())),))))
    assert (read == round(WHITE.red * 255)).all()
