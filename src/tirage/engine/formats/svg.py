"""Scene → SVG: outlines, gradients and pictures, text as outlines."""

from __future__ import annotations

from dataclasses import dataclass

from tirage.engine.format import VectorFormat
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Svg(VectorFormat):
    """SVG 2 without scripts, fonts or references to anything outside."""

    def write(self, scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
        """The one page; `dpi` gives it a size in inches."""
        from tirage.engine.svg_document import write_svg

        return write_svg(scene, options, meta)


FORMAT = Svg(name="svg", extension="svg", media_type="image/svg+xml", painted=False)
