"""Decoded pictures have the right colours, the right way up, at the right size, or are refused."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.images import seeds

from tirage.engine import paint
from tirage.engine.errors import ResourceProblem
from tirage.engine.images import ImageEngine, read_header
from tirage.engine.images.decode import decode
from tirage.engine.scene import Group, Picture, Pixels, ScenePage
from tirage.engine.skia_loader import skia
from tirage.engine.values.color import WHITE
from tirage.engine.values.transform import Rect

ALL = [*seeds.FORMATS, "bmp"]
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (220, 220, 30)
CODES = {"image_truncated", "image_invalid", "image_too_large", "image_too_complex", "too_many_frames"}


def opened(data: bytes, width: int | None = None, height: int | None = None) -> Pixels:
    """All of a picture, scaled down to a size if one is given."""
    wide, high = read_header(data).upright
    return ImageEngine().pixels(seeds.blob(data), Rect(0, 0, wide, high), width or wide, height or high)


def rgba(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """The samples, premultiplied as they are kept."""
    info = skia.ImageInfo.Make(pixels.width, pixels.height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    samples = np.empty((pixels.height, pixels.width, 4), np.uint8)
    assert pixels.handle.readPixels(info, samples, pixels.width * 4, 0, 0)
    return samples


def quarters(pixels: Pixels) -> list[tuple[int, ...]]:
    """The colours amid the four quarters: top left, top right, bottom left, bottom right."""
    samples = rgba(pixels)
    ys, xs = (pixels.height // 4, pixels.height * 3 // 4), (pixels.width // 4, pixels.width * 3 // 4)
    return [tuple(int(part) for part in samples[y, x]) for y in ys for x in xs]


def near(found: list[tuple[int, ...]], expected: list[tuple[int, ...]], by: int = 6) -> None:
    """Assert that colours are equal within some steps; alpha 255 where it is not given."""
    for one, other in zip(found, expected, strict=True):
        assert np.abs(np.subtract(one, (*other, 255)[:4])).max() <= by, (found, expected)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [(40, 24), (20, 12), (13, 7), (400, 240)])
def test_every_format_decodes_to_its_colours(name: str, size: tuple[int, int]) -> None:
    """The quarters keep their colours at any size; nothing is enlarged in memory."""
    pixels = opened(seeds.seed(name), *size)
    assert (pixels.width, pixels.height) == (min(size[0], 40), min(size[1], 24))
    near(quarters(pixels), [RED, GREEN, BLUE, YELLOW], 14)
    assert pixels.opaque
    assert pixels.handle.isOpaque()


@pytest.mark.check(77)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_orientation_is_applied(orientation: int, suffix: str) -> None:
    """Stored rows are turned and mirrored upright, whole pictures and crops alike."""
    upright = seeds.corners(40, 24)
    # The inverse of what each value asks for (EXIF 2.32), done to the upright picture.
    stored: dict[int, Any] = {
        1: lambda image: image,
        2: lambda image: image.fliphor(),
        3: lambda image: image.rot180(),
        4: lambda image: image.flipver(),
        5: lambda image: image.rot90().fliphor(),
        6: lambda image: image.rot270(),
        7: lambda image: image.rot270().fliphor(),
        8: lambda image: image.rot90(),
    }
    image = stored[orientation](upright).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    options = {"Q": 95, "subsample_mode": "off"} if suffix == ".jpg" else {}
    data = image.write_to_buffer(suffix, **options)
    pixels = opened(data)
    assert (pixels.width, pixels.height) == (40, 24)
    near(quarters(pixels), [RED, GREEN, BLUE, YELLOW], 14)
    # The top right quarter alone, scaled down.
    part = ImageEngine().pixels(seeds.blob(data), Rect(20, 0, 20, 12), 10, 6)
    assert (part.width, part.height) == (10, 6)
    near(quarters(part), [GREEN] * 4, 14)


@pytest.mark.check(77)
def test_deep_grey_and_palette_sources_become_eight_bits_of_srgb() -> None:
    """16 bits, grey, grey with alpha, palette with transparency, one bit: all end as the same RGBA."""
    picture = seeds.corners()
    near(quarters(opened(picture.colourspace("rgb16").pngsave_buffer())), [RED, GREEN, BLUE, YELLOW], 1)
    near(quarters(opened(picture.colourspace("rgb16").pngsave_buffer(), 20, 12)), [RED, GREEN, BLUE, YELLOW], 1)
    grey = pyvips.Image.black(8, 8).linear(1, 100, uchar=True).copy(interpretation="b-w")
    near(quarters(opened(grey.pngsave_buffer())), [(100, 100, 100)] * 4, 0)
    near(quarters(opened(grey.jpegsave_buffer())), [(100, 100, 100)] * 4, 1)
    near(quarters(opened(grey.colourspace("grey16").pngsave_buffer())), [(100, 100, 100)] * 4, 1)
    shaded = opened(grey.bandjoin(128).pngsave_buffer(), 4, 4)
    near(quarters(shaded), [(50, 50, 50, 128)] * 4, 1)
    assert not shaded.opaque
    indexed = picture.bandjoin(255).pngsave_buffer(palette=True)
    near(quarters(opened(indexed)), [RED, GREEN, BLUE, YELLOW], 3)
    holed = seeds.png(
        2, 2, depth=8, kind=3, body=b"\0\0\1\0\1\0",
        extra=seeds.chunk(b"PLTE", b"\xff\0\0\0\xff\0") + seeds.chunk(b"tRNS", b"\xff\0"),
    )  # fmt: skip
    near(quarters(opened(holed)), [(255, 0, 0, 255), (0, 0, 0, 0), (0, 0, 0, 0), (255, 0, 0, 255)], 0)
    bits = seeds.png(8, 2, body=b"\0\xf0\0\xf0")
    near(quarters(opened(bits)), [(255,) * 3, (0,) * 3] * 2, 0)


@pytest.mark.check(77)
def test_profiles_are_applied() -> None:
    """CMYK with and without a profile and wide-gamut RGB come out as the colours they were made from."""
    picture = seeds.corners(64, 64)
    wide = picture.icc_transform("p3", input_profile="srgb")
    assert wide.get_typeof("icc-profile-data")
    assert np.abs(np.subtract(wide(16, 16), RED)).max() > 10
    for suffix in (".png", ".jpg", ".tif", ".webp"):
        options = {"Q": 98, "subsample_mode": "off"} if suffix == ".jpg" else {}
        options |= {"lossless": True} if suffix == ".webp" else {}
        near(quarters(opened(wide.write_to_buffer(suffix, **options))), [RED, GREEN, BLUE, YELLOW], 7)
    ink = picture.icc_transform("cmyk", input_profile="srgb")
    for data in (ink.jpegsave_buffer(Q=98), ink.tiffsave_buffer(), ink.jpegsave_buffer(Q=98, keep="none")):
        # Print colours hold less than a screen's; the hues must be right, not inverted.
        near(quarters(opened(data, 32, 32)), [RED, GREEN, BLUE, YELLOW], 100)
        found = quarters(opened(data))
        assert [int(np.argmax(colour[:3])) for colour in found[:3]] == [0, 1, 2]
        assert min(found[3][:2]) > 180 > found[3][2]


@pytest.mark.check(77)
@pytest.mark.parametrize("profile", [b"", b"not a profile", bytes(200)])
def test_broken_profiles_and_exif_do_no_harm(profile: bytes) -> None:
    """A profile or EXIF block that cannot be read is left out."""
    picture = seeds.corners().copy()
    picture.set_type(pyvips.GValue.blob_type, "exif-data", b"Exif\0\0II*\0\xff\xff\xff\xff")
    if profile:
        picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    for suffix in (".png", ".jpg", ".webp"):
        options = {"Q": 95, "subsample_mode": "off"} if suffix == ".jpg" else {}
        near(quarters(opened(picture.write_to_buffer(suffix, **options))), [RED, GREEN, BLUE, YELLOW], 14)


def test_edges_of_transparent_pictures_do_not_fringe() -> None:
    """Colours under full transparency never show when a picture is scaled down, in small and streamed pictures."""
    samples = np.zeros((64, 64, 4), np.uint8)
    samples[:, :32] = (255, 255, 255, 255)
    samples[:, 32:] = (0, 255, 0, 0)
    for image in (
        pyvips.Image.new_from_array(samples).copy(interpretation="srgb"),
        pyvips.Image.new_from_array(samples).copy(interpretation="srgb").colourspace("rgb16"),
    ):
        found = rgba(opened(image.pngsave_buffer(), 21, 21)).astype(int)
        assert np.abs(found[..., 1] - found[..., 0]).max() <= 1
        assert (found[..., :3] <= found[..., 3:]).all()


@pytest.mark.check(71)
def test_animations_show_their_first_frame() -> None:
    """Only the first frame is decoded, on the canvas that the header declares."""
    frames = pyvips.Image.arrayjoin([seeds.corners(), seeds.corners().invert()], across=1).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 24)
    for suffix in (".gif", ".webp"):
        near(quarters(opened(frames.write_to_buffer(suffix))), [RED, GREEN, BLUE, YELLOW], 14)
    pixels = opened(seeds.gif(3000, 30))
    assert (pixels.width, pixels.height) == (3000, 30)
    assert rgba(pixels)[29, 2999].tolist() == [0, 0, 0, 0]


@pytest.mark.check(75)
@pytest.mark.parametrize("name", ALL)
def test_cut_pictures_are_errors_at_every_byte(name: str) -> None:
    """No prefix of a picture decodes as if it were whole."""
    data = seeds.seed(name, 16, 12)
    whole = rgba(opened(data))
    engine = ImageEngine()
    step = max(1, len(data) // 150)
    for end in {*range(0, len(data), step), *range(len(data) - 20, len(data))}:
        try:
            pixels = engine.pixels(seeds.blob(data[:end]), Rect(0, 0, 16, 12), 16, 12)
        except ResourceProblem as error:
            assert error.code in ("image_truncated", "image_invalid", "unsupported_format"), end
        else:
            # Bytes after the last pixel that a format needs are not missed.
            assert name in ("tiff", "webp"), end
            assert (rgba(pixels) == whole).all(), end


@pytest.mark.check(57, 75)
def test_half_a_photo_is_called_truncated() -> None:
    """Cut JPEGs that still end in the right marker are found too, progressive ones and those that are scaled."""
    for interlace in (False, True):
        plain = seeds.corners(800, 600).gaussblur(20)
        kinds = (plain, plain.colourspace("cmyk"), plain.icc_transform("p3", input_profile="srgb"))
        for size, data in itertools.product((800, 100), (kind.jpegsave_buffer(interlace=interlace) for kind in kinds)):
            with pytest.raises(ResourceProblem) as caught:
                ImageEngine().pixels(
                    seeds.blob(data[: len(data) // 2] + b"\xff\xd9"), Rect(0, 0, 800, 600), size, size * 3 // 4
                )
            assert caught.value.code == "image_truncated"


def test_a_jpeg_with_stray_bytes_is_shown() -> None:
    """Bytes between segments are a blemish that every viewer passes over."""
    plain = seeds.corners()
    for image in (plain, plain.icc_transform("p3", input_profile="srgb")):
        data = image.jpegsave_buffer(Q=95, subsample_mode="off")
        scan = data.index(b"\xff\xda")
        stray = data[:scan] + b"\0\0\0" + data[scan:]
        near(quarters(opened(stray)), [RED, GREEN, BLUE, YELLOW], 14)


@pytest.mark.check(74, 76)
@pytest.mark.parametrize("name", ALL)
def test_mutated_pictures_decode_or_are_refused(name: str) -> None:
    """Seeded changes of single bytes never lead to anything but a picture of the declared size or a problem."""
    data, chance, engine = seeds.seed(name, 16, 12), random.Random(name), ImageEngine()
    for _ in range(60):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            header = read_header(bytes(changed))
            if header.width * header.height > 10_000:
                continue
            wide, high = header.upright
            pixels = engine.pixels(seeds.blob(bytes(changed)), Rect(0, 0, wide, high), wide, high)
        except ResourceProblem as error:
            assert error.code in CODES | {"unsupported_format"}
        else:
            assert (pixels.width, pixels.height) == (wide, high)


@pytest.mark.check(78)
def test_a_tiff_whose_directories_run_in_a_circle_shows_its_first_page() -> None:
    """The decoder neither hangs nor follows the circle."""
    data = bytearray(seeds.corners(8, 8).tiffsave_buffer(compression="none"))
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    data[at + 2 + 12 * count : at + 6 + 12 * count] = at.to_bytes(4, "little")
    try:
        near(quarters(opened(bytes(data))), [RED, GREEN, BLUE, YELLOW], 1)
    except ResourceProblem as error:
        assert error.code == "image_invalid"


@pytest.mark.check(72)
@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_a_large_picture_leaves_no_gap(name: str) -> None:
    """Every pixel of a large picture is there after scaling down."""
    big = pyvips.Image.black(3000, 2000).bandjoin([0, 0]).linear(1, [0, 0, 200], uchar=True).copy(interpretation="srgb")
    samples = rgba(opened(big.write_to_buffer(seeds.FORMATS[name]), 300, 200)).astype(int)
    assert np.abs(samples - (0, 0, 200, 255)).max() <= 3


def test_crops_are_the_parts_of_the_whole() -> None:
    """A crop at half size shows the same as the whole at half size."""
    picture = seeds.corners(400, 240).gaussblur(8)
    for data in (picture.jpegsave_buffer(Q=95), picture.pngsave_buffer()):
        whole = rgba(opened(data, 200, 120)).astype(int)
        part = ImageEngine().pixels(seeds.blob(data), Rect(120, 60, 160, 100), 80, 50)
        assert np.abs(rgba(part).astype(int) - whole[30:80, 60:140]).max() <= 3


@given(
    st.floats(-50, 90), st.floats(-50, 90), st.floats(0.01, 200), st.floats(0.01, 200),
    st.integers(1, 60), st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=60)
def test_any_crop_gives_some_pixels(x: float, y: float, wide: float, high: float, width: int, height: int) -> None:
    """Crops in fractions of px, beyond the edges or of no size at all are brought into the picture."""
    for name in ("png", "jpeg"):
        pixels = ImageEngine().pixels(seeds.blob(seeds.seed(name)), Rect(x, y, wide, high), width, height)
        # Small pictures are left a little larger than their place.
        assert 1 <= pixels.width <= min(width / 0.85, 40)
        assert 1 <= pixels.height <= min(height / 0.85, 24)


def test_the_same_request_gives_the_same_pixels_and_key() -> None:
    """Two engines agree in every byte; another crop or size has another key."""
    data = seeds.blob(seeds.corners(300, 200).jpegsave_buffer())
    one, two = (ImageEngine().pixels(data, Rect(0, 0, 300, 200), 150, 100) for _ in range(2))
    assert one.key == two.key
    assert (rgba(one) == rgba(two)).all()
    assert ImageEngine().pixels(data, Rect(0, 0, 300, 200), 151, 100).key != one.key
    assert ImageEngine().pixels(data, Rect(1, 0, 299, 200), 150, 100).key != one.key


def test_the_cache_keeps_the_latest_within_its_bytes() -> None:
    """The same object comes back while there is room; the oldest goes first; nothing too large is kept."""
    data = seeds.blob(seeds.seed("png"))
    engine = ImageEngine(cache_bytes=2 * 40 * 24 * 4)
    crops = [Rect(0, 0, 40, 24 - inset) for inset in range(3)]
    first = engine.pixels(data, crops[0], 40, 24)
    second = engine.pixels(data, crops[1], 40, 24)
    assert engine.pixels(data, crops[0], 40, 24) is first
    engine.pixels(data, crops[2], 40, 24)
    assert engine.pixels(data, crops[0], 40, 24) is first
    assert engine.pixels(data, crops[1], 40, 24) is not second
    small = ImageEngine(cache_bytes=10)
    assert small.pixels(data, crops[0], 40, 24) is not small.pixels(data, crops[0], 40, 24)


def test_decoding_reports_whether_all_is_opaque() -> None:
    """An alpha band without any transparency does not make a picture transparent."""
    data = seeds.corners().bandjoin(255).pngsave_buffer()
    header = read_header(data)
    assert header.alpha
    assert decode(data, header, (0, 0, 40, 24), 20, 12)[1]


def test_a_picture_outlives_the_decoder_s_samples() -> None:
    """The memory of a picture stays while it is used, though the cache has no room for it; small cuts hold no more."""
    for crop in (Rect(0, 0, 40, 24), Rect(5, 5, 8, 8)):
        pixels = ImageEngine(cache_bytes=0).pixels(seeds.blob(seeds.seed("jpeg")), crop, 40, 24)
        before = rgba(pixels)
        litter = [np.full((24, 40, 4), 99, np.uint8) for _ in range(200)]
        assert (rgba(pixels) == before).all()
        assert len(litter) == 200
        whole = pixels.memory if pixels.memory.base is None else pixels.memory.base
        assert whole.nbytes <= 1.5 * pixels.width * pixels.height * 4


def test_small_pictures_are_reduced_well_by_the_painter() -> None:
    """A face of 200 px for a place of 176 stays as it is, and drawn there it is what libvips makes of it."""
    waves = np.indices((200, 200)).sum(0)[..., None] * np.array([0.09, 0.05, 0.02]) + np.array([0, 1, 2])
    source = (127.5 + 100 * np.sin(waves)).astype(np.uint8)
    image = pyvips.Image.new_from_array(source)
    data = image.pngsave_buffer()
    blob = seeds.blob(image.jpegsave_buffer(Q=95))
    pixels = ImageEngine().pixels(blob, Rect(0, 0, 200, 200), 176, 176)
    assert (pixels.width, pixels.height) == (200, 200)
    page = ScenePage("page", 176, 176, Group((Picture(pixels, Rect(0, 0, 176, 176)),)))
    drawn = paint.raster(page, background=WHITE).data[..., :3].astype(float)
    exact = pyvips.Image.new_from_buffer(data, "").resize(0.88).numpy().astype(float)
    error = np.mean((drawn - exact)[4:-4, 4:-4] ** 2)
    assert 10 * np.log10(255**2 / error) > 40
