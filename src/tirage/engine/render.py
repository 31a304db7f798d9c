"""The pipeline on one screen: prepare(template) once, render(prepared, bound row) many times."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from tirage.engine import cost, formats, frames
from tirage.engine.format import Encoded
from tirage.engine.layout import Services, Surroundings
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.report import Report, Warning_
from tirage.engine.resources import Resources
from tirage.engine.runs import Prepared, page_parts
from tirage.engine.scene import Group, Scene, ScenePage
from tirage.engine.template import BoundTemplate, Template

MM_PER_INCH = 25.4
VECTOR_FINENESS = 2.0
"""Pixels per px of the pictures in vector documents, where the source has them: they are printed and zoomed."""


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
    cost.check_texts(bound)
    bare = bool(options.transparent) and output.alpha
    if output.animated and (output.moving or options.moves) and frames.moves(bound):
        scenes, report = animate(prepared, bound, resources, options, bare=bare)
    else:
        scene, report = compose(
            prepared, bound, resources, options.scale, vector=output.vector, bare=bare, px_mm=px_mm(options)
        )
        scenes = [scene] if output.multipage else [Scene((page,)) for page in scene.pages]
    if output.painted:
        for scene in scenes:
            for page in scene.pages[:1] if scene.seconds else scene.pages:
                times = len(scene.seconds) or 1
                cost.check(page.root, page.width, page.height, options.scale, vector=output.vector, times=times)
    laid_out = perf_counter()
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
    prepared: Prepared,
    bound: BoundTemplate,
    resources: Resources,
    scale: float = 1.0,
    *,
    vector: bool = False,
    bare: bool = False,
    px_mm: float | None = None,
) -> tuple[Scene, Report]:
    """The scene of a row, untouched runs of layers as pictures where the output is one; and the report.

    `scale` is device pixels per px; `bare` leaves the pages' backgrounds out; `px_mm` is what a px measures on paper.
    """
    settings = bound.template.document.settings
    fineness = scale * VECTOR_FINENESS if vector else scale
    pages, laid = [], []
    for page in bound.pages:
        around = Surroundings(
            page, resources, prepared.services, fineness, vector, bound.locale, tuple(settings.fonts), px_mm,
            pages=bound.pages,
        )  # fmt: skip
        parts = list(page_parts(prepared, around, with_background=not bare))
        root = Group(tuple(node for part in parts for node in part.nodes))
        links = tuple(link for part in parts for link in part.links)
        pages.append(ScenePage(page.name, page.width, page.height, root, links))
        laid.extend(parts)
    warnings: tuple[Warning_, ...] = tuple(warning for part in laid for warning in part.warnings)
    return Scene(tuple(pages)), Report(tuple(report for part in laid for report in part.reports), warnings)


def px_mm(options: OutputOptions) -> float | None:
    """Millimetres that a px of the page becomes on paper; None where no dots per inch are named."""
    return options.scale / options.dpi * MM_PER_INCH if options.dpi else None


def animate(
    prepared: Prepared, bound: BoundTemplate, resources: Resources, options: OutputOptions, *, bare: bool = False
) -> tuple[list[Scene], Report]:
    """A scene of different frames for each page, and the report of the first; what stands still is painted once."""
    # Kept for this row alone: what it changes is the same in all frames, and no other row's.
    own, (count, fps) = Prepared(prepared.template, prepared.services), options.pace
    drawn = [compose(own, each, resources, options.scale, bare=bare) for each in frames.running(bound, count, fps)]
    return frames.films([scene for scene, _ in drawn], fps), drawn[0][1]
