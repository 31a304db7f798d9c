"""A design and a table's columns → what each column is for: guessed, or checked where it was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import orjson

from tirage.actions.fetch_table import fetch_source
from tirage.actions.open_design import Design
from tirage.actions.read_table import StoredRow, reading_table
from tirage.actions.start_batch import Source
from tirage.actions.store_table import drop_table
from tirage.context import Service
from tirage.engine.bind import CANVAS, bind
from tirage.engine.errors import Problem, RowProblem, closest
from tirage.engine.report import Warning_
from tirage.engine.template import Json, Template
from tirage.store.batch_orders import TableOrder
from tirage.tables.guess import Guess, Kind, Target, guess, mapping_of
from tirage.tables.mapping import Names, Renaming
from tirage.tables.rows import Value

AUTO = '"auto"'
"""The mapping, as an order holds it, that leaves it to the guess."""
PREVIEWED = 20
_COLOURED = ("fill", "color", "background")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One of the first rows: its values by their new names, and what is wrong or worth knowing about it."""

    number: int
    name: str
    values: Mapping[str, Json]
    problems: tuple[Problem, ...]
    warnings: tuple[Warning_, ...]


@dataclass(frozen=True, slots=True)
class TablePreview:
    """What a table would be drawn as. `unfilled` are names of the design for which there is no column."""

    columns: tuple[Guess, ...]
    mapping: Names
    unfilled: tuple[str, ...]
    rows: tuple[PreviewRow, ...]


async def preview_source(service: Service, design: Design, source: Source) -> TablePreview:
    """The first rows of a batch's table; what is fetched for it is not kept. Raises as `fetch_source`, TableProblem."""
    if source.key:
        return await preview_table(service, design.template, source.key, source.order)
    table = await fetch_source(service, design.workspace, source.order, first=PREVIEWED)
    try:
        return await preview_table(service, design.template, table.key, source.order)
    finally:
        await drop_table(service, table)


async def preview_table(service: Service, template: Template, key: str, order: TableOrder) -> TablePreview:
    """The first rows of a stored table, mapped as asked for or as guessed. Raises TableProblem, StorageProblem."""
    columns, rows = await _first(service, key, replace(order, mapping="{}"))
    found = guess(columns, targets_of(template), _samples(columns, rows))
    asked = orjson.loads(order.mapping)
    mapping: Names = mapping_of(found) if order.mapping == AUTO or not asked else asked
    renaming = Renaming(mapping, columns, complete=True)
    filled = {mapping.get(column, column) for column in columns}
    return TablePreview(
        columns=found,
        mapping=mapping,
        unfilled=tuple(each.name for each in targets_of(template) if each.name not in filled),
        rows=tuple(_previewed(template, row, renaming) for row in rows),
    )


async def guessed_order(service: Service, template: Template, key: str, order: TableOrder) -> TableOrder:
    """The order with a guessed mapping in the place of `auto`. Raises TableProblem, StorageProblem."""
    if order.mapping != AUTO:
        return order
    columns, rows = await _first(service, key, replace(order, mapping="{}"))
    found = guess(columns, targets_of(template), _samples(columns, rows))
    return replace(order, mapping=orjson.dumps(mapping_of(found)).decode())


def targets_of(template: Template) -> tuple[Target, ...]:
    """What columns may be for: the variables, and the layers whose main property no variable decides."""
    targets = [Target(each.name, each.type) for each in template.document.variables]
    names = {each.name for each in targets}
    for name, layer_id in template.by_name.items():
        main = template.layers[layer_id].main
        if main and name not in names and main not in template.patterns.get(layer_id, {}):
            kind: Kind = "image" if main == "imageUrl" else "color" if main in _COLOURED else "text"
            targets.append(Target(name, kind))
    return tuple(targets)


def check_mapping(template: Template, mapping: Names) -> None:
    """Refuse names that the design does not have. Raises RowProblem `mapping_target_unknown` with each of them."""
    variables = {each.name for each in template.document.variables}
    problems = []
    for column, target in mapping.items():
        if target is None or target in variables or target in template.by_name:
            continue
        layer, dot, _ = target.rpartition(".")
        if dot and (layer == CANVAS or layer in template.by_name):
            continue
        near = closest(target, [*variables, *template.by_name])
        message = f"The column {column[:60]!r} is mapped to {target[:60]!r}, which is no variable or layer."
        pointer = f"/mapping/{column.replace('~', '~0').replace('/', '~1')}"[:200]
        problems.append(Problem("mapping_target_unknown", message, pointer, closest=near))
    if problems:
        raise RowProblem(problems)


async def _first(service: Service, key: str, order: TableOrder) -> tuple[tuple[str, ...], list[StoredRow]]:
    async with reading_table(service, key, order, first=PREVIEWED) as found:
        return found.columns, [row async for group in found.groups() for row in group]


def _samples(columns: Sequence[str], rows: Sequence[StoredRow]) -> dict[str, list[Value]]:
    samples: dict[str, list[Value]] = {column: [] for column in columns}
    for _, values, problem, _ in rows:
        if not problem:
            for column, value in orjson.loads(values).items():
                samples.setdefault(column, []).append(value)
    return samples


def _previewed(template: Template, row: StoredRow, renaming: Renaming) -> PreviewRow:
    number, text, problem, name = row
    if problem:
        return PreviewRow(number, name, {}, (Problem(**orjson.loads(problem)),), ())
    values = cast("dict[str, Json]", renaming.apply(orjson.loads(text)))
    try:
        bound = bind(template, values)
    except RowProblem as error:
        return PreviewRow(number, name, values, error.problems, ())
    return PreviewRow(number, name, values, (), bound.warnings)
