"""Checks 53, 57, 65, 66 and 75 as far as bytes alone tell: what is a picture, and whether it is whole."""

from __future__ import annotations

import gzip
import zlib

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.evil import png

from tirage.assets.content import SVG, media_type_of, picture_type
from tirage.assets.inflate import Inflater
from tirage.engine.errors import ResourceProblem


def _noise(suffix: str, **options: object) -> bytes:
    image = pyvips.Image.gaussnoise(24, 16, sigma=60, mean=128, seed=1).cast("uchar")
    image = image.bandjoin([image, image]).copy(interpretation="srgb")
    return bytes(image.write_to_buffer(suffix, **options))


def _bmp() -> bytes:
    rows = bytes(4 * 2 * 2)
    return b"BM" + (54 + len(rows)).to_bytes(4, "little") + bytes(4) + b"\x36\0\0\0\x28\0\0\0" + bytes(36) + rows


PICTURES = {
    "image/png": _noise(".png"),
    "image/jpeg": _noise(".jpg"),
    "image/gif": _noise(".gif"),
    "image/webp": _noise(".webp"),
    "image/avif": _noise(".avif"),
    "image/bmp": _bmp(),
}


@pytest.mark.check(65)
@pytest.mark.parametrize("media_type", PICTURES)
def test_a_whole_picture_is_known_by_its_bytes(media_type: str) -> None:
    """The formats are told apart without a name or a declared type."""
    assert picture_type(PICTURES[media_type]) == media_type


@pytest.mark.check(57, 75)
@pytest.mark.parametrize("media_type", PICTURES)
def test_a_cut_picture_is_never_whole(media_type: str) -> None:
    """Cut at any byte, a picture is refused as truncated, or as no picture while its magic is incomplete."""
    data = PICTURES[media_type]
    for end in range(len(data)):
        with pytest.raises(ResourceProblem) as caught:
            picture_type(data[:end])
        assert caught.value.code == ("source_truncated" if media_type_of(data[:end]) else "source_not_image"), end


def test_a_thumbnails_end_is_not_the_pictures_end() -> None:
    """A JPEG cut after its embedded thumbnail is truncated although an end marker stands in it."""
    whole = PICTURES["image/jpeg"]
    thumbnail = b"\xff\xd8\xff\xdb\0\x02\xff\xd9"
    tagged = whole[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + whole[2:]
    assert picture_type(tagged) == "image/jpeg"
    with pytest.raises(ResourceProblem, match="ends too early"):
        picture_type(tagged[:-2])


@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        "<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        '\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n<svg>',
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><svg >',
        "<!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg\n>",
        "<s:svg xmlns:s='http://www.w3.org/2000/svg'/>",
    ],
)
def test_svg_is_known_by_its_root(text: str) -> None:
    """Whatever may stand before the root element, it is an svg element that makes an SVG."""
    assert media_type_of(text.encode()) == SVG
    assert media_type_of(text.removeprefix("\ufeff").encode("utf-16")) == SVG


@pytest.mark.check(53, 66)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"<!doctype html><svg/>",
        b"<html><body><svg></svg></body></html>",
        b"<svgx/>",
        b'{"svg": 1}',
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF",
        b"P6\n1 1\n255\n...",
        b"8BPS\0\1",
        b"\0\0\1\0\1\0",
        b"\x76\x2f\x31\x01",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\xff\x0a",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"push graphic-context\nviewbox 0 0 1 1",
        b"GIF88a",
        b"BMW is a car maker, not a picture",
        b"\x1f\x8b\x08\0" + bytes(20),
    ],
)
def test_other_formats_are_no_pictures(data: bytes) -> None:
    """Web pages, documents and the formats that only ImageMagick loves are refused."""
    with pytest.raises(ResourceProblem) as caught:
        picture_type(data)
    assert caught.value.code == "source_not_image"


def test_a_page_of_blanks_is_refused_quickly_enough_to_end() -> None:
    """The look for an SVG root does not try a run of blanks and comments in every partition."""
    for filler in (" ", "<!-- -->", "<?x?>", " <!--"):
        assert media_type_of((filler * 4_000).encode() + b"<html>") is None


@given(st.binary(max_size=64), st.sampled_from(sorted(PICTURES)))
def test_damage_never_breaks_the_look(noise: bytes, media_type: str) -> None:
    """Magic followed by anything has a type or a problem, never another error."""
    for data in (noise, PICTURES[media_type][:16] + noise):
        try:
            assert picture_type(data)
        except ResourceProblem as error:
            assert error.code in ("source_not_image", "source_truncated")


def _inflated(encoding: str, data: bytes, piece: int = 7, limit: int = 100_000) -> bytes:
    inflater = Inflater(encoding, limit)
    parts = [part for at in range(0, len(data), piece) for part in inflater.feed(data[at : at + piece])]
    inflater.finish()
    return b"".join(parts)


@pytest.mark.check(55)
@given(st.binary(max_size=5_000), st.integers(1, 900))
def test_what_was_compressed_comes_back(data: bytes, piece: int) -> None:
    """gzip, both kinds of deflate and gzip in gzip are undone, however the pieces fall."""
    assert _inflated("gzip", gzip.compress(data), piece) == data
    assert _inflated("x-gzip , identity", gzip.compress(data), piece) == data
    assert _inflated("deflate", zlib.compress(data), piece) == data
    assert _inflated("gzip, gzip", gzip.compress(gzip.compress(data)), piece) == data


@pytest.mark.check(55)
def test_raw_deflate_is_understood() -> None:
    """Deflate without its wrapping, as some servers send it, is read when it comes in one piece."""
    assert _inflated("deflate", zlib.compress(png(), wbits=-15), 65_536) == png()


@pytest.mark.check(55)
def test_surplus_after_the_compressed_data_is_refused() -> None:
    """Bytes behind the end of the compressed data are not ignored."""
    with pytest.raises(ResourceProblem) as caught:
        _inflated("gzip", gzip.compress(b"x") + b"more")
    assert caught.value.code == "source_protocol"
