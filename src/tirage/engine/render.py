"""The pipeline on one screen: prepare(template) once, render(prepared, bound row) many times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter

from tirage.engine import formats, paint
from tirage.engine.format import Encoded, Meta, OutputOptions
from tirage.engine.layer import Layer
from tirage.engine.layout import Laid, Services, Surroundings, lay_out, lay_out_background
from tirage.engine.report import Report, Warning_
from tirage.engine.resources import Resources
from tirage.engine.scene import Group, Picture, Scene, ScenePage
from tirage.engine.template import BoundPage, BoundTemplate, Template
from tirage.engine.values.transform import Rect

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""How much memory the pictures of one template's unchanging layers may take."""
MAX_FLAT_PIXELS = 16_000_000
"""Pages above this are painted layer by layer: their pictures would cost more memory than they save time."""


@dataclass(slots=True)
class Prepared:
    """A template with what no row can change: its services, and the picture of every run of untouched layers."""

    template: Template
    services: Services
    kept: dict[tuple[object, ...], Laid] = field(default_factory=dict)
    kept_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A row's finished files, one a page or one for all pages where the format holds them; and the report."""

    files: tuple[Encoded, ...]
    report: Report


def prepare(template: Template, services: Services) -> Prepared:
    """Begin to render a template; `services` are shared by all templates of a process."""
    return Prepared(template, services)


def render(
    prepared: Prepared,
    bound: BoundTemplate,
    resources: Resources,
    format_name: str,
    options: OutputOptions,
    meta: Meta | None = None,
) -> Rendered:
    """Draw one row: lay out, paint, encode. Raises ResourceProblem or RenderProblem."""
    output = formats.get(format_name)
    started = perf_counter()
    scene, report = compose(prepared, bound, resources, options, vector=output.vector)
    laid_out = perf_counter()
    scenes = [scene] if output.multipage else [Scene((page,)) for page in scene.pages]
    files = tuple(output.encode(each, options, meta or Meta()) for each in scenes)
    painting = sum(file.paint_ms for file in files)
    timings = {
        "layout": round((laid_out - started) * 1000, 3),
        "paint": round(painting, 3),
        "encode": round((perf_counter() - laid_out) * 1000 - painting, 3),
    }
    warnings = (*bound.warnings, *report.warnings, *(warning for file in files for warning in file.warnings))
    return Rendered(files, Report(report.layers, warnings, timings))


def compose(
    prepared: Prepared, bound: BoundTemplate, resources: Resources, options: OutputOptions, *, vector: bool
) -> tuple[Scene, Report]:
    """The scene of a row, untouched runs of layers as pictures where the output is one; and the report."""
    settings = bound.template.document.settings
    pages, laid = [], []
    for page in bound.pages:
        around = Surroundings(
            page, resources, prepared.services, options.scale, vector, settings.locale, tuple(settings.fonts)
        )
        parts = list(_parts(prepared, around, with_background=not options.transparent))
        root = Group(tuple(node for part in parts for node in part.nodes))
        links = tuple(link for part in parts for link in part.links)
        pages.append(ScenePage(page.name, page.width, page.height, root, links))
        laid.extend(parts)
    warnings: tuple[Warning_, ...] = tuple(warning for part in laid for warning in part.warnings)
    return Scene(tuple(pages)), Report(tuple(report for part in laid for report in part.reports), warnings)


def _parts(prepared: Prepared, around: Surroundings, *, with_background: bool) -> Iterator[Laid]:
    """The page bottom to top: what the row changes is laid out, runs of what it does not come from memory."""
    page = around.page
    flat = not around.vector and page.width * page.height * around.scale**2 <= MAX_FLAT_PIXELS
    runs = [
        (keep, tuple(layers)) for keep, layers in groupby(page.layers, lambda layer: flat and _keepable(layer, page))
    ]
    if with_background and page.background_touched:
        yield lay_out_background(around)
    elif with_background:
        first = runs.pop(0)[1] if flat and runs and runs[0][0] else ()
        yield _kept(prepared, around, first, with_background=True) if flat else lay_out_background(around)
    for keep, layers in runs:
        yield _kept(prepared, around, layers, with_background=False) if keep else lay_out(layers, around)


def _keepable(layer: Layer, page: BoundPage) -> bool:
    """Whether no row value reaches the layer and its picture composes like the layer itself."""
    plain = layer.blend_mode == "normal" and all(_keepable(child, page) for child in layer.nested())
    return plain and layer.id not in page.touched


def _kept(prepared: Prepared, around: Surroundings, layers: tuple[Layer, ...], *, with_background: bool) -> Laid:
    page = around.page
    key = (page.index, page.width, page.height, with_background, around.scale, tuple(layer.id for layer in layers))
    kept = prepared.kept.get(key)
    if kept is None:
        background = lay_out_background(around).nodes if with_background else ()
        laid = lay_out(layers, around)
        whole = Rect(0, 0, page.width, page.height)
        pixels = paint.flatten(Group((*background, *laid.nodes)), whole.width, whole.height, around.scale)
        kept = Laid((Picture(pixels, whole),), laid.reports, laid.warnings, laid.links)
        size = pixels.width * pixels.height * 4
        if prepared.kept_bytes + size > MAX_KEPT_BYTES:
            prepared.kept.clear()
            prepared.kept_bytes = 0
        prepared.kept[key] = kept
        prepared.kept_bytes += size
    return kept
