"""A batch that is not started → what its table and its first rows would come to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import orjson

from tirage.actions.batch_outputs import Wanted
from tirage.actions.check_rows import check_rows
from tirage.actions.fetch_table import fetch_source
from tirage.actions.map_columns import TablePreview, guessed_order, preview_table
from tirage.actions.open_design import Design, in_size
from tirage.actions.ranking import Ranking
from tirage.actions.read_table import reading_table
from tirage.actions.start_batch import Source
from tirage.actions.store_table import drop_table
from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.store.batch_orders import TableOrder
from tirage.tables.rows import BadRow
from tirage.tables.rows import Row as TableRow

CHECKED = 200
"""Rows that are laid out for each design and size."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of the first rows in one size of one design."""

    template: str
    size: str
    ranking: Ranking


async def dry_run(
    service: Service, wanted: Sequence[tuple[Wanted, Design]], source: Source
) -> tuple[TablePreview, tuple[Checked, ...]]:
    """The columns, and a check of the first rows in every size of every design; nothing is drawn or kept.

    Raises as `fetch_source`, TableProblem, RenderProblem `renderer_busy`.
    """
    fetched = None
    workspace = wanted[0][1].workspace
    if not source.key:
        fetched = await fetch_source(service, workspace, source.order, first=CHECKED)
    key = source.key or (fetched.key if fetched else "")
    try:
        preview = await preview_table(service, wanted[0][1].template, key, source.order)
        order = await guessed_order(service, wanted[0][1].template, key, source.order)
        found: dict[tuple[str, str], Checked] = {}
        for each, design in wanted:
            place = (each.template, each.output.size)
            if place not in found:
                sized = in_size(design, each.output.size)
                ranking = await check_rows(service, sized, _rows(service, key, order), each.output)
                found[place] = Checked(*place, ranking)
        return preview, tuple(found.values())
    finally:
        if fetched is not None:
            await drop_table(service, fetched)


async def _rows(service: Service, key: str, order: TableOrder) -> AsyncIterator[TableRow | BadRow]:
    async with reading_table(service, key, replace(order, naming=""), first=CHECKED) as found:
        async for group in found.groups():
            for number, values, problem, _ in group:
                if problem:
                    yield BadRow(number, Problem(**orjson.loads(problem)))
                else:
                    yield TableRow(number, orjson.loads(values))
