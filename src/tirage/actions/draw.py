"""The children's side: a template document, a bound row and verified bytes → files and a report."""

from __future__ import annotations

import gc
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from tirage.actions.draw_order import failed_pictures, output_recipe
from tirage.actions.jobs import DrawJob, Ingredients
from tirage.assets.content import picture_type
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.recipe import engine_identity
from tirage.engine.resources import Blob, FontSource

if TYPE_CHECKING:
    from tirage.assets.fontsource import LibraryFonts
    from tirage.engine.layout import Services
    from tirage.engine.resources import Resources
    from tirage.engine.runs import Prepared
    from tirage.engine.template import BoundTemplate

MAX_PREPARED = 4
"""Templates whose unchanging pictures a child keeps; the pool sends it rows of those it has seen."""

_BETWEEN_COLLECTIONS = 10_000

_prepared: OrderedDict[str, Prepared] = OrderedDict()
_own: OrderedDict[tuple[tuple[str, ...], bytes], tuple[Services, FontSource]] = OrderedDict()


@cache
def _fonts() -> LibraryFonts:
    from tirage.assets.fontsource import LibraryFonts

    return LibraryFonts()


@cache
def _services() -> Services:
    from tirage.engine.images import ImageEngine
    from tirage.engine.layout import Services
    from tirage.engine.text import TextEngine

    return Services(TextEngine(_fonts()), ImageEngine())


def _icons() -> None:
    from tirage.engine import icons

    with suppress(ResourceProblem):  # told of the layer that asks for one
        icons.warm()


def warm() -> None:
    """Load the libraries and the font index into the fork server; nothing untrusted is read."""
    # Children are sandboxed and could not import these any more.
    import icu  # noqa: F401
    import jinja2.parser  # noqa: F401
    import re2  # noqa: F401
    import zxingcpp  # noqa: F401

    import tirage.engine.bind
    import tirage.engine.parse
    import tirage.engine.render  # noqa: F401

    engine_identity()
    with suppress(ImportError):  # the extra `video`
        import av.video.reformatter  # noqa: F401

    _icons()
    _services()
    _fonts().faces()  # the user's font files are read here, where that is still allowed
    # A picture of many shapes makes thousands of small values and no circles: looking every 700 took a twentieth of it.
    gc.set_threshold(_BETWEEN_COLLECTIONS)


def handle(header: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Draw one row, or only lay it out.

    `parts` are the document, the job's fonts where it has some (their faces, then the files), then the pictures in the
    order of the job's sources. The reply's parts are the files.
    Raises TirageError.
    """
    from tirage.engine.render import compose, px_mm, render
    from tirage.engine.report import report_as_json, warnings_as_json

    job = DrawJob.from_header(header)
    prepared, bound, resources = bound_row(job, parts)
    if job.ingredients is not None:
        job = replace(job, meta=replace(job.meta, recipe=_recipe(job, job.ingredients, bound, resources)))
    if job.layout_only:
        _, report = compose(prepared, bound, resources, vector=True, px_mm=px_mm(job.options))
        return {"files": [], "report": report_as_json(report), "recipe": job.meta.recipe}, []
    rendered = render(prepared, bound, resources, job.format, job.options, job.meta)
    files = [
        {
            "width": file.width,
            "height": file.height,
            "mediaType": file.media_type,
            "bytes": len(file.data),
            "palette": file.palette,
        }
        for file in rendered.files
    ]
    told = report_as_json(rendered.report) if job.reports else warnings_as_json(rendered.report)
    about = {"files": files, "report": told, "recipe": job.meta.recipe}
    return about, [file.data for file in rendered.files]


def bound_row(job: DrawJob, parts: Sequence[bytes]) -> tuple[Prepared, BoundTemplate, Resources]:
    """The template, the row and what it needs, out of a job and its bytes. Raises ResourceProblem."""
    from tirage.engine.bind import apply

    count = len(job.fonts) + 1 if job.fonts else 0
    services, fonts = (_services(), _fonts()) if not count else _with_own(job.fonts, parts[1], parts[2 : 1 + count])
    prepared = _prepare(job.template, parts[0], services)
    pictures = parts[1 + count :]
    bound = apply(prepared.template, job.overrides)
    found: dict[str, Blob] = {}
    failures: list[tuple[str, ResourceProblem]] = []
    for (source, sha256), data in zip(job.sources, pictures, strict=True):
        try:
            found[source] = Blob(data, sha256) if sha256 else _seen(data)
        except ResourceProblem as error:
            failures.append((source, error))
    if failures:
        raise failed_pictures(bound, failures)
    return prepared, bound, _Handed(fonts, found)


def _seen(data: bytes) -> Blob:
    """A picture that nobody has looked at so far. Raises ResourceProblem."""
    picture_type(data)
    return Blob(data, hashlib.sha256(data).hexdigest())


def _recipe(job: DrawJob, ingredients: Ingredients, bound: BoundTemplate, resources: Resources) -> str:
    pictures = {source: resources.image(source).sha256 for source in ingredients.pictures}
    return output_recipe(bound, pictures, job.format, job.options, ingredients.fonts)


def _with_own(keys: tuple[str, ...], faces: bytes, files: Sequence[bytes]) -> tuple[Services, FontSource]:
    """What draws with a workspace's own fonts before the others; opened once for each set of them."""
    from tirage.assets.fontsource import FontPack, PackedFonts
    from tirage.engine.layout import Services
    from tirage.engine.text import TextEngine

    held = _own.get((keys, faces))
    if held is None:
        fonts = PackedFonts(FontPack(keys, faces, tuple(files)), _fonts())
        held = _own[keys, faces] = Services(TextEngine(fonts), _services().images), fonts
        if len(_own) > MAX_PREPARED:
            _own.popitem(last=False)
    _own.move_to_end((keys, faces))
    return held


def _prepare(key: str, document: bytes, services: Services) -> Prepared:
    from tirage.engine.parse import parse
    from tirage.engine.render import prepare

    prepared = _prepared.get(key)
    if prepared is None:
        prepared = _prepared[key] = prepare(parse(document), services)
        if len(_prepared) > MAX_PREPARED:
            _prepared.popitem(last=False)
    _prepared.move_to_end(key)
    return prepared


@dataclass(frozen=True, slots=True)
class _Handed:
    """The resources that came with the job."""

    fonts: FontSource
    found: Mapping[str, Blob]

    def image(self, source: str) -> Blob:
        """The picture of that source. Raises ResourceProblem `source_not_found`."""
        blob = self.found.get(source)
        if blob is None:
            raise ResourceProblem(Problem("source_not_found", f"The picture {source[:100]!r} was not handed in."))
        return blob
