"""A template and rows → what would fail, overflow, be cut or be missing; laid out, but nothing drawn or written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tirage.actions.flow import Flow
from tirage.actions.render_image import drawn_of
from tirage.actions.row_jobs import RowJobs
from tirage.context import Context
from tirage.engine.errors import Problem, TirageError, closest
from tirage.engine.report import Warning_
from tirage.engine.template import Template
from tirage.tables.rows import BadRow, Row


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that would not come out as meant: why it fails, or what its layers lose."""

    row: int
    error: TirageError | None = None
    warnings: tuple[Warning_, ...] = ()


@dataclass(slots=True)
class CheckSummary:
    """How many rows were looked at, how many would fail, how many would lose something; what holds for all of them."""

    rows: int = 0
    failed: int = 0
    losing: int = 0
    general: dict[tuple[str, str], Warning_] = field(default_factory=dict)


def check_table(
    context: Context, jobs: RowJobs, rows: Iterable[Row | BadRow], summary: CheckSummary
) -> Iterator[Finding]:
    """What there is to say of each row, as rows are laid out; rows without findings are only counted.

    Warnings that name no layer (an ignored column, say) are gathered in the summary's `general`.
    """
    for outcome in Flow(context, jobs).run(rows):
        summary.rows += 1
        warnings = list(outcome.warnings)
        if outcome.reply is not None:
            warnings = list(drawn_of(outcome.recipe, outcome.reply, outcome.warnings).warnings)
        for warning in warnings:
            if warning.layer is None:
                summary.general.setdefault((warning.code, warning.message), warning)
        lost = tuple(warning for warning in warnings if warning.layer is not None)
        if outcome.error is not None:
            summary.failed += 1
            yield Finding(outcome.row, outcome.error)
        elif lost:
            summary.losing += 1
            yield Finding(outcome.row, warnings=lost)


def missing_columns(template: Template, columns: Sequence[str], settings: Iterable[str] = ()) -> list[Problem]:
    """A problem for each required variable without a default that the table has no column for."""
    there = {*columns, *settings}
    problems = []
    for variable in template.document.variables:
        if variable.required and variable.default in (None, "") and variable.name not in there:
            near = closest(variable.name, columns)
            hint = f"Is it the column {near!r}?" if near else None
            message = f"The table has no column {variable.name!r}, which every row needs."
            problems.append(Problem("column_missing", message, hint=hint, closest=near))
    return problems
