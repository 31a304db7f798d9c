"""What is found in rows → how much it matters, the worst rows first, and how many rows each finding has."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tirage.engine.errors import Problem, TirageError
from tirage.engine.report import Warning_

FAILS = 100
"""The weight of each problem that keeps a row from being drawn."""
LOSES = 10
"""From this weight on a picture loses something; what weighs less is a note that people may well intend."""
WEIGHTS: Mapping[str, int] = {
    "text_overflow": 40,
    "glyph_missing": 35,
    "text_cut": 30,
    "font_missing": 30,
    "code_dense": 25,
    "code_contrast": 25,
    "image_empty": 20,
    "code_empty": 20,
    "chart_empty": 20,
    "contrast_low": 15,
    "picture_small": 12,
    "text_smallest": 8,
    "picture_ratio": 6,
    "row_duplicate": 5,
    "text_empty": 4,
    "value_empty": 3,
}
"""Weights by code; what is not named weighs `LOSES`."""
TEMPLATE_LOSES = 20
"""From this weight on a template itself has something to mend; pale or soft layers in it are its designer's choice."""
MAX_LISTED = 10_000
"""Rows whose findings are kept; the others are counted."""


def weight(code: str) -> int:
    """How much a warning of that code matters."""
    return WEIGHTS.get(code, LOSES)


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that would not come out as meant: why it fails, what it loses, and what there is to note."""

    row: int
    error: TirageError | None = None
    warnings: tuple[Warning_, ...] = ()

    @property
    def score(self) -> int:
        """How bad the row is: the sum of the weights of all that is found in it."""
        problems = len(self.error.problems) if self.error else 0
        return FAILS * problems + sum(weight(each.code) for each in self.warnings)

    @property
    def losses(self) -> tuple[Warning_, ...]:
        """What the picture loses."""
        return tuple(each for each in self.warnings if weight(each.code) >= LOSES)

    @property
    def notes(self) -> tuple[Warning_, ...]:
        """What people may well intend."""
        return tuple(each for each in self.warnings if weight(each.code) < LOSES)

    def with_warnings(self, more: Iterable[Warning_]) -> Finding:
        """The same row with further warnings, each once."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *more))))


@dataclass(slots=True)
class Counted:
    """How many rows have a finding, in which layers, and its sentence in the first of them."""

    code: str
    rows: int
    message: str
    layers: dict[str, None] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """How much it matters; a problem outweighs every warning."""
        return WEIGHTS.get(self.code, LOSES)


@dataclass(slots=True)
class Ranking:
    """All that a check found. `general` holds for every row (an unused column, say), `template` for the template."""

    rows: int = 0
    failed: int = 0
    losing: int = 0
    noted: int = 0
    counted: dict[str, Counted] = field(default_factory=dict)
    general: dict[tuple[str, str], Warning_] = field(default_factory=dict)
    template: dict[tuple[str, str | None], Warning_] = field(default_factory=dict)
    _worst: list[tuple[int, int, Finding]] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """Rows in which there is something to mend, the template's own losses counted as one."""
        return self.failed + self.losing + any(weight(each.code) >= TEMPLATE_LOSES for each in self.template.values())

    @property
    def left_off(self) -> int:
        """Rows with findings that are counted only."""
        return self.failed + self.losing + self.noted - len(self._worst)

    def note(self, general: Iterable[Warning_], template: Iterable[Warning_]) -> None:
        """What holds for every row, and what holds for the template, each layer's kind of trouble once."""
        for each in general:
            self.general.setdefault((each.code, each.message), each)
        for each in template:
            self.template.setdefault((each.code, each.layer), each)

    def add(self, finding: Finding) -> None:
        """Count a row, and keep it if it is among the worst."""
        self.rows += 1
        self._count(finding, 1)
        if finding.score:
            entry = (finding.score, -finding.row, finding)
            if len(self._worst) < MAX_LISTED:
                heapq.heappush(self._worst, entry)
            else:
                heapq.heappushpop(self._worst, entry)

    def amend(self, row: int, more: Iterable[Warning_]) -> None:
        """Further warnings of a row that was added before."""
        place = next((place for place, entry in enumerate(self._worst) if -entry[1] == row), None)
        before = Finding(row) if place is None else self._worst.pop(place)[2]
        heapq.heapify(self._worst)
        self._count(before, -1)
        self.rows -= 1
        self.add(before.with_warnings(more))

    def worst(self) -> list[Finding]:
        """The rows with findings, the worst first, of equal ones the earlier first."""
        return [entry[2] for entry in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))]

    def by_code(self) -> list[Counted]:
        """What was found, in the order of how much it matters, then of how many rows have it."""
        return sorted(self.counted.values(), key=lambda each: (-each.weight, -each.rows, each.code))

    def _count(self, finding: Finding, one: int) -> None:
        self.failed += one * (finding.error is not None)
        loses, notes = bool(finding.losses), bool(finding.notes)
        self.losing += one * (finding.error is None and loses)
        self.noted += one * (finding.error is None and notes and not loses)
        found: dict[str, tuple[str, list[str]]] = {}
        told: list[Problem | Warning_] = [*(finding.error.problems if finding.error else ()), *finding.warnings]
        for each in told:
            found.setdefault(each.code, (each.message, []))[1].append(each.layer or "")
        for code, (message, layers) in found.items():
            counted = self.counted.setdefault(code, Counted(code, 0, message))
            counted.rows += one
            counted.layers.update(dict.fromkeys(filter(None, layers)))
            if not counted.rows:
                del self.counted[code]


def ranking_as_json(ranking: Ranking) -> dict[str, Any]:
    """The ranking for programs: counts, what holds for all rows, findings by code, rows with the worst first."""
    return {
        "ok": not ranking.bad,
        "rows": ranking.rows,
        "failed": ranking.failed,
        "losing": ranking.losing,
        "noted": ranking.noted,
        "general": [_warning(each) for each in ranking.general.values()],
        "template": [_warning(each) for each in ranking.template.values()],
        "codes": [
            {"code": each.code, "rows": each.rows, "layers": list(each.layers), "message": each.message}
            for each in ranking.by_code()
        ],
        "findings": [_finding(each) for each in ranking.worst()],
        "leftOff": ranking.left_off,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "row": finding.row,
        "score": finding.score,
        "problems": [each.as_dict() for each in finding.error.problems] if finding.error else [],
        "warnings": [_warning(each) for each in finding.losses],
        "notes": [_warning(each) for each in finding.notes],
    }


def _warning(warning: Warning_) -> dict[str, str]:
    members = {"code": warning.code, "message": warning.message, "layer": warning.layer, "pointer": warning.pointer}
    return {key: value for key, value in members.items() if value}
