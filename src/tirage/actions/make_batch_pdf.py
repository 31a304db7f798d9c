"""Rows of several designs → one PDF with all their pages, stored and recorded like a drawn picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tirage.actions.draw_order import Output
from tirage.actions.keep_pictures import Answering, Asked, keep_pictures
from tirage.actions.open_design import Design
from tirage.actions.origin import origin_of
from tirage.actions.quota import require_quota
from tirage.actions.render_request import Drawn, DrawnOutput, Row, draw_row, in_slot, order_of, origin_of_row, read_row
from tirage.context import Service
from tirage.engine.errors import Problem, ResourceProblem, RowProblem
from tirage.engine.options import OutputOptions
from tirage.engine.report import Warning_
from tirage.engine.template import Json
from tirage.pool.job import Job
from tirage.store.images import Image

MAX_PAGES = 100
PREVIEW_WIDTH = 1080
PDF = Output("pdf")


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One entry of a batch: a design and its layer objects. A design of several pages gives all of them.

    `moment` is what its dates are of, the present one where none is given.
    """

    design: Design
    layers: Sequence[Mapping[str, Json]]
    metadata: str = ""
    moment: datetime | None = None


async def make_batch_pdf(
    service: Service,
    pages: Sequence[BatchPage],
    identity: str,
    metadata: str,
    *,
    strict: bool = False,
    answering: Answering | None = None,
) -> Image:
    """Draw all pages into one PDF and keep it under the first page's design; `identity` names the request.

    Raises RowProblem, ResourceProblem with the page's place in their pointers, RenderProblem, StorageProblem.
    """
    design = pages[0].design
    if any(each.design.workspace != design.workspace for each in pages):
        raise RowProblem(Problem("templates_apart", "The designs of a batch belong to one workspace.", "/pages"))
    await require_quota(service, design.workspace)
    drawn = await draw_batch_pdf(service, pages, strict=strict)
    asked = Asked(
        identity,
        [{"name": "", "templateId": each.design.id, "layers": list(each.layers)} for each in pages],
        {},
        metadata,
    )
    kept = await keep_pictures(service, design, asked, [("pdf", drawn)], answering=answering)
    return kept[0]


async def draw_batch_pdf(service: Service, pages: Sequence[BatchPage], *, strict: bool = False) -> DrawnOutput:
    """The document, with a picture of its first page. Raises as `make_batch_pdf`."""
    rows = [await _row(service, place, each, strict) for place, each in enumerate(pages)]
    preview = await _preview(service, rows[0])
    return replace(await _draw(service, rows, preview.palette), preview=preview)


async def _row(service: Service, place: int, page: BatchPage, strict: bool) -> Row:
    try:
        return await read_row(service, page.design, page.layers, strict=strict, moment=page.moment)
    except (RowProblem, ResourceProblem) as error:
        error.problems = tuple(_placed(each, place) for each in error.problems)
        raise


def _placed(problem: Problem, place: int) -> Problem:
    """The problem as one of this page: pointers of a single request's params become those of the page's layers."""
    inside = problem.pointer.removeprefix("/params")
    pointer = f"/pages/{place}/layers{inside}" if inside != problem.pointer else f"/pages/{place}"
    return Problem(problem.code, problem.message, pointer, problem.hint, problem.closest, problem.layer)


async def _preview(service: Service, row: Row) -> Drawn:
    width = row.design.template.document.pages[0].width
    scale = min(1.0, max(0.1, PREVIEW_WIDTH / width))
    return (await draw_row(service, row, Output("png", OutputOptions(scale=scale)))).files[0]


async def _draw(service: Service, rows: Sequence[Row], palette: tuple[str, ...]) -> DrawnOutput:
    """One job for all pages. Bytes that several of them need travel once."""
    places: dict[bytes, int] = {}
    entries = []
    recipes = []
    for row in rows:
        order = order_of(service, row, PDF)
        used = [places.setdefault(part, len(places)) for part in (*order.job.resident, *order.job.read_parts)]
        entries.append({"job": order.job.header, "parts": used})
        recipes.append(order.recipe)
    # The document's dates and ids come from the recipe of the whole.
    recipe = hashlib.sha256("\n".join(recipes).encode()).hexdigest()
    header = {"kind": "pages", "recipe": recipe, "rows": entries}
    workspace = rows[0].design.workspace
    reply = await in_slot(service, Job(f"pages {workspace}", workspace, header, list(places)))
    about = reply.header
    warnings = (
        *(told for row in rows for told in row.bound.warnings),
        *(
            Warning_(each["code"], each["message"], each.get("layer"), each.get("pointer", ""))
            for each in about["warnings"]
        ),
    )
    file = Drawn(reply.parts[0], about["width"], about["height"], about["mediaType"], palette)
    origin = origin_of([origin_of_row(service, row) for row in rows], batch=True)
    return DrawnOutput(PDF, recipe, (file,), {}, warnings, origin)
