"""XLSX: what cells become, what the container may be, and what happens to hostile ones."""

from __future__ import annotations

import datetime
import io
import socket
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from tests.tables.reading import cells, message, read, refused
from tests.tables.workbooks import SHEET, STRINGS, inline, packed, parts, sheet, strings, workbook

from tirage.tables import Row, TableLimits, TableProblem, open_table


def saved(book: Workbook) -> bytes:
    """A workbook as openpyxl writes it."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def one(cell: str) -> object:
    """What one cell under the header `a` becomes: its text, or the code of its problem."""
    (row,) = cells(read(workbook(inline(["a"]) + f"<row>{cell}</row>"), "xlsx"))
    return row if isinstance(row, str) else row[0]


@pytest.mark.check(139)
def test_what_a_spreadsheet_program_writes() -> None:
    """Texts, numbers, truth values, dates, times and durations become the documented texts."""
    book = Workbook()
    rows: list[list[object]] = [
        ["text", "whole", "part", "truth", "day", "moment", "time", "span", "empty"],
        [
            "Zoë 🌸\nKühn",
            12.0,
            0.1 + 0.2,
            True,
            datetime.date(2026, 11, 22),
            datetime.datetime(2026, 11, 22, 14, 30),
            datetime.time(14, 30),
            datetime.timedelta(hours=26, minutes=30),
            None,
        ],
        ["=1+1", -5, 1e21, False, None, None, None, None, None],
    ]
    for row in rows:
        book.active.append(row)
    result = read(saved(book), "xlsx")
    assert cells(result)[0] == [
        "Zoë 🌸\nKühn",
        "12",
        "0.3",
        "true",
        "2026-11-22",
        "2026-11-22T14:30:00",
        "14:30:00",
        "26:30:00",
        "",
    ]
    assert cells(result)[1] == "formula_without_value"
    assert message(result[1]) == "Row 2 (line 3): cell A3 holds a formula without a stored value."


@pytest.mark.check(139)
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c t="s"><v>1</v></c>', "Ann"),
        ('<c t="s"><v>2</v></c>', "cell_invalid"),
        ('<c t="s"><v>-1</v></c>', "cell_invalid"),
        ('<c t="b"><v>1</v></c>', "true"),
        ('<c t="b"><v>0</v></c>', "false"),
        ('<c t="e"><v>#REF!</v></c>', "cell_error"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "cell_error"),
        ('<c t="str"><f>"x"</f><v>x</v></c>', "x"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c><f>1+1</f></c>", "formula_without_value"),
        ("<c><f>1+1</f><v/></c>", "formula_without_value"),
        ('<c t="d"><v>2026-11-22T14:30:00</v></c>', "2026-11-22T14:30:00"),
        ('<c s="1"><v>46348</v></c>', "2026-11-22"),
        ('<c s="2"><v>46348.604166667</v></c>', "2026-11-22T14:30:00"),
        ('<c s="1"><v>1e99</v></c>', "cell_invalid"),
        ('<c s="1"><v>NaN</v></c>', "cell_invalid"),
        ('<c s="99"><v>5</v></c>', "5"),
        ('<c s="x"><v>5</v></c>', "cell_invalid"),
        ("<c><v>1e999</v></c>", "cell_invalid"),
        ("<c><v>one</v></c>", "cell_invalid"),
        (f"<c><v>{'9' * 5_000}</v></c>", "cell_invalid"),
        ("<c><v>00012</v></c>", "12"),
        ("<c><v>1.50</v></c>", "1.5"),
        ("<c><v>-0</v></c>", "0"),
        ("<c><v>1E-7</v></c>", "0.0000001"),
        ("<c><v>12345678901234567</v></c>", "12345678901234567"),
        ('<c t="inlineStr"><is><r><t>bold</t></r><r><t> plain</t></r></is></c>', "bold plain"),
        ('<c t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c>', "東京"),
        ('<c t="inlineStr"><is><t>a_x000D_\nb_x005F_x0041__x0000_</t></is></c>', "a\r\nb_x0041__x0000_"),
        ("<c t=\"inlineStr\"><is><t>=cmd|'/c calc'!A1</t></is></c>", "=cmd|'/c calc'!A1"),
        ("<c><unknown><t>x</t></unknown><v>1</v></c>", "1"),
    ],
)
def test_what_a_cell_becomes(cell: str, text: str) -> None:
    """Each kind of cell has its text or its problem."""
    assert one(cell) == text


@pytest.mark.check(139)
def test_merged_cells_carry_their_value_once() -> None:
    """The first of merged cells has the value; the others are empty, and an empty row is passed over."""
    book = Workbook()
    for row in (["a", "b"], ["x", None], [None, None], ["y", "z"]):
        book.active.append(row)
    book.active.merge_cells("A2:B3")
    assert cells(read(saved(book), "xlsx")) == [["x", ""], ["y", "z"]]


def test_where_the_table_stands() -> None:
    """The header is the first row with a value, wherever it is; a value beside the columns is a bad row."""
    rows = (
        '<row r="3"><c r="B3" t="inlineStr"><is><t>a</t></is></c><c r="C3" t="inlineStr"><is><t> b </t></is></c></row>'
        '<row r="7"><c r="C7"><v>2</v></c></row><row r="8"><c r="D8"><v>3</v></c></row><row r="9"><c r="B9"/></row>'
        '<row r="10"><c r="A10"><v>3</v></c></row>'
    )
    table = open_table(io.BytesIO(workbook(rows)), format="xlsx")
    assert table.columns == ("a", "b")
    result = list(table)
    assert cells(result) == [["", "2"], "ragged_row", "ragged_row"]
    assert message(result[1]) == "Row 2 (line 8) has a value in a column without a name."
    assert cells(read(workbook("<row/><row><c/></row>" + inline(["a"], ["1"])), "xlsx")) == [["1"]]


def test_sheets() -> None:
    """The first visible sheet is read, another one by its name; a name misspelt is answered with the nearest."""
    book = Workbook()
    book.active.title = "Notes"
    book.active.sheet_state = "hidden"
    book.active.append(["hidden"])
    for name in ("People", "Products"):
        book.create_sheet(name).append([name])
    book.create_chartsheet("Chart")
    data = saved(book)
    for asked, column in ((None, "People"), ("Products", "Products"), ("Notes", "hidden")):
        assert open_table(io.BytesIO(data), format="xlsx", sheet=asked).columns == (column,)
    error = refused(data, "xlsx", sheet="Poeple")
    assert (error.code, error.problems[0].closest) == ("xlsx_no_sheet", "People")
    assert "'Notes', 'People', 'Products'" in str(error)


@pytest.mark.check(129)
def test_headers() -> None:
    """Headers keep the same rules as those of other tables."""
    assert refused(workbook(""), "xlsx").code == "table_empty"
    assert refused(workbook("<row/>"), "xlsx").code == "table_empty"
    assert refused(workbook(inline(["a", "a"])), "xlsx").code == "header_duplicate"
    assert refused(workbook(inline(["a", "", "b"])), "xlsx").code == "header_empty"
    assert refused(workbook(inline(["__class__"])), "xlsx").code == "header_reserved"
    assert refused(workbook('<row><c t="e"><v>#N/A</v></c></row>'), "xlsx").code == "cell_error"
    assert read(workbook(inline(["a", "b"])), "xlsx") == []


@pytest.mark.check(130)
@pytest.mark.check(131)
def test_limits_are_exact() -> None:
    """Rows, cells and row lengths are read up to the limit, and not one beyond."""
    limits = TableLimits(rows=3, cell_chars=10, row_chars=15)
    good, long = "x" * 10, "x" * 11
    data = workbook(inline(["a", "b"], [good, ""], [long, ""], [good, "12345"]))
    assert cells(read(data, "xlsx", limits=limits)) == [[good, ""], "cell_too_long", [good, "12345"]]
    data = workbook(inline(["a", "b"], [good, "123456"]))
    assert cells(read(data, "xlsx", limits=limits)) == ["row_too_long"]
    data = workbook(inline(["a"], *[["x"]] * 4))
    assert refused(data, "xlsx", limits=limits).code == "table_too_many_rows"
    shared = workbook(inline(["a"]) + '<row><c t="s"><v>0</v></c></row>', strings=strings(f"<si><t>{long}</t></si>"))
    assert cells(read(shared, "xlsx", limits=limits)) == ["cell_too_long"]


@pytest.mark.check(136)
def test_two_cells_at_the_corners() -> None:
    """A1 and XFD1048576 are two rows and not a table of seventeen thousand million cells."""
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    tracemalloc.start()
    result = read(workbook(rows), "xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message(result[0]) == "Row 1 (line 1,048,576) has a value in a column without a name."
    assert peak < 50_000_000
    wide = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>'
    assert refused(workbook(wide), "xlsx").code == "header_too_many_columns"
    beyond = inline(["a"]) + '<row><c r="ZZZ2"><v>1</v></c></row>'
    assert cells(read(workbook(beyond), "xlsx")) == ["cell_invalid"]


@pytest.mark.check(135)
def test_a_bomb_is_refused_by_its_directory() -> None:
    """Too many bytes, too dense a container, too many entries and too large a part are refused unread."""
    blank = b" " * 30_000_000
    assert refused(workbook("", sheet=sheet("").encode() + blank), "xlsx").code == "xlsx_too_dense"
    tight = TableLimits(archive_bytes=100_000)
    noise = bytes(range(256)) * 400
    assert refused(packed({**parts(""), "xl/media/a.bin": noise}), "xlsx", limits=tight).code == "xlsx_too_large"
    many = {**parts(""), **{f"xl/media/{n}": "" for n in range(1_001)}}
    assert refused(packed(many), "xlsx").code == "xlsx_too_many_entries"
    style = TableLimits(archive_ratio=10**9)
    assert refused(workbook("", styles=blank), "xlsx", limits=style).code == "xlsx_too_large"


def lying(data: bytes, name: str, size: int) -> bytes:
    """The container with another unpacked size of one entry in its directory and before the entry."""
    for entry in zipfile.ZipFile(io.BytesIO(data)).infolist():
        if entry.filename == name:
            true = struct.pack("<II", entry.compress_size, entry.file_size)
            return data.replace(true, struct.pack("<II", entry.compress_size, size))
    raise LookupError(name)


@pytest.mark.check(135)
def test_a_directory_that_lies_gives_no_more_than_it_says() -> None:
    """An entry that unpacks to more than the directory names is damaged; its real bytes never appear."""
    data = workbook(inline(["a"], *[["x" * 1_000]] * 20_000))
    size = next(each.file_size for each in zipfile.ZipFile(io.BytesIO(data)).infolist() if each.filename == SHEET)
    assert size > 20_000_000
    tracemalloc.start()
    error = refused(lying(data, SHEET, 20_000), "xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.code == "xlsx_invalid"
    assert peak < 8_000_000
    assert refused(lying(workbook(inline(["a"])), STRINGS, 5), "xlsx").code == "xlsx_invalid"
    assert refused(lying(workbook(inline(["a"])), SHEET, 5_000_000_000 % 2**32), "xlsx").code == "xlsx_too_large"


@pytest.mark.check(135)
def test_big_parts_are_not_read_whole_through_a_relation() -> None:
    """A relation that calls a big worksheet the workbook or its styles gets no more than a small part's bytes."""
    big = sheet("<row/>" * 1_500_000).encode()
    types = parts("")["[Content_Types].xml"].replace("/xl/workbook.xml", "/xl/worksheets/big.xml")
    data = packed({**parts(""), "[Content_Types].xml": types, "xl/worksheets/big.xml": big})
    assert refused(data, "xlsx", limits=TableLimits(archive_ratio=10**6)).code == "xlsx_too_large"


@pytest.mark.check(137)
def test_a_bomb_of_shared_strings_stays_small() -> None:
    """Very many shared strings take little more than their bytes; a giant one is not held whole."""
    rows = inline(["a"]) + '<row><c t="s"><v>39999</v></c></row>'
    limits = TableLimits(archive_ratio=10**6, cell_chars=1_000)
    many = workbook(rows, strings=strings("<si><t>ab</t></si>" * 40_000))
    giant = workbook(inline(["a"], ["1"]), strings=strings(f"<si><t>{'x' * 20_000_000}</t></si>"))
    cell = workbook(inline(["a"], ["x" * 20_000_000]))
    for data, expected in ((many, ["ab"]), (giant, ["1"]), (cell, "cell_too_long")):
        tracemalloc.start()
        assert cells(read(data, "xlsx", limits=limits)) == [expected]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4_000_000


_BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.check(137)
@pytest.mark.parametrize("part", ["sheet", "strings", "workbook", "styles", "types"])
def test_entities_are_refused(part: str) -> None:
    """A document type in any part is an error, and no entity is expanded or fetched."""
    names = {"sheet": SHEET, "strings": STRINGS, "workbook": "xl/workbook.xml", "styles": "xl/styles.xml"}
    whole = parts(inline(["a"], ["&b;&c;"]))[names.get(part, "[Content_Types].xml")]
    changed = _BOMB + whole.partition("?>")[2]
    error = refused(packed({**parts(inline(["a"])), names.get(part, "[Content_Types].xml"): changed}), "xlsx")
    assert error.code == "xlsx_invalid"
    assert "root:" not in str(error)


@pytest.mark.check(137)
def test_macros_and_links_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A workbook with macros, an external link, a nested container and pictures gives its rows and fetches nothing."""
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    link = parts("")["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"'
        ' Target="http://127.0.0.1:9/x.xlsx" TargetMode="External"/></Relationships>',
    )
    types = parts("")["[Content_Types].xml"].replace(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    extra = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0", "xl/embeddings/inner.xlsx": workbook(inline(["x"]))}
    changed = {"xl/_rels/workbook.xml.rels": link, "[Content_Types].xml": types}
    path = tmp_path / "macros.XLSM"
    path.write_bytes(packed({**parts(inline(["a"], ["1"])), **changed, **extra}))
    with open_table(path) as table:
        assert (table.format, list(table)) == ("xlsx", [Row(1, {"a": "1"})])


@pytest.mark.check(137)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "xlsx_encrypted_or_xls"),
        (b"", "xlsx_invalid"),
        (b"PK\x03\x04", "xlsx_invalid"),
        (b"name,age\nAnn,7\n", "xlsx_invalid"),
        (packed({"a.txt": "no workbook"}), "xlsx_invalid"),
        (packed({"inner.xlsx": workbook(inline(["a"]))}), "xlsx_invalid"),
        (workbook(inline(["a"]))[:900], "xlsx_invalid"),
        (workbook("", sheet=b"<"), "xlsx_invalid"),
        (workbook("", sheet=b'<?xml version="1.0" encoding="klingon"?><a/>'), "xlsx_invalid"),
        (workbook("", workbook=b"<workbook/>"), "xlsx_no_sheet"),
        (workbook('<row r="x"><c><v>1</v></c></row>'), "xlsx_invalid"),
        (packed(parts(inline(["a"])), zipfile.ZIP_LZMA), "xlsx_invalid"),
        (packed(parts(inline(["a"])), zipfile.ZIP_BZIP2), "xlsx_invalid"),
    ],
    ids=range(13),
)
def test_what_is_no_workbook(data: bytes, code: str) -> None:
    """Old, encrypted, cut, misnamed and otherwise broken files are refused in words."""
    assert refused(data, "xlsx").code == code


@pytest.mark.check(137)
def test_doubled_and_encrypted_entries() -> None:
    """Two entries of one name, in whatever case, and entries with a password are refused."""
    same = bytearray(packed({**parts(inline(["a"])), SHEET.replace("1", "2"): sheet(inline(["b"]))}))
    for name in (SHEET, SHEET.upper()):
        doubled = same.replace(SHEET.replace("1", "2").encode(), name.encode())
        assert refused(bytes(doubled), "xlsx").code == "xlsx_duplicate_entry"
    data = bytearray(workbook(inline(["a"])))
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refused(bytes(data), "xlsx").code == "xlsx_encrypted_or_xls"


def test_a_workbook_under_another_name() -> None:
    """A workbook that is called CSV, or comes without a name, is told by its first bytes."""
    data = workbook(inline(["a"], ["1"]))
    for format in ("csv", "tsv", "json", "ndjson"):
        assert refused(data, format).code == "format_mismatch"
    assert open_table(io.BytesIO(data)).format == "xlsx"
    with pytest.raises(TableProblem, match="encrypted"):
        open_table(io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))


_WHOLE = workbook(inline(["a", "b"], ["1", "2"]) + '<row><c s="1"><v>5</v></c><c t="s"><v>1</v></c></row>')
_TAGS = ["row", "/row", "c", 'c t="s"', 'c s="1"', 'c r="B2"', "/c", "v", "/v", "is", "t", "/t", "f/", "rPh", "/rPh"]
_MARKUP = [*(f"<{tag}>" for tag in _TAGS), "</sheetData>", "1", "e5", "NaN", "x"]


@given(st.lists(st.sampled_from(_MARKUP), max_size=30))
def test_any_markup_gives_rows_or_a_table_problem(pieces: list[str]) -> None:
    """Whatever stands in a sheet, nothing but `TableProblem` is raised."""
    data = workbook(inline(["a", "b"]) + "".join(pieces))
    try:
        rows = read(data, "xlsx")
    except TableProblem as error:
        assert error.code == "xlsx_invalid"
    else:
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@given(st.integers(0, len(_WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_container_gives_rows_or_a_table_problem(at: int, junk: bytes) -> None:
    """Whatever bytes of the file are others, nothing but `TableProblem` is raised."""
    try:
        rows = read(_WHOLE[:at] + junk + _WHOLE[at + len(junk) :], "xlsx")
    except TableProblem as error:
        assert error.code
    else:
        assert len(rows) <= 3
