"""Output formats: what a format can do, and the way from a scene to encoded bytes.

Painter and encoders load when a file is made: those who only choose a format need none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
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
    from tirage.engine.film import Film
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
    """Whether it holds frames that are shown one after another."""
    moving: bool = False
    """Whether a design with time in it moves unasked."""
    multipage: bool = False
    painted: bool = True
    """Whether what has filters becomes pixels, so that its cost is bounded."""
    max_side: int = MAX_SIDE
    """The longest side in device pixels that the format can hold."""
    max_pixels: int = MAX_PIXELS
    """How many pixels its encoder takes within the memory of one render."""

    def encode(self, scene: Scene, options: OutputOptions, meta: Meta) -> Encoded:
        """The scene as a file. Raises RenderProblem `output_too_large` or `one_page_only`."""
        frames = len(scene.pages) if scene.seconds else 1
        if len(scene.pages) != frames and not self.multipage:
            message = f"{self.name} holds one page, and {len(scene.pages)} were given; render them one by one."
            raise RenderProblem(Problem("one_page_only", message))
        from tirage.engine import paint

        for page in scene.pages:
            width, height = paint.device_size(page.width, page.height, options.scale)
            if max(width, height) > self.max_side or width * height * frames > self.max_pixels:
                named = f" {page.name!r}" if page.name else ""
                message = (
                    f"The page{named} would be {width}×{height} pixels; at most {self.max_side} a side and "
                    f"{self.max_pixels // 1_000_000} megapixels are made as {self.name}. Lower the scale."
                )
                if frames > 1:
                    message = f"{frames} different frames: {message[:-1]} or have fewer frames."
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
        return Made(self._fitting(lambda at: self.compress(raster, options, at), options), painted, colours)

    def _fitting(self, make: Callable[[int], bytes], options: OutputOptions) -> bytes:
        """The file of the quality asked for; where it is too large, of the highest that fits, or the smallest."""
        too_high = options.quality or self.quality or 100
        data = make(too_high)
        if options.max_bytes is None or len(data) <= options.max_bytes or self.quality is None or options.lossless:
            return data
        low = min(MIN_QUALITY, too_high)
        best = make(low)
        if len(best) > options.max_bytes:
            return best
        while too_high - low > 1:
            middle = (low + too_high) // 2
            data = make(middle)
            if len(data) <= options.max_bytes:
                low, best = middle, data
            else:
                too_high = middle
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimatedFormat(RasterFormat):
    """A format of pixels that may move: the frames are painted one by one, those after the first where they differ."""

    animated: bool = True
    moving: bool = True

    @abstractmethod
    def assemble(self, film: Film, options: OutputOptions, quality: int) -> bytes:
        """The frames as a file."""

    def compress(self, raster: Raster, options: OutputOptions, quality: int) -> bytes:
        """A picture as an animation of one frame."""
        from tirage.engine.film import Film

        return self.assemble(Film.of([raster], (0.0,)), options, quality)

    def _bytes(self, scene: Scene, options: OutputOptions, meta: Meta) -> Made:
        if not scene.seconds:
            return RasterFormat._bytes(self, scene, options, meta)
        started = perf_counter()
        from tirage.engine import paint
        from tirage.engine.film import Film

        ground = WHITE if options.transparent is False or not self.alpha else None
        rasters = [paint.raster(page, scale=options.scale, background=ground) for page in scene.pages]
        painted = (perf_counter() - started) * 1000
        colours: tuple[str, ...] = ()
        if meta.palette:
            from tirage.engine.palette import palette

            colours = palette(rasters[0])
        film = Film.of(rasters, scene.seconds)
        return Made(self._fitting(lambda at: self.assemble(film, options, at), options), painted, colours)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorFormat(Format):
    """A format that keeps outlines and text."""

    vector: bool = True

    @abstractmethod
    def write(self, scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
        """The scene as a document."""

    def _bytes(self, scene: Scene, options: OutputOptions, meta: Meta) -> Made:
        return Made(self.write(scene, options, meta))
