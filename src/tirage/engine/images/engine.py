"""Pictures as the layout asks for them: verified bytes, a crop and a device size → pixels, kept while there is room."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from tirage.engine.images.decode import Area, Samples, decode
from tirage.engine.images.focus import FaceDetector, attention_focus, face_focus, installed_detector
from tirage.engine.images.header import MAX_SIDE, read_header
from tirage.engine.lowering import Focus
from tirage.engine.resources import Blob
from tirage.engine.scene import Pixels
from tirage.engine.skia_loader import skia
from tirage.engine.values.transform import Rect

CACHE_BYTES = 64 << 20
FOCUS_SIDE = 512
_SPARE = 1.5
"""How much larger than a picture the memory may be that it keeps."""
_FOCUS_ENTRIES = 4096


class ImageEngine:
    """Decodes pictures and keeps the latest results, at most `cache_bytes` of them.

    `faces` replaces the detector of the extra `faces`. The same bytes, crop and size give the same pixels.
    """

    def __init__(self, *, cache_bytes: int = CACHE_BYTES, faces: FaceDetector | None = None) -> None:
        self._room = cache_bytes
        self._used = 0
        self._cache: OrderedDict[str, Pixels] = OrderedDict()
        self._foci: OrderedDict[tuple[str, float], Focus] = OrderedDict()
        self._detector = faces
        self._sought = faces is not None

    def pixels(self, blob: Blob, crop: Rect, width_px: int, height_px: int) -> Pixels:
        """Decode `crop` (px of the upright source) for a place of `width_px` × `height_px` device px.

        The result is never larger than the crop itself, and a small one may be larger than its place by a sixth a
        side: enlarging, and reducing by little, are the painter's. The handle is a raster
        `skia.Image`, RGBA with eight bits, sRGB, premultiplied. Raises ResourceProblem as `probe` does.
        """
        wanted = (max(1, min(width_px, MAX_SIDE)), max(1, min(height_px, MAX_SIDE)))
        key = hashlib.sha256(
            f"{blob.sha256} {crop.x!r} {crop.y!r} {crop.width!r} {crop.height!r} {wanted}".encode()
        ).hexdigest()
        if cached := self._cache.get(key):
            self._cache.move_to_end(key)
            return cached
        header = read_header(blob.data)
        samples, opaque = decode(blob.data, header, _whole(crop, *header.upright), *wanted)
        return self._keep(_pixels(samples, key, opaque=opaque))

    def focus(self, blob: Blob, width: float, height: float) -> Focus:
        """What a crop of the ratio `width` : `height` must keep: the faces, else the point that attracts attention."""
        ratio = round(min(100.0, max(0.01, width / height if height > 0 else 1.0)), 4)
        for kept in ((blob.sha256, 0.0), (blob.sha256, ratio)):
            if kept in self._foci:
                return self._foci[kept]
        header = read_header(blob.data)
        wide, high = header.upright
        scale = min(1.0, FOCUS_SIDE / max(wide, high))
        reduced = (max(1, round(wide * scale)), max(1, round(high * scale)))
        samples, _ = decode(blob.data, header, (0, 0, wide, high), *reduced)
        detector = self._faces()
        found = face_focus(samples, detector) if detector else None
        # Faces do not depend on the crop; the attention of libvips does.
        key = (blob.sha256, 0.0 if found else ratio)
        self._foci[key] = found or attention_focus(samples, ratio)
        if len(self._foci) > _FOCUS_ENTRIES:
            self._foci.popitem(last=False)
        return self._foci[key]

    def _faces(self) -> FaceDetector | None:
        if not self._sought:
            self._sought, self._detector = True, installed_detector()
        return self._detector

    def _keep(self, pixels: Pixels) -> Pixels:
        size = _held(pixels.memory)
        if size <= self._room:
            self._cache[pixels.key] = pixels
            self._used += size
            while self._used > self._room:
                _, oldest = self._cache.popitem(last=False)
                self._used -= _held(oldest.memory)
        return pixels


def _whole(crop: Rect, width: int, height: int) -> Area:
    """The crop in whole px, within the picture, at least one px."""
    left = min(max(0, round(crop.x)), width - 1)
    top = min(max(0, round(crop.y)), height - 1)
    return left, top, max(1, min(round(crop.right), width) - left), max(1, min(round(crop.bottom), height) - top)


def _pixels(samples: Samples, key: str, *, opaque: bool) -> Pixels:
    height, width = samples.shape[:2]
    if _held(samples) > _SPARE * samples.nbytes:
        samples = samples.copy()
    info = skia.ImageInfo.Make(
        width, height, skia.kRGBA_8888_ColorType, skia.kOpaque_AlphaType if opaque else skia.kPremul_AlphaType
    )
    # Not copied once more: the picture lies in the decoder's memory, and takes it along.
    image = skia.Image.MakeFromRaster(skia.Pixmap(info, samples, width * 4))
    return Pixels(image, width, height, key, opaque, samples)


def _held(samples: Samples) -> int:
    """How many bytes stay in memory with the samples: those of the picture that they were cut from."""
    base: object = samples.base
    if base is None:
        return samples.nbytes
    return base.nbytes if isinstance(base, np.ndarray) else memoryview(base).nbytes  # type: ignore[arg-type]
