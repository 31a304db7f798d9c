"""Written tables: what is read back, and what a spreadsheet program does not run."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables.reading import cells, read

from tirage.tables import CsvWriter, NdjsonWriter, Row


def written(columns: list[str], *rows: dict[str, object], numeric: tuple[str, ...] = (), escape: bool = True) -> str:
    """The CSV of these rows."""
    text = io.StringIO(newline="")
    writer = CsvWriter(text, columns, numeric=numeric, escape_formulas=escape)
    for row in rows:
        writer.write(row)  # type: ignore[arg-type]
    return text.getvalue()


@pytest.mark.check(134)
@pytest.mark.parametrize("value", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1"])
def test_formulas_get_an_apostrophe(value: str) -> None:
    """What a spreadsheet program would run is a text for it, quoted where RFC 4180 asks for quotes."""
    text = written(["a", "b"], {"a": value, "b": "x"})
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == [["a", "b"], ["'" + value, "x"]]
    assert written(["a"], {"a": value}, escape=False) != written(["a"], {"a": value})
    assert written(["=a"]) == "'=a\r\n"


@pytest.mark.check(134)
def test_numbers_stay_numbers() -> None:
    """Numbers, and texts that are numbers in a numeric column, are not touched; anything else there is."""
    row: dict[str, object] = {"a": -5, "b": "-5", "c": "-5", "d": -1.5e-7}
    assert written(["a", "b", "c", "d"], row, numeric=("b",)).endswith("-5,-5,'-5,-1.5e-07\r\n")
    for text in ("-5", "+1.5", "-.5", "-2e3"):
        assert written(["a"], {"a": text}, numeric=("a",)) == f"a\r\n{text}\r\n"
    for text in ("-5+1", "-1e", "=1", "-", "-1\n", "-٣"):
        assert "'" in written(["a"], {"a": text}, numeric=("a",))


def test_every_kind_of_value() -> None:
    """Truth values, nothing, lists and objects have a text; lines end with CR LF; quotes stand where needed."""
    row: dict[str, object] = {"a": True, "b": None, "c": ["é", 1], "d": {"x": False}, "e": 'a "b"\nc'}
    assert written(["a", "b", "c", "d", "e", "f"], row) == (
        'a,b,c,d,e,f\r\ntrue,,"[""é"", 1]","{""x"": false}","a ""b""\nc",\r\n'
    )
    with pytest.raises(ValueError, match="no such column: z"):
        written(["a"], {"z": 1})
    with pytest.raises(ValueError, match="JSON"):
        written(["a"], {"a": [float("nan")]})


_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=6))
def test_csv_is_read_back(rows: list[tuple[str, str]]) -> None:
    """Without the apostrophes every text comes back; with them, every text that begins a formula has one more."""
    made: list[dict[str, object]] = [{"a": first, "b": second} for first, second in rows]
    assert cells(read(written(["a", "b"], *made, escape=False).encode())) == [list(row) for row in rows]
    for before, after in zip(rows, cells(read(written(["a", "b"], *made).encode())), strict=True):
        for text, cell in zip(before, after, strict=True):
            assert cell in (text, f"'{text}") and str(cell)[:1] not in set("=+-@\t\r＝＋－＠")


def test_ndjson() -> None:
    """One object a line, read back as it was; what JSON cannot hold is refused before anything is written."""
    text = io.StringIO()
    writer = NdjsonWriter(text)
    writer.write({"a": "é\u2028\n", "b": [1, None]})
    with pytest.raises(ValueError, match="JSON"):
        writer.write({"a": float("inf")})
    writer.write({"a": "=1"})
    assert text.getvalue().count("\n") == 2
    assert read(text.getvalue().encode(), "ndjson") == [
        Row(1, {"a": "é\u2028\n", "b": [1, None]}),
        Row(2, {"a": "=1"}),
    ]
    assert json.loads(text.getvalue().splitlines()[-1]) == {"a": "=1"}
