"""A design and rows → what would go wrong in their pictures, ranked; the service's check, nothing drawn or stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sequence

from tirage.actions.check_table import CHUNK, Marks
from tirage.actions.draw_order import Output
from tirage.actions.open_design import Design
from tirage.actions.ranking import Finding, Ranking
from tirage.actions.render_request import Row, in_slot, kept_of, read_row
from tirage.actions.survey_job import survey_job, surveyed_of
from tirage.context import Service
from tirage.engine.errors import TirageError
from tirage.tables.rows import BadRow
from tirage.tables.rows import Row as TableRow

_AT_ONCE = 8
"""Rows whose pictures are fetched side by side."""


async def check_rows(
    service: Service, design: Design, rows: AsyncIterable[TableRow | BadRow], output: Output | None = None
) -> Ranking:
    """Check rows of a table as `tirage check` does; `ranking_as_json` is their report.

    What rows bring beneath texts is not painted. Raises RenderProblem `renderer_busy` where no process was free in
    time, DatabaseUnavailable.
    """
    ranking, marks = Ranking(), Marks(design.template)
    chunk: list[TableRow | BadRow] = []
    async for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            await _check(service, design, chunk, output or Output(), ranking, marks)
            chunk = []
    if chunk:
        await _check(service, design, chunk, output or Output(), ranking, marks)
    return ranking


async def _check(
    service: Service, design: Design, chunk: Sequence[TableRow | BadRow], output: Output, ranking: Ranking, marks: Marks
) -> None:
    places = asyncio.Semaphore(_AT_ONCE)

    async def read(row: TableRow | BadRow) -> Row | TirageError:
        if isinstance(row, BadRow):
            return TirageError(row.problem)
        async with places:
            try:
                return await read_row(service, design, (), values=row.values)
            except TirageError as error:
                return error

    async with asyncio.TaskGroup() as reading:
        tasks = [reading.create_task(read(row)) for row in chunk]
    # Children keep what rows share by the fonts they are set with: one job for each kind.
    ready: dict[str, list[tuple[TableRow, Row]]] = {}
    for row, task in zip(chunk, tasks, strict=True):
        found = task.result()
        if isinstance(found, TirageError):
            ranking.add(Finding(row.number, found))
        elif isinstance(row, TableRow):
            ready.setdefault(kept_of(found).key, []).append((row, found))
    for alike in ready.values():
        await _survey(service, design, alike, output, ranking, marks)


async def _survey(
    service: Service,
    design: Design,
    alike: Sequence[tuple[TableRow, Row]],
    output: Output,
    ranking: Ranking,
    marks: Marks,
) -> None:
    ready = [(found.bound, found.found) for _, found in alike]
    job = survey_job(kept_of(alike[0][1]), ready, output, workspace=design.workspace)
    try:
        told = surveyed_of(await in_slot(service, job))
    except TirageError as error:
        if error.code == "renderer_busy":
            raise
        if len(alike) == 1:
            ranking.add(Finding(alike[0][0].number, error))
            return
        for each in alike:  # so that a row that ends its process takes only itself along
            await _survey(service, design, [each], output, ranking, marks)
        return
    ranking.note((), told.template)
    for (row, found), survey in zip(alike, told.rows, strict=True):
        ranking.note(found.bound.warnings, ())
        notes = tuple(marks.of(row.number, row.values, found.bound.overrides))
        ranking.add(Finding(row.number, survey.error, (*survey.warnings, *notes)))
