"""Scene → PDF: live text with embedded fonts, outlines, several pages."""

from __future__ import annotations

from dataclasses import dataclass

from tirage.engine.format import VectorFormat
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdf(VectorFormat):
    """PDF. A px is 1/96 inch, or 1/`dpi` where it is given; `scale` enlarges the page."""

    def write(self, scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
        """All pages in one document; links lead where they lead in the scene."""
        from tirage.engine.pdf_document import write_pdf

        return write_pdf(scene, options, meta)


FORMAT = Pdf(name="pdf", extension="pdf", media_type="application/pdf", multipage=True)
