"""CSV and TSV: encodings, delimiters, and broken rows that do not take others along."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables.reading import cells, read, refused

from tirage.tables import BadRow, Row, TableLimits, TableProblem, open_table


@pytest.mark.check(127)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_tell_the_encoding(encoding: str) -> None:
    """A text with a byte-order mark, and UTF-8 without one, is read as it was written."""
    assert cells(read("név;kor\nŐrsi 🎉;ß\n".encode(encoding))) == [["Őrsi 🎉", "ß"]]
    table = open_table(io.BytesIO("név;kor\n".encode(encoding)), format="csv")
    assert table.columns == ("név", "kor")


@pytest.mark.check(127)
def test_utf_16_big_endian_and_declared_encodings() -> None:
    """UTF-16 BE with a mark needs no word; windows-1252 is read where it is declared."""
    assert cells(read(b"\xfe\xff" + "a,b\né,ü\n".encode("utf-16-be"))) == [["é", "ü"]]
    assert cells(read("a,b\né,€\n".encode("cp1252"), encoding="windows-1252")) == [["é", "€"]]
    assert refused(b"a,b\n", encoding="klingon").code == "encoding_not_known"
    assert refused(b"a,b\n", encoding="base64").code == "encoding_not_known"
    assert refused("a,b\n1,2\n".encode("utf-16-le")).problems[0].hint == "Say its encoding: --encoding utf-16-le."


@pytest.mark.check(127)
def test_undeclared_bytes_are_a_bad_row_with_their_offset() -> None:
    """Latin-1 without a word spoils its own rows only, and the byte is named by its place in the file."""
    data = b"a,b\n1,2\n3,caf\xe9\n4,5\n\xff\xfe,6\n7,8\n"
    rows = read(data)
    assert cells(rows) == [["1", "2"], "encoding_unknown", ["4", "5"], "encoding_unknown", ["7", "8"]]
    assert isinstance(rows[1], BadRow) and isinstance(rows[3], BadRow)
    assert "--encoding windows-1252" in (rows[1].problem.hint or "")
    assert f"offset {data.index(0xE9)} " in rows[1].problem.message and "Row 2 (line 3)" in rows[1].problem.message
    assert f"offset {data.index(0xFF)} " in rows[3].problem.message
    assert "offset 1 " in refused(b"n\xe9v,b\n1,2\n").problems[0].message


def test_offsets_stay_right_in_a_large_file() -> None:
    """The offset counts from the beginning of the file, whatever the pieces in which it was read."""
    data = b"a,b\n" + b"\xc3\xa9,2\n" * 40_000 + b"\xe9,2\n" + b"x,y\n" * 40_000 + b"z,\xfc\n"
    bad = [row for row in read(data) if isinstance(row, BadRow)]
    assert [row.number for row in bad] == [40_001, 80_002]
    first = data.index(b"\n\xe9,") + 1
    assert f"{first:,}" in bad[0].problem.message
    assert f"{len(data) - 2:,}" in bad[1].problem.message


@pytest.mark.check(127)
def test_a_file_of_broken_lines() -> None:
    """Every line is reported with its own byte, however many are broken, and quotes do not shift the report."""
    rows = read(b"a,b\n" + b"\xff,1\n" * 40_000 + b'"x\n\xff,2\n"y",3\n')
    assert cells(rows) == ["encoding_unknown"] * 40_000 + ["unclosed_quote", "encoding_unknown", ["y", "3"]]
    assert isinstance(rows[39_999], BadRow)
    assert f"Row 40,000 (line 40,001): the byte at offset {4 + 39_999 * 4:,} " in rows[39_999].problem.message


@pytest.mark.check(128)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """LF, CRLF and CR end lines alike, blank lines are passed over, quoted ones stay."""
    text = end.join(["a,b", "1,2", "", f'"x{end}y",3', "4,5"])
    assert cells(read(text.encode())) == [["1", "2"], [f"x{end}y", "3"], ["4", "5"]]


@pytest.mark.check(128)
def test_bad_rows_are_counted_and_named() -> None:
    """Ragged rows, NUL and text behind a quote are each a bad row; mixed line ends and inner quotes are none."""
    data = b'a,b\r1,2\r\n3\n4,5,6\n7,\x008\n"9"x,1\n5" screen,2\n'
    rows = read(data)
    assert cells(rows) == [
        ["1", "2"],
        "ragged_row",
        "ragged_row",
        "nul_character",
        "text_after_quote",
        ['5" screen', "2"],
    ]
    assert isinstance(rows[2], BadRow) and rows[2].number == 3
    assert rows[2].problem.message == "Row 3 (line 4) has 3 cells, the header has 2."


@pytest.mark.check(128)
def test_an_unclosed_quote_costs_one_row() -> None:
    """The row with the quote is bad, whatever stands behind it is read, be it quoted or not."""
    data = b'a,b,c\n1,"Ann,Paris\n2,Bob,Rome\n3,"Cid",Oslo\n4,"Di\nDi",Bern\n5,"Eve,Kiel\n6,F,G\n'
    assert cells(read(data)) == [
        "unclosed_quote",
        ["2", "Bob", "Rome"],
        ["3", "Cid", "Oslo"],
        ["4", "Di\nDi", "Bern"],
        "unclosed_quote",
        ["6", "F", "G"],
    ]


@pytest.mark.check(128)
def test_an_unclosed_quote_closed_by_chance() -> None:
    """A later quote that happens to close the cell does not hide the rows in between."""
    data = b'a,b\n1,"Ann\n2,Bob\n3,5"\n4,Di\n5,"",\n6,Eve\n'
    rows = cells(read(data))
    assert rows[-1] == ["6", "Eve"] and ["4", "Di"] in rows
    data = b'a,b,c\n1,"Ann,x\n2,Bob,y\n3,Cid,5"\n4,Di,z\n'
    assert cells(read(data)) == ["unclosed_quote", ["2", "Bob", "y"], ["3", "Cid", '5"'], ["4", "Di", "z"]]


@pytest.mark.check(128)
def test_an_unclosed_quote_in_a_large_file() -> None:
    """The search for the closing quote ends at the longest row there may be; all other rows are good."""
    data = b'a,b\n0,"open\n' + b"1,2\n" * 50_000
    rows = read(data, limits=TableLimits(row_chars=5_000))
    assert len(rows) == 50_001 and isinstance(rows[0], BadRow) and rows[0].problem.code == "unclosed_quote"
    assert all(isinstance(row, Row) for row in rows[1:])


@pytest.mark.check(129)
def test_header_problems_name_the_columns() -> None:
    """Duplicate, empty, overlong and reserved names are all reported at once; too many columns are refused."""
    error = refused(f"a,,a,{'x' * 300},__class__\n1,2,3,4,5\n".encode())
    codes = [problem.code for problem in error.problems]
    assert codes == ["header_empty", "header_duplicate", "header_too_long", "header_reserved"]
    assert "Columns 1 and 3 are both named 'a'" in error.problems[1].message
    assert refused(",".join(f"c{n}" for n in range(10_000)).encode()).code == "header_too_many_columns"
    assert refused(b'a,"b\n1,2\n').code == "header_quote_unclosed"
    assert cells(read(b" a , b \n1,2\n")) == [["1", "2"]]


@pytest.mark.check(130)
def test_row_limit_is_exact() -> None:
    """As many rows as the limit are read, one more is an error; a header alone is a table without rows."""
    limits = TableLimits(rows=1_000)
    assert len(read(b"a\n" + b"x\n" * 1_000 + b"\n\n", limits=limits)) == 1_000
    assert refused(b"a\n" + b"x\n" * 1_001, limits=limits).code == "table_too_many_rows"
    assert read(b"a,b\n") == []
    assert refused(b"").code == refused(b"\n\r\n").code == "table_empty"
    assert TableLimits().rows == 1_000_000


@pytest.mark.check(131)
def test_cell_and_row_limits_are_exact() -> None:
    """A cell of a million characters is read, one more and a row of ten million are bad rows of their own."""
    good = b"x" * 1_000_000
    rows = read(b"a,b\n1," + good + b"\n2," + good + b"y\n3," + b"z" * 10_000_000 + b"\n4,5\n6," + good[:32_767])
    assert [row.problem.code if isinstance(row, BadRow) else "good" for row in rows] == [
        "good",
        "cell_too_long",
        "row_too_long",
        "good",
        "good",
    ]


@pytest.mark.check(132)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_of_the_header_line(delimiter: str) -> None:
    """The one delimiter in the header is the file's, and numbers and dates stay the text they are."""
    data = delimiter.join(['"a,;b"', "c"]) + "\n" + delimiter.join(['"1,5"', "03.04.05"]) + "\n"
    assert cells(read(data.encode())) == [["1,5", "03.04.05"]]


@pytest.mark.check(132)
def test_ambiguous_delimiters_are_asked_for() -> None:
    """Two delimiters in the header are an error that an option answers; TSV needs none."""
    assert refused(b"a;b,c\n").code == "delimiter_ambiguous"
    assert cells(read(b"a;b,c\n1;2,3\n", delimiter=";")) == [["1", "2,3"]]
    assert cells(read(b"sep=;\na;b,c\n1;2,3\n")) == [["1", "2,3"]]
    assert next(iter(open_table(io.BytesIO(b"a,b\tc\n1,2\t3\n"), format="tsv"))) == Row(1, {"a,b": "1,2", "c": "3"})
    assert refused(b"a,b\n", delimiter="::").code == "delimiter_invalid"


@pytest.mark.check(133)
@pytest.mark.parametrize("value", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM", "\t=1", "＝1", " x "])
def test_formulas_are_read_literally(value: str) -> None:
    """What a spreadsheet would take for a formula is text here."""
    assert cells(read(f"a,b\n{value},x\n".encode())) == [[value, "x"]]
    assert cells(read(b'a,b\n"\r=1",x\n')) == [["\r=1", "x"]]


def test_a_path_and_its_extension(tmp_path: Path) -> None:
    """A file is opened by its extension and closed with the table."""
    path = tmp_path / "people.CSV"
    path.write_bytes(b"a,b\n1,2\n")
    with open_table(path) as table:
        assert (table.format, table.columns, list(table)) == ("csv", ("a", "b"), [Row(1, {"a": "1", "b": "2"})])
    (tmp_path / "old.xls").touch()
    with pytest.raises(TableProblem, match=r"\.xls"):
        open_table(tmp_path / "old.xls")
    with pytest.raises(TableProblem) as caught:
        open_table(path, format="cvs")
    assert caught.value.problems[0].closest == "csv"


_CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=8), st.sampled_from([",", ";", "\t"]), st.booleans())
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str, str]], delimiter: str, quoted: bool
) -> None:
    """Every table of texts survives being written by another program."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    assert cells(read(text.getvalue().encode())) == [list(row) for row in rows]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_give_rows_or_a_table_problem(data: bytes, split: int) -> None:
    """Whatever the bytes, good rows have the header's columns, rows are numbered on, and nothing else is raised."""

    class Piecewise(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read(max(1, split) if size is None or size < 0 else min(size, max(1, split)))

    data = b"a,b\n" + data
    rows = list(open_table(Piecewise(data), format="csv"))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert rows == read(data)
    assert all(list(row.values) == ["a", "b"] for row in rows if isinstance(row, Row))


def test_reading_streams() -> None:
    """The first rows are there before the rest of the stream has been asked for."""
    served = 0

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            nonlocal served
            served += 1
            return b"a,b\n" if served == 1 else b"1,2\n" * 100

    rows = iter(open_table(Endless(), format="csv"))  # type: ignore[arg-type]
    for _ in range(250):
        assert isinstance(next(rows), Row)
    assert served < 10
