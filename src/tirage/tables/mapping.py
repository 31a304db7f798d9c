"""Columns → the names that a template knows: what a mapping renames, leaves out and keeps."""

from __future__ import annotations

from collections.abc import Mapping

from tirage.engine.errors import Problem
from tirage.tables.rows import TableProblem, Value, closest, shown

Names = Mapping[str, str | None]
"""Column → the name that its values go by; None leaves the column out. Columns that are not named stay as they are."""


class Renaming:
    """A mapping that was checked against a table's columns.

    With `complete` the columns are all there are; rows of JSON may have others. Raises TableProblem
    `mapping_column_unknown`, `mapping_conflict`, with every fault.
    """

    def __init__(self, mapping: Names, columns: tuple[str, ...], *, complete: bool) -> None:
        self._mapping = dict(mapping)
        problems = []
        if complete:
            problems = [_unknown(column, columns) for column in mapping if column not in columns]
        sources: dict[str, str] = {}
        for column in dict.fromkeys((*columns, *mapping)):
            target = mapping.get(column, column)
            if target is None:
                continue
            if target in sources:
                message = f"The columns {shown(sources[target])} and {shown(column)} are both for {shown(target)}."
                hint = "Map one of them to null to leave it out."
                problems.append(Problem("mapping_conflict", message, "/mapping", hint))
            sources.setdefault(target, column)
        if problems:
            raise TableProblem(problems)

    def apply(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """A row's values by the names that they go by from here on."""
        if not self._mapping:
            return dict(values)
        renamed: dict[str, Value] = {}
        for column, value in values.items():
            target = self._mapping.get(column, column)
            if target is not None:
                renamed[target] = value
        return renamed


def _unknown(column: str, columns: tuple[str, ...]) -> Problem:
    near = closest(column, columns)
    message = f"The mapping names the column {shown(column)}, which the table does not have."
    return Problem("mapping_column_unknown", message, "/mapping", closest=near)
