"""A request's layer objects → finished files of a design: bind, resolve, draw in a slot waited for within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tirage.actions import draw_order as orders
from tirage.actions.draw_order import DrawOrder, Kept, Needs, Output, draw_order, failed_pictures
from tirage.actions.find_asset import own_files
from tirage.actions.open_design import Design
from tirage.actions.origin import Origin, RowOrigin, origin_of, row_origin
from tirage.actions.place_problems import place_problems
from tirage.assets.fetched import Fetched
from tirage.assets.fontsource import NO_FONTS, FontPack
from tirage.assets.resolve import resolve_remote
from tirage.context import Service
from tirage.engine import formats
from tirage.engine.bind import bind, is_canvas
from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, RowProblem, closest
from tirage.engine.report import Warning_
from tirage.engine.resources import FontRef
from tirage.engine.template import BoundTemplate, Json
from tirage.engine.wishes import with_inputs
from tirage.pool.job import Job, Reply
from tirage.tracing import traced

_KEPT = 8
"""What was kept of a design lately: remote pictures of it may change."""
LayerObject = Mapping[str, Json]
MAX_WAITING = 400
"""Requests that wait for a drawing process; more would wait in vain."""


class LayersNotFound(RowProblem):
    """Strict mode: layer objects name layers that there are not; `layers` are the design's."""

    def __init__(self, problems: Sequence[Problem], layers: tuple[str, ...]) -> None:
        super().__init__(problems)
        self.layers = layers

    def __reduce__(self) -> tuple[object, ...]:
        return (LayersNotFound, (self.problems, self.layers))


@dataclass(frozen=True, slots=True)
class Drawn:
    """One finished file: one page, or all of them where the format holds them. Sizes in px of the output and bytes."""

    data: bytes
    width: int
    height: int
    media_type: str
    palette: tuple[str, ...] = ()
    page_index: int = 0


@dataclass(frozen=True, slots=True)
class DrawnOutput:
    """What one output of a request became."""

    output: Output
    recipe: str
    files: tuple[Drawn, ...]
    report: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Warning_, ...] = ()
    origin: Origin | None = None
    preview: Drawn | None = None
    """The first page as a picture, of a file that has no pixels."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request bound to its design, with its pictures and fonts; drawn as often as outputs are wanted."""

    design: Design
    bound: BoundTemplate
    found: Mapping[str, Fetched]
    moment: datetime
    wishes: frozenset[FontRef]
    fonts: FontPack = NO_FONTS


@traced("read row")
async def read_row(
    service: Service,
    design: Design,
    params: Sequence[LayerObject],
    *,
    values: Mapping[str, Json] | None = None,
    strict: bool = False,
    moment: datetime | None = None,
    pointers: Sequence[str] = (),
    astray: Sequence[Problem] = (),
    locale: str | None = None,
    values_at: str = "",
) -> Row:
    """Bind layer objects (and variables by name, `values`) for a moment and fetch the pictures that they need.

    `locale` stands in the place of the design's. `pointers` are the places of the layer objects in the request, where
    they are not those of `params`, `values_at` is that of the values; `astray` is told as warnings. Raises
    LayersNotFound where `strict`, RowProblem, ResourceProblem naming the layer.
    """
    places = pointers or [f"/params/{place}" for place in range(len(params))]
    if strict or design.template.document.settings.strict:
        _require_layers(design, params, places, astray)
    now = moment or service.clock.now()
    try:
        bound = bind(design.template, values or {}, params, now=now, locale=locale)
    except RowProblem as error:
        error.problems = place_problems(design.template, error.problems, params, places, values_at)
        raise
    if astray:
        told = [Warning_(each.code, f"{each.message} {each.hint or ''}".strip(), each.layer) for each in astray]
        bound = replace(bound, warnings=(*bound.warnings, *told))
    needs = Needs.of(bound)
    shown = needs.sources
    wanted, wishes = with_inputs(shown)
    found: dict[str, Fetched | ResourceProblem] = {
        source: design.embedded[source] for source in wanted if source in design.embedded
    }
    found |= await own_files(service, design.workspace, [source for source in wanted if source not in found])
    rest = [source for source in wanted if source not in found]
    if rest:
        deadline = service.settings.fetch_seconds
        found |= await resolve_remote(rest, fetcher=service.fetcher, scope=design.workspace, deadline=deadline)
    if wishes:
        found |= await service.maker.make_many(wishes, found, scope=design.workspace)
    failures = [(source, each) for source in shown if isinstance(each := found[source], ResourceProblem)]
    if failures:
        failed = failed_pictures(bound, failures)
        failed.problems = place_problems(design.template, failed.problems, params, places)
        raise failed
    own = await design.pack(service, needs.fonts) if design.shelf.families else NO_FONTS
    pictures = {source: found[source] for source in shown}
    return Row(design, bound, pictures, now, needs.fonts, own)  # type: ignore[arg-type]


def recipe_of(service: Service, row: Row, output: Output) -> str:
    """The hash of all that decides the bytes of an output, known before anything is drawn."""
    return orders.recipe_of(row.bound, row.found, output, _font_keys(service, row))


async def draw_row(
    service: Service, row: Row, output: Output, *, colours: bool = True, layout_only: bool = False
) -> DrawnOutput:
    """Draw a row in one format. Raises RenderProblem, also `renderer_busy` where no process was free in time."""
    order = order_of(service, row, output, colours=colours, layout_only=layout_only)
    reply = await in_slot(service, order.job)
    return drawn_output(output, order.recipe, reply, row.bound, origin_of([origin_of_row(service, row)]))


def origin_of_row(service: Service, row: Row) -> RowOrigin:
    """What decides the bytes of a row beside its values and options, for its record."""
    design = row.design
    serving = _font_keys(service, row)
    return row_origin(design.id, design.version, design.template.digest, row.moment, row.found, row.fonts, serving)


def order_of(
    service: Service, row: Row, output: Output, *, colours: bool = False, layout_only: bool = False
) -> DrawOrder:
    """The job of a row in one format, with the recipe of what it will give."""
    return draw_order(
        kept_of(row),
        row.bound,
        row.found,
        output,
        fonts=_font_keys(service, row),
        workspace=row.design.workspace,
        layout_only=layout_only,
        colours=colours,
    )


def kept_of(row: Row) -> Kept:
    """What children keep for all rows of the design that are set with the same fonts."""
    design = row.design
    shared = {source: each for source, each in row.found.items() if source in design.fixed}
    marks = (row.fonts.keys, tuple((source, each.sha256) for source, each in shared.items()))
    held = design.kept.get(marks)
    if held is None:
        if len(design.kept) >= _KEPT:
            design.kept.clear()
        held = Kept.of(design.workspace + design.template.digest, design.document, shared, row.fonts)
        design.kept[marks] = held
    return held


@traced("draw")
async def in_slot(service: Service, job: Job) -> Reply:
    """A job's reply; it waits for a free process no longer than the setting says.

    Raises RenderProblem `renderer_busy`, or what the job ended with.
    """
    if service.pool.waiting() >= MAX_WAITING:
        raise busy()
    future = service.pool.submit(job)
    waiting = asyncio.wrap_future(future)
    try:
        done, _ = await asyncio.wait([waiting], timeout=service.settings.wait_seconds)
        if not done and not future.running() and future.cancel():
            raise busy()
        return await waiting
    finally:
        if not future.done():
            future.cancel()


def busy() -> RenderProblem:
    """Too many requests at once."""
    message = "All drawing processes are busy at the moment."
    return RenderProblem(Problem("renderer_busy", message, hint="Try again in a few seconds."), retryable=True)


def drawn_output(
    output: Output, mark: str, reply: Reply, bound: BoundTemplate, origin: Origin | None = None
) -> DrawnOutput:
    """A child's reply as files, report and warnings, among them those of binding."""
    # A page that the row hides has no file; the others keep their numbers.
    places = (0,) if formats.get(output.format).multipage else tuple(page.index for page in bound.pages)
    files = tuple(
        Drawn(data, about["width"], about["height"], about["mediaType"], tuple(about["palette"]), place)
        for place, about, data in zip(places, reply.header["files"], reply.parts, strict=False)
    )
    report = reply.header["report"]
    warnings = (
        *bound.warnings,
        *(
            Warning_(each["code"], each["message"], each.get("layer"), each.get("pointer", ""))
            for each in report.get("warnings", ())
        ),
    )
    return DrawnOutput(output, mark, files, report, warnings, origin)


def _require_layers(
    design: Design, params: Sequence[LayerObject], pointers: Sequence[str], astray: Sequence[Problem]
) -> None:
    names = design.layer_names
    problems = list(astray)
    for entry, pointer in zip(params, pointers, strict=True):
        name = entry.get("name")
        if is_canvas(design.template, name) or design.template.layer_id(name) is not None:
            continue
        near = closest(name, names)
        problems.append(
            Problem(
                "layer_not_found",
                f"No layer is called {str(name)[:100]!r}.",
                f"{pointer}/name",
                f"Did you mean {near!r}?" if near else None,
                near,
                str(name)[:100],
            )
        )
    if problems:
        raise LayersNotFound(problems, names)


def _font_keys(service: Service, row: Row) -> frozenset[str]:
    refs = row.wishes
    held = row.design.font_keys.get(refs)
    if held is None:
        held = row.design.font_keys[refs] = service.fonts.serving(refs) | frozenset(row.fonts.keys)
        if len(row.design.font_keys) > 256:
            row.design.font_keys.clear()
    return held
