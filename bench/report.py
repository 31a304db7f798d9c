"""Measurements → results with their targets and verdicts, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.table import Table

Verdict = Literal["pass", "miss", "no verdict"]
_STYLES = {"pass": "green", "miss": "red", "no verdict": "yellow"}


@dataclass(frozen=True, slots=True)
class Result:
    """One figure with its target; `most` tells whether the target is an upper bound, `note` what was measured."""

    name: str
    value: float
    target: float
    unit: str
    note: str
    most: bool = True
    measurable: bool = True

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met; none where the machine did not allow the measurement."""
        met = self.value <= self.target if self.most else self.value >= self.target
        if met:
            return "pass"
        return "miss" if self.measurable else "no verdict"


def show(results: Sequence[Result], tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]]) -> None:
    """Print the results, and under them the tables: (title, headings, rows)."""
    console = Console(width=130)
    main = Table(title="Targets", title_justify="left")
    for heading in ("", "measured", "target", "verdict", "what is measured"):
        main.add_column(heading, justify="right" if heading in ("measured", "target") else "left")
    for each in results:
        bound = "≤" if each.most else "≥"
        verdict = f"[{_STYLES[each.verdict]}]{each.verdict}[/]"
        main.add_row(
            each.name, f"{each.value:.2f} {each.unit}", f"{bound} {each.target:g} {each.unit}", verdict, each.note
        )
    console.print(main)
    for title, headings, rows in tables:
        table = Table(title=title, title_justify="left")
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="right" if number else "left")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def write(path: Path, results: Sequence[Result], details: dict[str, Any]) -> None:
    """Write everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [asdict(each) | {"verdict": each.verdict} for each in results]
    path.write_bytes(orjson.dumps({"results": told, "details": details}, option=orjson.OPT_INDENT_2))
