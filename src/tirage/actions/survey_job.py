"""Bound rows and their pictures → a job that surveys them, and its reply → what would go wrong in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tirage.actions.draw_order import Kept, Output, draw_order
from tirage.assets.fetched import Fetched
from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, TirageError
from tirage.engine.report import Warning_
from tirage.engine.template import BoundTemplate
from tirage.pool.job import Job, Reply

ReadyRow = tuple[BoundTemplate, Mapping[str, Fetched]]
"""A row that is bound, and its pictures by source."""


@dataclass(frozen=True, slots=True)
class RowSurvey:
    """Why a row would fail, or what its picture would lose; `unsure` where texts lie over what the row brings."""

    error: TirageError | None = None
    warnings: tuple[Warning_, ...] = ()
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class ChunkSurvey:
    """The rows of a job in their order, and what holds for the template whatever the row."""

    rows: tuple[RowSurvey, ...]
    template: tuple[Warning_, ...]


def survey_job(kept: Kept, rows: Sequence[ReadyRow], output: Output, *, workspace: str, painted: bool = False) -> Job:
    """One job for all the rows; bytes that several of them need travel once.

    `painted` also paints what rows bring beneath their texts: it is for a few rows.
    """
    found: dict[str, Fetched] = {}
    for _, pictures in rows:
        found |= pictures
    # The job of a drawing brings all that it takes; what it would draw are these rows, one after the other.
    drawing = draw_order(kept, rows[0][0], found, output, fonts=frozenset(), workspace=workspace).job
    header = {
        "kind": "survey",
        "job": {**drawing.header, "overrides": {}},
        "rows": [bound.overrides for bound, _ in rows],
        "painted": painted,
    }
    return replace(drawing, header=header)


def surveyed_of(reply: Reply) -> ChunkSurvey:
    """What a child's reply says."""
    rows = []
    for entry in reply.header["rows"]:
        problems = [Problem(**each) for each in entry.get("problems", ())]
        kind = ResourceProblem if entry.get("kind") == "resource" else RenderProblem
        warnings = tuple(Warning_(*each) for each in entry.get("warnings", ()))
        rows.append(RowSurvey(kind(problems) if problems else None, warnings, entry.get("unsure", False)))
    return ChunkSurvey(tuple(rows), tuple(Warning_(*each) for each in reply.header["template"]))
