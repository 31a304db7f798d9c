"""Rows of a table are checked without drawing them, and the worst come first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.actions import ranking as ranks
from tirage.actions.check_table import CHUNK, TableCheck, check_table
from tirage.actions.ranking import Finding, Ranking, ranking_as_json
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.templates import LoadedTemplate
from tirage.actions.worst_sheet import draw_worst_sheet
from tirage.context import Context
from tirage.engine.errors import Problem, ResourceProblem, TirageError
from tirage.engine.options import OutputOptions
from tirage.engine.parse import parse
from tirage.engine.report import Warning_
from tirage.settings import Settings
from tirage.tables.rows import BadRow, Row

DOCUMENT: dict[str, Any] = {
    "name": "Card", "width": 160, "height": 80, "background": "#ffffff",
    "layers": [
        {"type": "image", "name": "photo", "width": 160, "height": 40, "imageUrl": "{{ photo }}"},
        {"type": "text", "name": "over", "width": 160, "height": 30, "fontSize": 20, "text": "Aa", "color": "#ffffff"},
        {"type": "text", "name": "title", "y": 50, "height": 20, "fontSize": 14, "text": "{{ title }}"},
    ],
    "variables": [
        {"name": "title", "required": True},
        {"name": "photo", "type": "image", "default": "dark.svg"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    """A context with two drawing processes."""
    with Context(Settings(cache_size=0, fetch_seconds=2), workers=2) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a dark and a light picture."""
    for name, fill in (("dark", "#111"), ("light", "#eee")):
        rect = f'<rect width="16" height="4" fill="{fill}"/>'
        (tmp_path / f"{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 4">{rect}</svg>'
        )
    return tmp_path


def checked(context: Context, home: Path, rows: list[Row | BadRow], **options: Any) -> TableCheck:
    """The check of rows of the card."""
    data = json.dumps(DOCUMENT).encode()
    loaded = LoadedTemplate(parse(data), data, home, "t")
    jobs = RowJobs(context, loaded, Folders(home, (home,)), Output("png", OutputOptions(**options)))
    return check_table(context, jobs, rows)


def test_the_worst_rows_come_first(context: Context, home: Path) -> None:
    """Rows that would fail, then those that lose something, then notes; rows without findings are only counted."""
    rows: list[Row | BadRow] = [
        Row(1, {"title": "fine"}),
        Row(2, {"title": "fine"}),
        Row(3, {"title": "far too long for a card so small as this one is"}),
        Row(4, {"title": "lost", "photo": "nowhere.png"}),
        Row(5, {"title": "empty cell", "photo": ""}),
        BadRow(6, Problem("ragged_row", "Row 6 has too few cells.")),
        Row(7, {"title": ""}),
    ]
    found = checked(context, home, rows)
    told = ranking_as_json(found.ranking)
    assert (told["rows"], told["failed"], told["losing"], told["noted"], told["ok"]) == (7, 3, 1, 2, False)
    assert [each["row"] for each in told["findings"]] == [4, 6, 7, 3, 2, 5]
    assert {each["row"]: [one["code"] for one in each["notes"]] for each in told["findings"][4:]} == {
        2: ["row_duplicate"], 5: ["value_empty"],
    }  # fmt: skip
    assert told["codes"][-1] == {
        "code": "value_empty", "rows": 1, "layers": [],
        "message": "'photo' is empty, so the default is shown: 'dark.svg'.",
    }  # fmt: skip
    assert told["findings"][0]["problems"][0]["layer"] == "photo"


def test_text_over_pictures_is_looked_at_in_the_worst_rows(context: Context, home: Path) -> None:
    """White text on a row's light picture is found by painting that; on a dark one nothing is told."""
    rows: list[Row | BadRow] = [
        Row(1, {"title": "a", "photo": "dark.svg"}),
        Row(2, {"title": "b", "photo": "light.svg"}),
    ]
    found = checked(context, home, rows)
    assert [(each.row, [one.code for one in each.warnings]) for each in found.ranking.worst()] == [
        (2, ["contrast_low"])
    ]
    assert (found.ranking.rows, found.ranking.losing) == (2, 1)


def test_many_rows_come_in_chunks_and_none_is_lost(context: Context, home: Path) -> None:
    """Rows of several jobs are counted each once, whatever becomes of their neighbours."""
    count = 3 * CHUNK + 5
    rows: list[Row | BadRow] = [
        Row(number, {"title": f"T{number}", "photo": "none.png" if number % 50 == 0 else "dark.svg"})
        for number in range(1, count + 1)
    ]
    found = checked(context, home, rows).ranking
    assert (found.rows, found.failed, found.losing, found.noted) == (count, count // 50, 0, 0)
    assert [each.row for each in found.worst()] == [50, 100, 150]


def test_the_ten_worst_rows_are_drawn_into_one_picture(context: Context, home: Path) -> None:
    """The sheet shows rows that can be drawn; where nothing is wrong there is none."""
    rows: list[Row | BadRow] = [
        Row(number, {"title": "much too long for this card " + "x" * number}) for number in range(1, 15)
    ]
    found = checked(context, home, rows)
    assert len(found.worst_rows) == 10
    target = home / "sheets" / "worst.png"
    assert draw_worst_sheet(context, found, target, "Card") == target
    assert target.read_bytes().startswith(b"\x89PNG")
    good = checked(context, home, [Row(1, {"title": "x"})])
    assert draw_worst_sheet(context, good, home / "none.png", "Card") is None
    assert not (home / "none.png").exists()


_WARNINGS = st.sampled_from([*ranks.WEIGHTS, "something_else"]).map(lambda code: Warning_(code, f"about {code}", "a"))
_ERRORS = st.none() | st.just(TirageError(Problem("row_bad", "Bad."))) | st.just(
    ResourceProblem([Problem("source_gone", "Gone.", layer="b")] * 2)
)  # fmt: skip


@given(st.lists(st.tuples(_ERRORS, st.lists(_WARNINGS, max_size=4)), max_size=30))
def test_counts_fit_the_rows_and_amending_counts_as_if_known_before(
    rows: list[tuple[TirageError | None, list[Warning_]]],
) -> None:
    """Each row is counted once as its worst finding has it, sorted by score; a later finding changes no other count."""
    at_once, amended = Ranking(), Ranking()
    for number, (error, warnings) in enumerate(rows, 1):
        at_once.add(Finding(number, error).with_warnings(warnings))
        amended.add(Finding(number, error))
    for number, (_, warnings) in enumerate(rows, 1):
        if warnings:
            amended.amend(number, warnings)
    one, other = ranking_as_json(at_once), ranking_as_json(amended)
    for each in (one, other):
        each["codes"] = sorted((code["code"], code["rows"]) for code in each["codes"])
    assert one == other
    scores = [each.score for each in at_once.worst()]
    assert scores == sorted(scores, reverse=True)
    assert at_once.failed + at_once.losing + at_once.noted == len(scores)
    assert all(weight > 0 for weight in scores)


def test_only_the_worst_are_kept_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit rows are counted, and what is kept are the worst of all."""
    monkeypatch.setattr(ranks, "MAX_LISTED", 5)
    found = Ranking()
    for number in range(1, 101):
        found.add(Finding(number, warnings=(Warning_("text_cut" if number > 95 else "text_empty", "x", "t"),)))
    assert [each.row for each in found.worst()] == [96, 97, 98, 99, 100]
    assert found.left_off == 95 and (found.losing, found.noted) == (5, 95)


def test_a_templates_losses_count_and_its_tastes_do_not() -> None:
    """Text cut in every picture is something to mend; a pale caption of the design is told and no more."""
    found = Ranking()
    found.note((), [Warning_("contrast_low", "pale", "caption")])
    before = found.bad
    found.note((), [Warning_("text_cut", "cut", "title"), Warning_("text_cut", "cut elsewhere", "title")])
    assert (before, found.bad, len(found.template)) == (0, 1, 2)
