"""Headers are read without a decoder, and whatever declares too much is refused there."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.images import seeds

from tirage.engine.errors import ResourceProblem
from tirage.engine.images import probe, read_header

ALL = [*seeds.FORMATS, "bmp"]


def refusal(data: bytes) -> str:
    """The code with which a header is refused."""
    with pytest.raises(ResourceProblem) as caught:
        probe(data, "")
    assert caught.value.problems[0].hint
    return caught.value.code


@pytest.mark.check(65)
@pytest.mark.parametrize("name", ALL)
def test_format_and_size_come_from_the_bytes(name: str) -> None:
    """Each format is known by its own signature, whatever the file was called."""
    info = probe(seeds.seed(name, 41, 23), "ab")
    assert (info.format, info.width, info.height, info.sha256) == (name, 41, 23, "ab")
    # The writer of GIF sets the flag of transparency in any case.
    assert info.alpha == (name == "gif")


def test_alpha_depth_and_progression_are_told() -> None:
    """What painting and limits want to know beside the size."""
    picture = seeds.corners()
    assert read_header(picture.addalpha().pngsave_buffer()).alpha
    assert read_header(picture.addalpha().webpsave_buffer(lossless=True, alpha_q=100)).format == "webp"
    assert read_header(picture.bandjoin(9).webpsave_buffer()).alpha
    assert read_header(picture.bandjoin(9).heifsave_buffer(compression="av1")).alpha
    assert read_header(picture.bandjoin(9).tiffsave_buffer()).alpha
    assert read_header(seeds.png(3, 3, kind=3, extra=seeds.chunk(b"tRNS", b"\0"))).alpha
    assert read_header(picture.colourspace("rgb16").pngsave_buffer()).bits == 16
    assert read_header(picture.jpegsave_buffer(interlace=True)).progressive
    assert not read_header(picture.jpegsave_buffer()).progressive


def test_probing_loads_no_decoder() -> None:
    """A process that only probes has neither libvips nor Skia nor a JPEG decoder in memory."""
    code = (
        "import sys, tirage.engine.images as images; images.probe;"
        "print([name for name in ('pyvips', 'skia', 'simplejpeg', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.check(66)
@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0", b"8BPS\0\1", b"\0\0\1\0\1\0", b"P6 1 1 255\n...", b"\x0a\5\1\x08PCX",
        b"push graphic-context", b"<?xml version='1.0'?><msl/>", b"\xff\x0a\xfa\x7f", b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\0\0\0\x0cjP  \r\n\x87\n", bytes(128) + b"DICM", b"\x76\x2f\x31\1\2\0\0\0", b"II+\0\x08\0\0\0", b"<svg/>",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"<!doctype html><p>", b"hello",
    ],
)  # fmt: skip
def test_other_formats_are_named_and_refused(data: bytes) -> None:
    """No decoder, no sub-process, no guess: only the seven formats go on."""
    assert refusal(data) == "unsupported_format"


@pytest.mark.check(66)
def test_polyglots_are_what_their_first_bytes_say() -> None:
    """A picture with a document or script appended is that picture."""
    for tail in (b"<script>alert(1)</script>", b"%PDF-1.7 %%EOF", b"*/=1;alert(1)"):
        for name in ("png", "gif", "jpeg"):
            assert probe(seeds.seed(name) + tail, "").format == name


@pytest.mark.check(67, 68, 69)
@pytest.mark.parametrize(
    "data",
    [
        seeds.png(50_000, 50_000),
        seeds.png(20_000, 20_000, depth=8, kind=6),
        seeds.png(2**31 - 1, 2**31 - 1),
        seeds.webp_sized(16_383, 16_383),
        seeds.tiff_sized(60_000, 60_000),
        seeds.gif(65_535, 65_535),
        seeds.jpeg_sized(30_000, 30_000, marker=0xC2),
        seeds.png(70_000, 10),
    ],
    ids=["png 1 bit", "png rgba", "png 2^31", "webp", "tiff", "gif", "progressive jpeg", "side"],
)
def test_declared_gigapixels_are_refused_from_the_header(data: bytes) -> None:
    """A few bytes that promise a huge picture are refused by what they promise."""
    assert refusal(data) == "image_too_large"


@pytest.mark.check(68)
def test_impossible_headers_are_refused() -> None:
    """Zero sizes, 40 bits a pixel, twelve-bit JPEG: refused with a word about why."""
    assert refusal(seeds.png(0, 10)) == "image_invalid"
    assert refusal(seeds.bitmap(4, 4)[:28] + b"\x28" + seeds.bitmap(4, 4)[29:]) == "unsupported_format"
    assert refusal(seeds.jpeg_sized(10, 0)) == "image_invalid"


@pytest.mark.check(69)
def test_a_progressive_jpeg_of_a_thousand_scans_is_refused() -> None:
    """Each scan goes over all pixels again."""
    assert refusal(seeds.jpeg_sized(7000, 7000, marker=0xC2, scans=1000)) == "image_too_complex"
    assert probe(seeds.jpeg_sized(7000, 7000, marker=0xC2, scans=12), "").width == 7000


@pytest.mark.check(70)
def test_heaps_of_metadata_are_bounded() -> None:
    """100,000 text chunks are refused; many large segments are stepped over."""
    assert refusal(seeds.png(1, 1, extra=seeds.chunk(b"tEXt", b"k\0v") * 20_000)) == "image_too_complex"
    segment = b"\xff\xe5\xff\xff" + bytes(65_533)
    picture = seeds.seed("jpeg")
    assert probe(picture[:2] + segment * 100 + picture[2:], "").width == 40


@pytest.mark.check(71)
def test_animations_are_limited_by_number_and_by_their_sum() -> None:
    """More than 500 frames, or more than 200 megapixels in all frames together."""
    assert refusal(seeds.gif(4, 4, 10_000)) == "too_many_frames"
    assert refusal(seeds.webp_frames(4, 4, 10_000)) == "too_many_frames"
    assert refusal(seeds.png(4, 4, extra=seeds.chunk(b"acTL", struct.pack(">II", 10_000, 0)))) == "too_many_frames"
    assert refusal(seeds.gif(2000, 2000, 400)) == "image_too_large"
    assert refusal(seeds.webp_frames(2000, 2000, 400)) == "image_too_large"
    assert read_header(seeds.gif(4, 4, 500)).frames == 500


@pytest.mark.check(73)
def test_the_limit_of_50_megapixels_is_exact() -> None:
    """50 MP pass, one more row does not."""
    assert probe(seeds.png(10_000, 5_000), "").height == 5_000
    assert refusal(seeds.png(10_000, 5_001)) == "image_too_large"


@pytest.mark.check(74)
def test_second_headers_are_refused() -> None:
    """A second frame header or IHDR cannot change the size that was checked."""
    small = seeds.seed("jpeg")
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, 10_000, 10_000, 3) + b"\1\x22\0\2\x11\0\3\x11\0"
    scan = small.index(b"\xff\xda")
    assert refusal(small[:scan] + frame + small[scan:]) == "image_invalid"
    second = seeds.chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0))
    assert refusal(seeds.png(10, 10, extra=second)) == "image_invalid"


@pytest.mark.check(78)
def test_lying_containers_end_quickly() -> None:
    """A TIFF directory that points to itself is not followed; an AVIF of ten thousand tiles is refused."""
    assert probe(seeds.tiff_sized(10, 10, next_at=8), "").width == 10
    assert refusal(seeds.tiff_sized(0, 10)) == "image_invalid"
    avif = seeds.seed("avif")
    at = avif.index(b"iloc") + 10
    assert refusal(avif[:at] + b"\x27\x10" + avif[at + 2 :]) == "image_too_complex"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_after_orientation(orientation: int) -> None:
    """From the fifth orientation on, width and height change places, in every format that carries EXIF."""
    picture = seeds.corners(40, 24).copy()
    picture.set_type(pyvips_int(), "orientation", orientation)
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        info = probe(picture.write_to_buffer(suffix), "")
        assert (info.width, info.height) == ((24, 40) if orientation >= 5 else (40, 24)), suffix


def pyvips_int() -> object:
    """The type of integer metadata."""
    import pyvips

    return pyvips.GValue.gint_type


@given(st.binary(max_size=300), st.sampled_from([b"", *(seeds.seed(name)[:30] for name in ALL)]))
def test_random_bytes_raise_only_resource_problems(tail: bytes, head: bytes) -> None:
    """Whatever comes after a signature, the reader answers or refuses."""
    try:
        header = read_header(head + tail)
    except ResourceProblem as error:
        assert error.code
    else:
        assert header.width > 0
        assert header.height > 0


@given(st.sampled_from(ALL), st.data())
def test_damaged_headers_raise_only_resource_problems(name: str, data: st.DataObject) -> None:
    """Any few bytes of a good picture may be anything."""
    picture = bytearray(seeds.seed(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(picture), 400) - 1))
        picture[at] = data.draw(st.integers(0, 255))
    try:
        assert read_header(bytes(picture)).width > 0
    except ResourceProblem as error:
        assert error.code
