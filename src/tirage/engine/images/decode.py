"""Decodes pictures: bytes, a crop and a size → premultiplied sRGB samples, by libjpeg-turbo or else by libvips.

Only buffers are read, never files. Loaders that libvips marks as untrusted are blocked, its operation cache is off
(pictures are cached as finished pixels only), and it runs on one thread: renders run side by side in processes.
"""

from __future__ import annotations

import os

os.environ.setdefault("VIPS_CONCURRENCY", "1")

import numpy as np
import numpy.typing as npt
import pyvips
import simplejpeg

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.images.record import Header
from tirage.engine.skia_loader import skia

Samples = npt.NDArray[np.uint8]
"""Height × width × 4, RGBA, premultiplied unless all of it is opaque."""

# An SVG loader that shares the process unblocks itself; everything else that is not fuzz-tested stays shut.
pyvips.block_untrusted_set(True)
pyvips.cache_set_max(0)

_LOADERS = {
    "jpeg": "jpegload_buffer",
    "png": "pngload_buffer",
    "gif": "gifload_buffer",
    "webp": "webpload_buffer",
    "tiff": "tiffload_buffer",
    "avif": "heifload_buffer",
}
# Crops of more px are streamed, so that a worker's memory stays bounded.
_IN_MEMORY = 8_000_000
# Pictures of at most so many px that are larger by a sixth a side at most stay so: the painter resamples them about
# as well, and to set up libvips would take longer than its work.
_SMALL, _NEARLY = 65_536, 0.85
# EXIF 2.32, tag 0x0112: what has to be done to stored rows, as (mirror left to right, quarter turns clockwise).
_UPRIGHT = {
    1: (False, 0),
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 3),
    6: (False, 1),
    7: (True, 1),
    8: (False, 3),
}

Area = tuple[int, int, int, int]
"""Left, top, width, height in whole px."""


def decode(data: bytes, header: Header, crop: Area, width: int, height: int) -> tuple[Samples, bool]:
    """The samples of `crop` (px of the upright picture) for `width` × `height` px, and whether all are opaque.

    Small ones may be larger than asked, by a sixth of each side at most.

    A crop smaller than that is given as it is: enlarging is the painter's.
    Raises ResourceProblem `image_truncated` or `image_invalid`.
    """
    stored = _stored(header, crop)
    if header.orientation >= 5:
        width, height = height, width
    width, height = min(width, stored[2]), min(height, stored[3])
    try:
        if header.format == "jpeg" and header.channels != 4 and not header.profile:
            samples, opaque = _jpeg(data, header, stored, width, height), True
        elif header.format == "jpeg":
            samples, opaque = _colored_jpeg(data, header, stored, width, height)
        elif header.format == "bmp":
            samples, opaque = _reduced(_bitmap(data), stored, width, height), not header.alpha
        else:
            samples, opaque = _vips(data, header, stored, width, height)
    except (pyvips.Error, ValueError) as error:
        raise _failure(error) from None
    mirror, turns = _UPRIGHT[header.orientation]
    if mirror:
        samples = samples[:, ::-1]
    return np.ascontiguousarray(np.rot90(samples, -turns) if turns else samples), opaque


def _stored(header: Header, crop: Area) -> Area:
    """Where an area of the upright picture lies among the stored rows."""
    x, y, width, height = crop
    wide, high = header.upright
    mirror, turns = _UPRIGHT[header.orientation]
    for _ in range(turns):  # One turn back: the upright left edge is the stored bottom edge.
        x, y, width, height, wide, high = y, wide - x - width, height, width, high, wide
    if mirror:
        x = wide - x - width
    return x, y, width, height


def _jpeg(data: bytes, header: Header, crop: Area, width: int, height: int) -> Samples:
    """Baseline and progressive JPEG in grey or YCbCr: scaled while decoding, so that little is left to resample."""
    x, y, wide, high = crop
    factor = max(width / wide, height / high)
    least = (int(header.width * factor), int(header.height * factor))
    try:
        samples: Samples = simplejpeg.decode_jpeg(data, "RGBA", min_width=least[0], min_height=least[1])
    except ValueError as error:
        if "premature" in str(error).lower():
            raise
        # A mere warning, such as bytes before a marker, which libvips passes over.
        return _vips(data, header, crop, width, height)[0]
    across, down = samples.shape[1] / header.width, samples.shape[0] / header.height
    left, top = round(x * across), round(y * down)
    area = (left, top, max(1, round(wide * across)), max(1, round(high * down)))
    area = (left, top, min(area[2], samples.shape[1] - left), min(area[3], samples.shape[0] - top))
    return _reduced(samples, area, width, height)


def _reduced(samples: Samples, area: Area, width: int, height: int) -> Samples:
    """An area of premultiplied samples, scaled down with a Lanczos filter where it is larger than asked."""
    x, y, wide, high = area
    little = wide * high <= _SMALL and width >= wide * _NEARLY and height >= high * _NEARLY
    if little or (wide, high) == (width, height):
        return samples[y : y + high, x : x + wide]
    rows, columns = samples.shape[:2]
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(samples), columns, rows, 4, "uchar")
    image = image.crop(x, y, wide, high).resize(width / wide, vscale=height / high)
    result = _array(image)
    # The filter overshoots at edges; no colour may exceed its alpha where samples are premultiplied.
    return result if samples[..., 3].min() == 255 else np.minimum(result, result[..., 3:])


def _colored_jpeg(data: bytes, header: Header, crop: Area, width: int, height: int) -> tuple[Samples, bool]:
    """JPEG in CMYK or with a profile. Scans that end early are no more than a warning to libvips: warnings count."""
    try:
        return _vips(data, header, crop, width, height, fail_on="warning")
    except pyvips.Error as error:
        if "premature" in str(error).lower():
            raise
        return _vips(data, header, crop, width, height)


def _vips(
    data: bytes, header: Header, crop: Area, width: int, height: int, fail_on: str = "error"
) -> tuple[Samples, bool]:
    image = getattr(pyvips.Image, _LOADERS[header.format])(data, access="sequential", fail_on=fail_on)
    if (image.width, image.height) != (header.width, header.height):
        if header.format != "gif":
            raise ValueError(f"its pixels measure {image.width}×{image.height}, not {header.width}×{header.height}")
        # The decoder trusts the frames of a GIF more than its canvas; the canvas is what was promised.
        image = image if image.hasalpha() else image.addalpha()
        image = image.embed(0, 0, header.width, header.height, extend="background", background=[0] * image.bands)
    image = image.crop(*crop)
    alpha = image.hasalpha()
    plain = image.interpretation == "srgb" and image.format == "uchar" and not header.profile
    if alpha and plain and image.bands == 4 and crop[2] * crop[3] <= _IN_MEMORY:
        # Premultiplied eight bits resample in half the time that libvips takes through floating point.
        samples = _array(image)
        if samples[..., 3].min() == 255:
            return _reduced(samples, (0, 0, crop[2], crop[3]), width, height), True
        return _reduced(premultiplied(samples), (0, 0, crop[2], crop[3]), width, height), False
    if (crop[2], crop[3]) != (width, height):
        across, down = width / crop[2], height / crop[3]
        if alpha:
            kind = image.format
            image = image.premultiply().resize(across, vscale=down).unpremultiply().cast(kind)
        else:
            image = image.resize(across, vscale=down)
    image = _srgb(image, header)
    if not alpha:
        return _array(image.addalpha()), True
    samples = _array(image)
    if samples[..., 3].min() == 255:
        return samples, True
    return premultiplied(samples), False


def _srgb(image: pyvips.Image, header: Header) -> pyvips.Image:
    """Eight bits of sRGB from whatever the picture has: its profile first, then libvips's own notion of its colours."""
    converted = image
    if image.get_typeof("icc-profile-data") and not (header.format == "jpeg" and not header.profile):
        # Decoded before the attempt, so that damage of the pixels is not taken for damage of the profile.
        converted = image = image.copy_memory()
        try:
            # A broken profile fails only when pixels pass through it.
            converted = image.icc_transform("srgb", embedded=True, intent="relative", depth=8).copy_memory()
        except pyvips.Error:
            converted = image
    if converted.interpretation != "srgb" or converted.format != "uchar":
        converted = converted.colourspace("srgb")
        if converted.format != "uchar":
            converted = converted.cast("uchar")
    if converted.bands < 3:
        grey = converted[0]
        converted = grey.bandjoin([grey, grey, *([converted[1]] if converted.bands == 2 else [])])
    return converted.copy(interpretation="srgb")


def _array(image: pyvips.Image) -> Samples:
    return np.frombuffer(image.write_to_memory(), np.uint8).reshape(image.height, image.width, image.bands)


def premultiplied(samples: Samples) -> Samples:
    """RGBA samples with colour multiplied by alpha, rounded."""
    height, width = samples.shape[:2]
    source = skia.Image.fromarray(np.ascontiguousarray(samples), skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
    result = np.empty((height, width, 4), np.uint8)
    info = skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    if not source.readPixels(info, result, width * 4, 0, 0):
        raise ValueError("its pixels could not be converted")
    return result


def _bitmap(data: bytes) -> Samples:
    """BMP, which libvips does not read without a loader that is not trusted."""
    image = skia.Image.MakeFromEncoded(skia.Data.MakeWithCopy(data))
    if image is None:
        raise ValueError("its pixels cannot be decoded")
    result = np.empty((image.height(), image.width(), 4), np.uint8)
    info = skia.ImageInfo.Make(image.width(), image.height(), skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    # Decoding happens here, so that a failure is an error and not a gap in the painted picture.
    if not image.readPixels(info, result, image.width() * 4, 0, 0):
        raise ValueError("its pixels cannot be decoded")
    return result


def _failure(error: Exception) -> ResourceProblem:
    """libvips says what went wrong in text only; words of an early end are told from other damage."""
    text = str(error).lower()
    if any(
        word in text for word in ("premature", "truncat", "end of file", "not enough data", "unexpected end", "eof")
    ):
        return ResourceProblem(
            Problem(
                "image_truncated",
                "The picture ends before its data are complete.",
                hint="Upload or export it again.",
            )
        )
    return ResourceProblem(
        Problem("image_invalid", "The picture is damaged and cannot be decoded.", hint="Export the picture again.")
    )
