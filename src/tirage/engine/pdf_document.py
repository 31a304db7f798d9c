"""Scene → PDF by Skia: outlines and text stay what they are, fonts are embedded, one page a page."""

from __future__ import annotations

from typing import Any

from tirage.engine import markup, paint, pdf_update
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Scene, ScenePage
from tirage.engine.skia_loader import skia

CSS_DPI = 96.0
"""px per inch where no density is asked for (CSS Values 4, 6.2)."""
POINTS_PER_INCH = 72.0
# What PDF has no means for (blurred edges, filters) becomes pictures of this density; a multiple of 72 keeps page
# sizes exact.
_RASTER_DPI = 288


def write_pdf(scene: Scene, options: OutputOptions, meta: Meta) -> bytes:
    """All pages in one document; links lead where they lead in the scene."""
    points = POINTS_PER_INCH / (options.dpi or CSS_DPI) * options.scale
    about = skia.PDF.Metadata()
    about.fTitle, about.fProducer, about.fCreator = meta.title, "Tirage (Skia/PDF)", "Tirage"
    about.fRasterDPI = _RASTER_DPI
    about.fEncodingQuality = options.quality or 101
    stream = skia.DynamicMemoryWStream()
    document = skia.PDF.MakeDocument(stream, about)
    try:
        for page in scene.pages:
            _draw(page, document, points)
    except BaseException:
        # A document that is dropped half written would write its end into a stream that is gone.
        document.abort()
        raise
    document.close()
    texts = pdf_update.glyph_texts(page.root for page in scene.pages)
    return pdf_update.updated(bytes(stream.detachAsData()), meta, texts)


def _draw(page: ScenePage, document: Any, points: float) -> None:
    canvas = document.beginPage(page.width * points, page.height * points)
    canvas.scale(points, points)
    paint.draw(page, canvas, vector=True)
    for rect, url in page.links:
        if markup.leads(url):
            area = skia.Rect.MakeXYWH(rect.x, rect.y, rect.width, rect.height)
            canvas.drawAnnotation(area, "SkAnnotationKey_URL", skia.Data(url.encode() + b"\0"))
    document.endPage()
