"""What a check found → tables for people: what there is and in how many rows, then the worst rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tirage.actions.ranking import LOSES, Finding, Ranking, weight
from tirage.cli.console import printable, say, tell_warning

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20
"""Rows that are named one by one; --json has the others."""
_WIDTH = 120
_LAYERS = 3
_SENTENCES = 3


def tell_ranking(ranking: Ranking) -> None:
    """Print what was found: on a terminal as wide as that is, else 120 columns wide."""
    for warning in ranking.general.values():
        tell_warning(warning)
    for warning in ranking.template.values():
        tell_warning(warning, "the template itself")
    if not ranking.counted:
        return
    console = Console(highlight=False, stderr=True)
    if not console.is_terminal:
        console = Console(highlight=False, stderr=True, width=_WIDTH)
    console.print(_codes(ranking))
    if not ranking.bad:
        return  # of notes their kinds are enough
    worst = ranking.worst()
    console.print(_rows(worst[:SHOWN]))
    if (more := len(worst) - SHOWN + ranking.left_off) > 0:
        say(f"  and {more:,} more rows; --json lists them.")


def _codes(ranking: Ranking) -> Table:
    table = _table(("what", "rows", "layers", "such as"), numeric=1)
    failing = {problem.code for finding in ranking.worst() if finding.error for problem in finding.error.problems}
    for each in ranking.by_code():
        layers = list(each.layers)
        named = ", ".join(layers[:_LAYERS]) + (f" +{len(layers) - _LAYERS}" if len(layers) > _LAYERS else "")
        style = "red" if each.code in failing else "yellow" if each.weight >= LOSES else "dim"
        table.add_row(_plain(each.code, style), f"{each.rows:,}", _plain(named), _plain(each.message))
    return table


def _rows(worst: Sequence[Finding]) -> Table:
    table = _table(("row", "what is found, the worst rows first"), numeric=0)
    for finding in worst:
        sentences = [(each.message, each.layer, "red") for each in (finding.error.problems if finding.error else ())]
        for each in sorted(finding.warnings, key=lambda each: -weight(each.code)):
            sentences.append((each.message, each.layer, "" if weight(each.code) >= LOSES else "dim"))
        cell = Text()
        for message, layer, style in sentences[:_SENTENCES]:
            cell.append(printable(f"{'' if not cell else chr(10)}{layer + ': ' if layer else ''}{message}"), style)
        if len(sentences) > _SENTENCES:
            cell.append(f"\nand {len(sentences) - _SENTENCES} more", "dim")
        table.add_row(f"{finding.row:,}", cell)
    return table


def _table(columns: Sequence[str], numeric: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place == numeric else "left", overflow="fold")
    return table


def _plain(text: str, style: str = "") -> Text:
    return Text(printable(text), style)
