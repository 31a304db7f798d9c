"""A template and rows → what would fail, overflow, be cut or be missing, ranked; laid out, not drawn or written."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

import orjson

from tirage.actions.draw_order import failed_pictures
from tirage.actions.ranking import Finding, Ranking
from tirage.actions.row_jobs import WORKSPACE, Bound, RowJobs
from tirage.actions.survey_job import ReadyRow, RowSurvey, survey_job, surveyed_of
from tirage.assets.fetched import Fetched
from tirage.context import Context
from tirage.engine.errors import Problem, ResourceProblem, TirageError, closest
from tirage.engine.report import Warning_
from tirage.engine.template import Json, Template
from tirage.pool.job import Reply
from tirage.tables.rows import BadRow, Row

CHUNK = 64
"""Rows that are surveyed in one job."""
CHUNK_BYTES = 16_000_000
"""Pictures that a job should hold at most; rows with large ones go in smaller chunks."""
WORST = 10
"""Rows whose pictures are painted beneath their texts, to see how these stand out."""

_FETCHING = 4  # chunks whose pictures are fetched at once
_Found = dict[str, Fetched | ResourceProblem]


class Marks:
    """What of a row needs no layout: cells that are empty although a default is shown instead, and repeated rows."""

    def __init__(self, template: Template) -> None:
        self._defaults = {
            each.name: each.default
            for each in template.document.variables
            if each.default not in (None, "", ()) and each.empty_means == "default"
        }
        self._seen: dict[bytes, int] = {}

    def of(self, number: int, values: Mapping[str, Json], overrides: object) -> Iterator[Warning_]:
        """What there is to note of a row of the table."""
        for name in self._defaults.keys() & values.keys():
            if values[name] in (None, ""):
                message = f"{name!r} is empty, so the default is shown: {str(self._defaults[name])[:60]!r}."
                yield Warning_("value_empty", message, pointer=f"/{name}")
        # Eight bytes tell a million rows apart but for one chance in thirty million.
        mark = blake2b(orjson.dumps(overrides, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()
        first = self._seen.setdefault(mark, number)
        if first != number:
            yield Warning_("row_duplicate", f"The picture would be the same as that of row {first:,}.")


@dataclass(frozen=True, slots=True)
class _Ready:
    number: int
    bound: Bound
    notes: tuple[Warning_, ...]
    values: Mapping[str, Json]


class TableCheck:
    """Checks the rows of one run into a ranking; `worst_rows` are afterwards the values of the worst, for a sheet."""

    def __init__(self, context: Context, jobs: RowJobs) -> None:
        self.ranking = Ranking()
        self.worst_rows: dict[int, Mapping[str, Json]] = {}
        self._context = context
        self.jobs = jobs
        self._marks = Marks(jobs.template)
        self._submitted: deque[tuple[list[_Ready], Future[Reply]]] = deque()
        self._fetching: deque[tuple[list[_Ready], Future[_Found]]] = deque()
        self._worst: list[tuple[int, int, _Ready]] = []
        self._unsure: list[_Ready] = []
        self._chunk = CHUNK

    def run(self, rows: Iterable[Row | BadRow]) -> Ranking:
        """Check all rows. Raises TirageError where no row could be laid out at all."""
        waiting = iter(rows)
        with ThreadPoolExecutor(_FETCHING, "tirage-fetch") as threads:
            try:
                while chunk := list(islice(waiting, self._chunk)):
                    self._begin(chunk, threads)
                    self._settle(_FETCHING, 2 * self._context.pool.workers + 1)
                self._settle(0, 0)
            finally:
                for _, reply in self._submitted:
                    reply.cancel()
                for _, found in self._fetching:
                    found.cancel()
        self._paint_worst()
        return self.ranking

    def _begin(self, chunk: Sequence[Row | BadRow], threads: ThreadPoolExecutor) -> None:
        ready: list[_Ready] = []
        for row in chunk:
            if isinstance(row, BadRow):
                self.ranking.add(Finding(row.number, TirageError(row.problem)))
                continue
            try:
                bound = self.jobs.bind(row.values)
            except TirageError as error:
                self.ranking.add(Finding(row.number, error))
                continue
            notes = tuple(self._marks.of(row.number, row.values, bound.bound.overrides))
            ready.append(_Ready(row.number, bound, notes, row.values))
        wanted = list(dict.fromkeys(source for each in ready for source in each.bound.needs.sources))
        if any(self.jobs.is_remote(each.bound) for each in ready):
            self._fetching.append((ready, threads.submit(self.jobs.fetch, wanted)))
        elif ready:
            self._submit(ready, self.jobs.fetch(wanted))

    def _settle(self, fetching: int, submitted: int) -> None:
        """Go on with chunks until at most so many are left in either line."""
        while len(self._fetching) > fetching:
            ready, future = self._fetching.popleft()
            self._submit(ready, future.result())
        while len(self._submitted) > submitted:
            ready, reply = self._submitted.popleft()
            self._collect(ready, reply)

    def _submit(self, ready: Sequence[_Ready], found: _Found) -> None:
        whole: list[_Ready] = []
        rows: list[ReadyRow] = []
        for each in ready:
            failures = [
                (source, had)
                for source in each.bound.needs.sources
                if isinstance(had := found[source], ResourceProblem)
            ]
            if failures:
                self._add(each, RowSurvey(failed_pictures(each.bound.bound, failures)))
                continue
            whole.append(each)
            rows.append((each.bound.bound, _pictures(each, found)))
        if not rows:
            return
        kept = self.jobs.keep(rows[0][1])
        job = survey_job(kept, rows, self.jobs.output, workspace=WORKSPACE)
        size = sum(map(len, job.read_parts))
        self._chunk = max(1, min(CHUNK, int(CHUNK_BYTES * len(rows) / max(1, size))))
        self._submitted.append((whole, self._context.pool.submit(job)))

    def _collect(self, ready: Sequence[_Ready], future: Future[Reply]) -> None:
        try:
            told = surveyed_of(future.result())
        except TirageError as error:
            if error.code in ("pool_unavailable", "pool_closed"):
                raise
            self._one_by_one(ready, error)
            return
        self.ranking.note((), told.template)
        for each, survey in zip(ready, told.rows, strict=True):
            self._add(each, survey)

    def _one_by_one(self, ready: Sequence[_Ready], error: TirageError) -> None:
        """A chunk whose job ended badly: its rows on their own, so that one of them takes only itself along."""
        if len(ready) == 1:
            self._add(ready[0], RowSurvey(error))
            return
        for each in ready:
            self._submit([each], self.jobs.fetch(each.bound.needs.sources))
            alone, reply = self._submitted.pop()
            self._collect(alone, reply)

    def _add(self, row: _Ready, survey: RowSurvey) -> None:
        self.ranking.note(row.bound.bound.warnings, ())
        finding = Finding(row.number, survey.error, (*survey.warnings, *row.notes))
        self.ranking.add(finding)
        if survey.error is None and finding.score:
            entry = (finding.score, -row.number, row)
            (heapq.heappush if len(self._worst) < WORST else heapq.heappushpop)(self._worst, entry)
        if survey.unsure and len(self._unsure) < WORST:
            self._unsure.append(row)

    def _paint_worst(self) -> None:
        """Look at the worst rows, or else the first ones, with what they bring painted beneath their texts."""
        worst = [entry[2] for entry in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))]
        self.worst_rows = {each.number: each.values for each in worst}
        if not self._unsure:
            return
        for each in {each.number: each for each in (*worst, *self._unsure)}.values():
            if len(self.worst_rows) >= WORST and each.number not in self.worst_rows:
                break
            found = self.jobs.fetch(each.bound.needs.sources)
            if any(isinstance(had, ResourceProblem) for had in found.values()):
                continue
            ready = [(each.bound.bound, _pictures(each, found))]
            job = survey_job(self.jobs.keep(ready[0][1]), ready, self.jobs.output, workspace=WORKSPACE, painted=True)
            try:
                told = surveyed_of(self._context.pool.submit(job).result()).rows[0]
            except TirageError:
                continue  # what it would be drawn with is told by drawing it
            if told.warnings and told.error is None:
                self.ranking.amend(each.number, (*told.warnings, *each.notes))
                self.worst_rows.setdefault(each.number, each.values)


def check_table(context: Context, jobs: RowJobs, rows: Iterable[Row | BadRow]) -> TableCheck:
    """Check every row; the findings are in the result's `ranking`."""
    check = TableCheck(context, jobs)
    check.run(rows)
    return check


def _pictures(row: _Ready, found: _Found) -> dict[str, Fetched]:
    return {source: had for source in row.bound.needs.sources if isinstance(had := found[source], Fetched)}


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
