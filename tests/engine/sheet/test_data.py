"""What rows bring becomes cells, columns and widths, or is refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tirage.engine.sheet.columns import Column, Track, grid_of
from tirage.engine.sheet.data import MAX_COLUMNS, MAX_ROWS, Row, TableRows
from tirage.engine.sheet.widths import LEAST, Asked, widths_of

ROWS: TypeAdapter[tuple[Row, ...]] = TypeAdapter(TableRows)
COFFEE = [["Coffee", 3.2], ["Tea", None]]


def texts(rows: tuple[Row, ...]) -> list[list[Any]]:
    """The values of all cells."""
    return [[cell.text for cell in row.cells] for row in rows]


@pytest.mark.parametrize(
    "value",
    [COFFEE, json.dumps(COFFEE), [["Coffee", {"text": 3.2}], ["Tea", {"text": None, "align": "center"}]]],
)
def test_lists_and_their_json_are_the_same_rows(value: object) -> None:
    """Cells are values, or objects with a value."""
    assert texts(ROWS.validate_python(value)) == COFFEE


def test_lines_are_rows_and_bars_or_tabs_part_their_cells() -> None:
    """As people write tables into one cell of a spreadsheet."""
    assert texts(ROWS.validate_python("Coffee | 3.20\n\nTea|2.80")) == [["Coffee", "3.20"], ["Tea", "2.80"]]
    assert texts(ROWS.validate_python("Coffee\t3.20")) == [["Coffee", "3.20"]]
    assert ROWS.validate_python("") == ()


def test_rows_are_written_as_they_were_read() -> None:
    """Lists, objects, and what is different for a cell, so that a document survives a round trip."""
    value = [["Coffee", 3.2], {"item": "Tea", "price": {"text": 2, "span": 2}}]
    assert ROWS.dump_python(ROWS.validate_python(value), mode="json") == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "a list of lists"),
        ("[[1,", "begin like JSON"),
        ([[1]] * (MAX_ROWS + 1), "2000 rows"),
        ([[1] * (MAX_COLUMNS + 1)], "50 cells"),
        ([{str(each): 1 for each in range(MAX_COLUMNS + 1)}], "50 cells"),
        ([[1] * 40] * 600, "20000 cells"),
        ([[[1]]], "a cell is a text"),
        ([[{"text": "a", "colour": "red"}]], "colour"),
        ([[{"text": "a", "span": 0}]], "span"),
        ([[float("inf")]], "finite"),
    ],
)
def test_other_things_are_no_rows(value: object, said: str) -> None:
    """Each is told what is expected."""
    with pytest.raises(ValidationError) as caught:
        ROWS.validate_python(value)
    assert caught.value.errors()[0]["type"] == "rows_invalid" and said in caught.value.errors()[0]["msg"]


def grid(value: object, *columns: Column, header: str = "auto", keep_empty: bool = False) -> Any:
    """The grid of rows."""
    return grid_of(columns, ROWS.validate_python(value), header=header, keep_empty=keep_empty)


def test_objects_make_columns_in_the_order_of_their_members() -> None:
    """Of all rows; a member that a row lacks is an empty cell, and their names are the header."""
    made = grid([{"a": 1, "b": 2}, {"b": 3, "c": 4}])
    assert [cell.text for cell in made.header] == ["a", "b", "c"]
    assert [[cell.text for cell in row] for row in made.rows] == [[1, 2, None], [None, 3, 4]]


def test_named_columns_choose_members_and_their_order() -> None:
    """A title replaces the key; an empty one leaves the place in the header empty."""
    made = grid([{"a": 1, "b": 2}], Column(key="b", title="B!"), Column(key="a", title=""))
    assert [cell.text for cell in made.header] == ["B!", ""] and [cell.text for cell in made.rows[0]] == [2, 1]


def test_the_first_row_may_be_the_header_and_empty_rows_are_left_out() -> None:
    """Unless they are kept."""
    rows = [["Item", "Price"], ["", None], ["Tea", 2]]
    made = grid(rows, header="firstRow")
    assert [cell.text for cell in made.header] == ["Item", "Price"] and len(made.rows) == 1
    assert len(grid(rows, keep_empty=True).rows) == 3 and grid(rows).header == ()
    assert grid([{"a": 1}], header="none").header == ()


def test_a_cell_of_an_object_that_spans_takes_the_places_of_those_it_covers() -> None:
    """The next member stands where the span ends."""
    made = grid([{"a": {"text": "Total", "span": 2}, "c": 9}], *(Column(key=key) for key in "abc"))
    assert [(cell.text, cell.span) for cell in made.rows[0]] == [("Total", 2), (9, 1)]


def test_a_column_of_numbers_is_one_whatever_a_total_row_says_beside_it() -> None:
    """Empty cells and rows with spans do not count."""
    assert grid([["a", 1], ["b", None], [{"text": "Sum", "span": 2}]]).numeric == (False, True)


@pytest.mark.parametrize(
    ("column", "value", "written"),
    [
        ({}, 1234.5, "1.234,5"),
        ({}, "007", "007"),
        ({}, None, ""),
        ({}, True, "True"),
        ({"format": "plain"}, 1234.5, "1234.5"),
        ({"format": "currency", "currency": "EUR"}, -9.9, "-9,90\xa0€"),
        ({"format": "currency", "currency": "EUR"}, "14.5", "14,50\xa0€"),
        ({"format": "currency"}, "on request", "on request"),
        ({"format": "percent", "decimals": 1}, 0.256, "25,6\xa0%"),
        ({"format": "number", "decimals": 2}, "3", "3,00"),
        ({"format": "number"}, "1e5", "1e5"),
    ],
)
def test_numbers_are_written_as_their_column_says(column: dict[str, Any], value: Any, written: str) -> None:
    """By the locale; texts that are no numbers stay as they are."""
    assert Column(**column).written(value, "de") == written


@pytest.mark.parametrize(
    ("written", "track"),
    [
        ("auto", Track()),
        (120, Track("px", 120)),
        ("120px", Track("px", 120)),
        ("30%", Track("%", 30)),
        ("2fr", Track("fr", 2)),
        ("0.5fr", Track("fr", 0.5)),
    ],
)
def test_widths_of_columns_are_read_and_written(written: object, track: Track) -> None:
    """A number is px."""
    column = Column.model_validate({"width": written})
    assert column.width == track
    assert Column.model_validate({"width": column.model_dump(mode="json")["width"]}).width == track


@pytest.mark.parametrize("written", ["wide", "0fr", "-3px", 0, -1, True, "1e3px", None])
def test_other_widths_are_refused(written: object) -> None:
    """With what there is."""
    with pytest.raises(ValidationError) as caught:
        Column.model_validate({"width": written})
    assert caught.value.errors()[0]["type"] == "track_invalid"


TRACKS = st.one_of(
    st.just(Track()),
    st.builds(Track, st.just("px"), st.floats(1, 400)),
    st.builds(Track, st.just("%"), st.floats(1, 90)),
    st.builds(Track, st.just("fr"), st.floats(0.1, 9)),
)


@given(st.lists(st.tuples(TRACKS, st.floats(0, 200), st.floats(0, 500)), min_size=1, max_size=8), st.floats(50, 2000))
def test_columns_fill_the_room_and_no_more(columns: list[tuple[Track, float, float]], room: float) -> None:
    """Together they are never broader; with a column by content or a fraction they are as broad."""
    tracks = [track for track, _, _ in columns]
    asked = [Asked(least, least + more) for _, least, more in columns]
    widths = widths_of(tracks, asked, room)
    assert sum(widths) <= room + 0.5 and min(widths) > 0
    flexible = any(track.kind == "fr" for track in tracks) or any(
        track.kind == "auto" and each.best > 0 for track, each in zip(tracks, asked, strict=True)
    )
    if flexible:
        assert sum(widths) >= room - 0.5


def test_columns_by_content_get_what_they_ask_for_and_share_what_is_missing() -> None:
    """Where there is too little, those that can break lines give way first."""
    asked = [Asked(50, 300), Asked(80, 80)]
    assert widths_of([Track(), Track()], asked, 500) == pytest.approx((500 * 300 / 380, 500 * 80 / 380))
    assert widths_of([Track(), Track()], asked, 200) == pytest.approx((120, 80))
    assert widths_of([Track(), Track("fr", 1)], asked, 500) == pytest.approx((300, 200))
    assert widths_of([Track("fr", 2), Track("fr", 1)], asked, 300) == pytest.approx((200, 100))
    assert widths_of([Track("%", 50), Track("px", 100), Track()], [Asked(0, 0), Asked(0, 0), Asked(9, 9)], 400)[:2] == (
        200,
        100,
    )
    assert widths_of([Track(), Track()], [Asked(0, 0), Asked(0, 0)], 100) == pytest.approx((50, 50))
    assert min(widths_of([Track("px", 1), Track("px", 1)], asked, 50)) == LEAST
