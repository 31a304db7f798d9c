"""Output formats: what a format can do, and the way from a scene to encoded bytes.

Painter and encoders load when a file is made: those who only choose a format need none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tirage.engine import srgb
from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.report import Warning_
from tirage.engine.scene import Scene
from tirage.engine.values.color import WHITE

if TYPE_CHECKING:
    from tirage.engine.paint import Raster

MAX_SIDE = 16_384
MAX_PIXELS = 50_000_000
MIN_QUALITY = 10
"""The lowest quality that is tried in order to meet `max_bytes`."""
CSS_DPI = 96.0
"""px per inch (CSS Values 4, 6.2)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished file. `width` and `height` are device pixels for raster formats, px times scale for vector ones."""

    data: bytes
    width: int
    height: int
    media_type: str
    warnings: tuple[Warning_, ...] = ()
    paint_ms: float = 0.0
    """How much of the time went into painting pixels, where that is a step of its own."""
    palette: tuple[str, ...] = ()
    """The commonest colours of a painted page as `#rrggbb`, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """A format's own part of an Encoded."""

    data: bytes
    paint_ms: float = 0.0
    palette: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(ABC):
    """One output format: its names and capabilities, and how it is written."""

    name: str
    extension: str
    media_type: str
    aliases: tuple[str, ...] = ()
    alpha: bool = True
    """Whether pixels may be transparent."""
    quality: int | None = None
    """The quality used where none is asked for; None for formats without such a choice."""
    vector: bool = False
    animated: bool = False
    multipage: bool = False
    painted: bool = True
    """Whether what has filters becomes pixels, so that its cost is bounded."""
    max_side: int = MAX_SIDE
    """The longest side in device pixels that the format can hold."""
    max_pixels: int = MAX_PIXELS
    """How many pixels its encoder takes within the memory of one render."""

    def encode(self, scene: Scene, options: OutputOptions, meta: Meta) -> Encoded:
        """The scene as a file. Raises RenderProblem `output_too_large` or `one_page_only`."""
        if len(scene.pages) != 1 and not self.multipage:
            message = f"{self.name} holds one page, and {len(scene.pages)} were given; render them one by one."
            raise RenderProblem(Problem("one_page_only", message))
        from tirage.engine import paint

        for page in scene.pages:
            width, height = paint.device_size(page.width, page.height, options.scale)
            if max(width, height) > self.max_side or width * height > self.max_pixels:
                message = (
                    f"The page {page.name!r} would be {width}×{height} pixels; at most {self.max_side} a side and "
                    f"{self.max_pixels // 1_000_000} megapixels are made as {self.name}. Lower the scale."
                )
                raise RenderProblem(Problem("output_too_large", message))
        made = self._bytes(scene, options, meta)
        warnings: tuple[Warning_, ...] = ()
        if options.max_bytes is not None and len(made.data) > options.max_bytes:
            message = (
                f"The smallest {self.name} has {len(made.data)} bytes, more than the {options.max_bytes} asked for."
            )
            warnings = (Warning_("max_bytes_exceeded", message),)
        width, height = paint.device_size(scene.pages[0].width, scene.pages[0].height, options.scale)
        return Encoded(made.data, width, height, self.media_type, warnings, made.paint_ms, made.palette)

    @abstractmethod
    def _bytes(self, scene: Scene, options: OutputOptions, meta: Meta) -> Made:
        """The file, and what is known of its making."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterFormat(Format):
    """A format of pixels: paints the page, compresses it, and meets `max_bytes` by a lower quality where it can."""

    @staticmethod
    def image(raster: Raster, *, tagged: bool = True) -> Any:
        """The pixels as a pyvips.Image, without an alpha channel where all is opaque; `tagged` with an sRGB profile."""
        import pyvips

        image = pyvips.Image.new_from_memory(raster.straight(), raster.width, raster.height, 4, "uchar")
        if raster.opaque:
            image = image.extract_band(0, n=3)
        image = image.copy(interpretation="srgb")
        if tagged:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", srgb.profile())
        return image

    @abstractmethod
    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """The pixels as a file. `quality` is 1–100; formats without one ignore it."""

    def _bytes(self, scene: Scene, options: OutputOptions, meta: Meta) -> Made:
        started = perf_counter()
        from tirage.engine import paint

        flat = options.transparent is False or not self.alpha
        raster = paint.raster(scene.pages[0], scale=options.scale, background=WHITE if flat else None)
        if options.transparent and not flat:
            raster = replace(raster, opaque=False)
        painted = (perf_counter() - started) * 1000
        colours: tuple[str, ...] = ()
        if meta.palette:
            from tirage.engine.palette import palette

            colours = palette(raster)
        quality = options.quality or self.quality or 100
        data = self.compress(raster, options, quality)
        if options.max_bytes is None or len(data) <= options.max_bytes or self.quality is None or options.lossless:
            return Made(data, painted, colours)
        return Made(self._fitting(raster, options, quality), painted, colours)

    def _fitting(self, raster: Raster, options: OutputOptions, too_high: int) -> bytes:
        """The file of the highest quality below `too_high` that fits, or the smallest that there is."""
        low = min(MIN_QUALITY, too_high)
        best = self.compress(raster, options, low)
        if options.max_bytes is None or len(best) > options.max_bytes:
            return best
        while too_high - low > 1:
            middle = (low + too_high) // 2
            data = self.compress(raster, options, middle)
            if len(data) <= options.max_bytes:
                low, best = middle, data
            else:
                too_high = middle
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorFormat(Format):
    """A format that keeps outlines and text."""

    vector: bool = True

    @abstractmethod
    def write(self, scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
        """The scene as a document."""

    def _bytes(self, scene: Scene, options: OutputOptions, meta: Meta) -> Made:
        return Made(self.write(scene, options, meta))
