"""Rows through a real pool: look-ahead is bounded, everything comes out, nothing is held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tirage.actions.check_table import check_table, missing_columns
from tirage.actions.flow import AHEAD, Flow
from tirage.actions.render_image import drawn_of, render_image
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.templates import LoadedTemplate
from tirage.context import Context
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.parse import parse
from tirage.settings import Settings
from tirage.tables.rows import BadRow, Row

DOCUMENT = json.dumps(
    {
        "width": 40,
        "height": 20,
        "layers": [
            {"type": "image", "name": "photo", "width": 10, "height": 10, "imageUrl": "{{ photo }}"},
            {"type": "image", "name": "fixed", "x": 20, "width": 10, "height": 10, "imageUrl": "logo.svg"},
            {"type": "text", "name": "title", "y": 10, "height": 10, "fontSize": 8, "text": "{{ title }}"},
        ],
        "variables": [{"name": "title", "required": True}, {"name": "photo", "type": "image"}],
    }
).encode()
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="#e33"/></svg>'


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    """A context with two drawing processes."""
    with Context(Settings(cache_size=0, fetch_seconds=2), workers=2) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a logo."""
    (tmp_path / "logo.svg").write_text(LOGO)
    return tmp_path


def jobs_of(context: Context, home: Path, **more: bool) -> RowJobs:
    """The template of these tests over a folder."""
    loaded = LoadedTemplate(parse(DOCUMENT), DOCUMENT, home, "t")
    return RowJobs(
        context,
        loaded,
        Folders(home, (home,)),
        Output(),
        layout_only=more.get("layout_only", False),
        lends=more.get("lends", False),
        reports=more.get("reports", True),
    )


def test_a_long_table_is_read_only_as_far_as_it_is_drawn(context: Context, home: Path) -> None:
    """However long the table, the rows read but not given back stay few: memory is constant."""
    read = most = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for number in range(1, 401):
            read += 1
            yield Row(number, {"title": f"T{number}"})

    flow = Flow(context, jobs_of(context, home))
    seen = []
    for given, outcome in enumerate(flow.run(rows()), 1):
        most = max(most, read - given)
        assert outcome.reply is not None
        seen.append(outcome.row)
    assert sorted(seen) == list(range(1, 401))
    assert most <= flow.most_begun <= AHEAD * context.pool.workers


def test_remote_rows_wait_beside_the_others(context: Context, home: Path) -> None:
    """A row whose picture cannot be fetched fails alone; the rows behind it do not wait for it."""
    rows = [
        Row(number, {"title": "x", "photo": "http://10.0.0.1/x.png" if number % 5 == 0 else "logo.svg"})
        for number in range(1, 31)
    ]
    outcomes = {outcome.row: outcome for outcome in Flow(context, jobs_of(context, home)).run(rows)}
    assert sorted(outcomes) == list(range(1, 31))
    failed = {row for row, outcome in outcomes.items() if outcome.error is not None}
    assert failed == {5, 10, 15, 20, 25, 30}
    error = outcomes[5].error
    assert error is not None and (error.code, error.problems[0].layer) == ("source_blocked", "photo")


def test_known_rows_are_not_drawn(context: Context, home: Path) -> None:
    """A recipe that is known already costs no drawing; the same row has the same recipe."""
    row = Row(1, {"title": "x"})
    first = next(Flow(context, jobs_of(context, home)).run([row]))
    again = next(Flow(context, jobs_of(context, home), lambda _, recipe: recipe == first.recipe).run([row]))
    other = next(Flow(context, jobs_of(context, home)).run([Row(1, {"title": "y"})]))
    assert again.done and again.recipe == first.recipe != other.recipe


def test_bad_rows_and_leaving_early(context: Context, home: Path) -> None:
    """A row that the reader refused is an outcome; a run that is left early leaves the pool usable."""
    flow = Flow(context, jobs_of(context, home))
    refused = BadRow(1, Problem("ragged_row", "Row 1 has too few cells."))
    for outcome in flow.run([refused, *(Row(number, {"title": "x"}) for number in range(2, 1000))]):
        assert outcome.row == 1 and outcome.error is not None and outcome.error.code == "ragged_row"
        break
    image = render_image(context, jobs_of(context, home), {"title": "after"})
    assert image.files[0].media_type == "image/png"


def test_a_failed_picture_names_its_layer(context: Context, home: Path) -> None:
    """All of a row's pictures that cannot be had are told, each with its layer."""
    (home / "logo.svg").unlink()
    with pytest.raises(ResourceProblem) as caught:
        render_image(context, jobs_of(context, home), {"title": "x", "photo": "none.png"})
    assert {problem.layer for problem in caught.value.problems} == {"photo", "fixed"}


def test_lent_files_give_the_same_as_files_read_here(context: Context, home: Path) -> None:
    """A child that reads and hashes the files itself comes to the same bytes, recipes and complaints."""
    (home / "note.png").write_text("no picture")
    (home / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")
    (home / "empty.png").touch()
    (home / "green.svg").write_text(LOGO.replace("#e33", "#3e3"))
    photos = ["logo.svg", "green.svg", "", "none.png", "note.png", "cut.png", "empty.png", "../x.png", "logo.svg/x"]
    rows = [Row(number, {"title": "x", "photo": photo}) for number, photo in enumerate([*photos, *photos], 1)]

    def told(**how: bool) -> dict[int, tuple[object, ...]]:
        return {
            each.row: (
                (each.recipe, *each.reply.parts)
                if each.reply
                else (each.error.code, each.error.retryable, each.error.problems)
                if each.error
                else ()
            )
            for each in Flow(context, jobs_of(context, home, **how)).run(rows)
        }

    read, lent = told(), told(lends=True)
    assert read == lent
    codes = [read[number][0] for number in range(13, 19)]
    assert codes[:4] == ["source_not_found", "source_not_image", "source_truncated", "source_not_image"]


def test_without_reports_the_warnings_still_come(context: Context, home: Path) -> None:
    """A run that writes no report is told what there is to warn of, in the same words, and nothing else."""
    row = Row(1, {"title": "much too long for its box " * 9, "photo": "logo.svg"})
    whole = next(Flow(context, jobs_of(context, home)).run([row])).reply
    few = next(Flow(context, jobs_of(context, home, reports=False)).run([row])).reply
    assert whole is not None and few is not None
    assert few.header["report"] == {"warnings": whole.header["report"]["warnings"]}
    assert drawn_of("", few).warnings == drawn_of("", whole).warnings != ()
    assert few.parts == whole.parts and "layers" in whole.header["report"]


def test_a_flow_lends_a_bounded_number_of_files(context: Context, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files rows bring, few are open at once, and none when the run is over."""
    monkeypatch.setattr("tirage.actions.flow.MAX_LENT", 3)
    before = set(Path("/dev/fd").iterdir())
    flow = Flow(context, jobs_of(context, home, lends=True))
    rows = [Row(number, {"title": f"T{number}", "photo": "logo.svg"}) for number in range(1, 60)]
    assert sum(outcome.reply is not None for outcome in flow.run(rows)) == 59
    assert flow.most_begun <= AHEAD + 4
    assert len(set(Path("/dev/fd").iterdir()) - before) <= 2  # channels of children that were started meanwhile


def test_a_changed_fixed_picture_is_drawn_anew(context: Context, home: Path) -> None:
    """Children keep what rows do not change by its bytes: other bytes, other picture."""
    first = render_image(context, jobs_of(context, home), {"title": "x"})
    (home / "logo.svg").write_text(LOGO.replace("#e33", "#33e"))
    second = render_image(context, jobs_of(context, home), {"title": "x"})
    assert first.recipe != second.recipe
    assert first.files[0].data != second.files[0].data


def test_checking_lays_out_without_drawing(context: Context, home: Path) -> None:
    """A check gives findings and counts, and no bytes come back."""
    jobs = jobs_of(context, home, layout_only=True)
    outcome = next(Flow(context, jobs).run([Row(1, {"title": "x", "photo": "logo.svg"})]))
    assert outcome.reply is not None and drawn_of(outcome.recipe, outcome.reply).files == ()
    bad = BadRow(2, Problem("ragged_row", "Row 2 has too few cells."))
    found = check_table(context, jobs, [Row(1, {"title": "x" * 90, "photo": "logo.svg"}), bad]).ranking
    assert (found.rows, found.failed, found.losing) == (2, 1, 1)
    assert [each.row for each in found.worst()] == [2, 1]
    assert [each.code for each in missing_columns(jobs.template, ["photo"])] == ["column_missing"]
    assert missing_columns(jobs.template, ["photo"], ["title"]) == []
