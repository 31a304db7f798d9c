"""JSON and NDJSON: strict, streamed, and a broken row costs itself only."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables.reading import cells, message, read, refused

from tirage.tables import BadRow, Row, TableLimits, open_table
from tirage.tables.rows import Value


def both(*elements: str) -> list[tuple[str, bytes]]:
    """The same elements as NDJSON, as an array, and as the rows of an object."""
    array = "[" + ",\n".join(elements) + "]"
    wrapped = '{"made": {"by": [1]}, "rows": ' + array + ', "total": 3}'
    return [
        ("ndjson", "\n".join(elements).encode()),
        ("json", array.encode()),
        ("json", wrapped.encode()),
    ]


def test_values_keep_their_types() -> None:
    """Texts, numbers, truth values, nulls, lists and objects come out as they went in."""
    row = '{"a": "é🎉", "b": 1, "c": -2.5e3, "d": true, "e": null, "f": [1, "x"], "g": {"h": 12345678901234567890}}'
    for format, data in both(row):
        assert read(data, format) == [Row(1, json.loads(row))]


def test_columns_are_the_first_good_rows() -> None:
    """The columns come from the first good row; later rows may have others."""
    for format, data in both("1", '{"b": 1, "a": 2}', '{"c": 3}'):
        table = open_table(io.BytesIO(data), format=format)
        assert table.columns == ("b", "a")
        rows = list(table)
        assert cells(rows) == ["json_row_not_object", [1, 2], [3]]
        assert [row.number for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ('{"a": NaN}', "json_number"),
        ('{"a": -Infinity}', "json_number"),
        ('{"a": 1e999}', "json_number"),
        ('{"a": ' + "9" * 400 + "}", "json_number"),
        ("1e999", "json_number"),
        ("NaN", "json_number"),
        ('{"a": 1, "a": 2}', "json_duplicate_key"),
        ('{"a": {"b": 1, "b": 2}}', "json_duplicate_key"),
        (r'{"a": "\ud800"}', "json_surrogate"),
        (r'{"a": ["\udfff"]}', "json_surrogate"),
        (r'{"\ud800": 1}', "header_surrogate"),
        (r'{"a": {"\ud800": 1}}', "json_surrogate"),
        (r'{"a": "\u0000"}', "nul_character"),
        (r'{"\u0007": 1}', "header_control_character"),
        ('{"": 1}', "header_empty"),
        ('{"__class__": 1}', "header_reserved"),
        ('{"a": "\t"}', "json_invalid"),
        ("{'a': 1}", "json_invalid"),
        ('{"a": 1,}', "json_invalid"),
        ('{"a": 01}', "json_invalid"),
        ('{"a": .5}', "json_invalid"),
        ("{a}", "json_invalid"),
        ("nonsense", "json_invalid"),
        ('{"a":' + "[" * 64 + "]" * 64 + "}", "json_too_deep"),
        ('{"a":' + "[" * 5_000 + "]" * 5_000 + "}", "json_too_deep"),
        ("[1]", "json_row_not_object"),
        ('"text"', "json_row_not_object"),
        ("12", "json_row_not_object"),
        ("{" + ",".join(f'"c{n}": 1' for n in range(1_001)) + "}", "header_too_many_columns"),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(bad: str, code: str) -> None:
    """Whatever JSON forbids, and what RFC 7493 does, is a bad row with its number and line."""
    for format, data in both('{"a": "good"}', bad, '{"a": "good"}'):
        rows = read(data, format)
        assert cells(rows) == [["good"], code, ["good"]]
        assert message(rows[1]).startswith("Row 2 (line 2): ")


def test_depth_that_is_allowed() -> None:
    """The row itself and 63 arrays within it are 64 levels; brackets in texts are none."""
    inner = '"' + "[" * 100 + '"'
    for format, data in both('{"a":' + "[" * 63 + inner + "]" * 63 + "}"):
        assert len(read(data, format)) == 1
        assert isinstance(read(data, format)[0], Row)


@pytest.mark.check(127)
def test_encodings() -> None:
    """Byte-order marks are understood; bytes that are no UTF-8 cost their row, named by their offset."""
    assert cells(read('[{"a": "é"}]'.encode("utf-16"), "json")) == [["é"]]
    assert cells(read(b'\xef\xbb\xbf{"a": 1}', "ndjson")) == [[1]]
    assert cells(read('[{"a": "é"}]'.encode("cp1252"), "json", encoding="cp1252")) == [["é"]]
    for format, data in both('{"a": 1}', '{"a": "caf?"}', '{"a": "x", "??": nix}', '{"a": 4}'):
        broken = data.replace(b"?", b"\xe9")
        rows = read(broken, format)
        assert cells(rows) == [[1], "encoding_unknown", "encoding_unknown", [4]]
        assert f"Row 2 (line 2): the byte at offset {broken.index(0xE9):,} is not UTF-8" in message(rows[1])
        assert f"offset {broken.index(0xE9, broken.index(b'x')):,} " in message(rows[2])
    assert refused(b'[{"a": 1} \xff]', "json").code == "encoding_unknown"
    assert refused(b'{"\xff": 1, "rows": []}', "json").code == "encoding_unknown"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "table_empty"),
        (" \n", "table_empty"),
        ("{}", "json_no_rows"),
        ('{"a": [{"b": 1}]}', "json_no_rows"),
        ('{"rows": 1}', "json_no_rows"),
        ('{"a": 1,}', "json_no_rows"),
        ('{"rows": [], "rows": []}', "json_duplicate_key"),
        ('{"rows": [],}', "json_invalid"),
        ("{1: []}", "json_invalid"),
        ('"a"', "json_invalid"),
        ("[", "json_invalid"),
        ('[{"a": 1}', "json_invalid"),
        ('[{"a": 1', "json_invalid"),
        ('[{"a": "x', "json_invalid"),
        ('[{"a": 1},]', "json_invalid"),
        ('[,{"a": 1}]', "json_invalid"),
        ('[{"a": 1} {"a": 2}]', "json_invalid"),
        ('[{"a": 1}] x', "json_invalid"),
        ('[{"a": 1}}', "json_invalid"),
        ("[1e9", "json_invalid"),
        ("[Na", "json_invalid"),
        ("[" * 100_000, "json_invalid"),
    ],
)
def test_a_broken_file_is_said_to_be_broken(text: str, code: str) -> None:
    """Where the frame around the rows is wrong, reading ends with an error that names the line."""
    error = refused(text.encode(), "json")
    assert error.code == code
    assert code != "json_invalid" or error.problems[0].message.startswith("Line 1")


def test_what_is_wrong_with_the_frame_is_said() -> None:
    """Missing values and missing commas are told apart, by line."""
    assert "Line 2: not valid JSON: a value is expected, ',' found" in str(refused(b'[{"a": 1},\n,2]', "json"))
    assert "Line 2: not valid JSON: , or ] is expected, '{' found" in str(refused(b'[{"a": 1}\n{"a": 2}]', "json"))
    assert "the text ends too early" in str(refused(b'[{"a": 1},\n', "json"))


@pytest.mark.check(130)
def test_row_limit_is_exact() -> None:
    """As many rows as the limit are read, one more is an error; no rows at all are a table without columns."""
    for count, limit in ((3, 3), (0, 3)):
        for format, data in both(*(['{"a": 1}'] * count)):
            if data:
                assert len(read(data, format, limits=TableLimits(rows=limit))) == count
    for format, data in both(*(['{"a": 1}'] * 4)):
        assert refused(data, format, limits=TableLimits(rows=3)).code == "table_too_many_rows"


@pytest.mark.check(131)
def test_cell_and_row_limits_are_exact() -> None:
    """The longest cell is read, one character more is a bad row; a row over the limit is one or ends the file."""
    limits = TableLimits(cell_chars=1_000, row_chars=3_000)
    longest, longer = "x" * 1_000, "x" * 1_001
    rows = [json.dumps({"a": text}) for text in (longest, longer, longest)]
    rows += [json.dumps({"a": [longer]}), json.dumps({"a": {longer: 1}}), json.dumps([longest] * 4), '{"a": 7}']
    expected = [[longest], "cell_too_long", [longest], "cell_too_long", "cell_too_long", "row_too_long", [7]]
    for format, data in both(*rows):
        assert cells(read(data, format, limits=limits)) == expected
    assert refused(b'[{"a": "' + b"x" * 1_000_000, "json", limits=limits).code == "json_invalid"
    assert cells(read(b'{"a": "' + b"x" * 1_000_000 + b'\n{"a": 1}', "ndjson", limits=limits)) == ["row_too_long", [1]]


def test_a_window_full_of_broken_elements() -> None:
    """Behind a very long row, broken elements are found one by one, each with its own line."""
    data = b'[{"a": "' + b"x" * 900_000 + b'"}' + b",\n{x}" * 5_000 + b',\n{"a": 1}]'
    rows = read(data, "json")
    assert [type(row) for row in rows] == [Row, *[BadRow] * 5_000, Row]
    assert message(rows[5_000]).startswith("Row 5,001 (line 5,001): not valid JSON at character 2: ")


def test_the_place_in_a_broken_row_is_right() -> None:
    """The character that is wrong is counted from the row's beginning, wherever the window began."""
    for format, data in both(*(['{"a": "é"}'] * 4_000), '{"a": 1 "b": 2}'):
        rows = read(data, format)
        assert message(rows[-1]) == ("Row 4,001 (line 4,001): not valid JSON at character 9: expecting ',' delimiter.")


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'  [{"a": 1}]', "json"),
        (b'\xef\xbb\xbf[{"a": 1}]', "json"),
        (b'{"rows": [{"a": 1}]}', "json"),
        (b'{"a": 1}\n', "ndjson"),
        (b"a\n1\n", "csv"),
        (b"", "csv"),
    ],
)
def test_the_format_of_a_stream_is_told_from_its_first_bytes(data: bytes, format: str) -> None:
    """What has no name is looked at; an explicit format goes first."""
    if not data:
        assert refused(data, format).code == "table_empty"
        return
    assert open_table(io.BytesIO(data)).format == format
    assert open_table(io.BytesIO(data), format="csv").format == "csv"


_KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5).filter(
    lambda key: not key.startswith("__")
)
_VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(_KEYS, part, max_size=3),
    max_leaves=6,
)


class Piecewise(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    size = 1

    def read1(self, size: int | None = -1, /) -> bytes:
        """At most `self.size` bytes."""
        return super().read(self.size if size is None or size < 0 else min(size, self.size))


@given(st.lists(st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=6), st.booleans(), st.integers(1, 50))
def test_what_the_json_module_writes_is_read_back(
    elements: list[dict[str, Value]], ascii_only: bool, piece: int
) -> None:
    """Every table of JSON values survives, in whatever pieces it arrives."""
    texts = [json.dumps(element, ensure_ascii=ascii_only) for element in elements]
    for format, data in both(*texts):
        stream = Piecewise(data)
        stream.size = piece
        rows = list(open_table(stream, format=format))
        assert rows == [Row(number, element) for number, element in enumerate(elements, 1)]


_PIECES = [*(bytes([each]) for each in b'{}[]",:\\1'), b"\\u", b"d800", b"e9", b"NaN", b"null", b"rows", b'"a"']
_SOUP = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=4), max_size=40).map(b"".join)


@given(_SOUP, st.sampled_from([b"", b"[", b'{"rows": [', b'[{"a": ', b"{"]), st.integers(1, 50))
def test_any_bytes_give_rows_or_a_table_problem(soup: bytes, frame: bytes, piece: int) -> None:
    """Whatever the bytes and the pieces, rows are numbered on, and nothing but `TableProblem` is raised."""
    for format in ("json", "ndjson"):
        outcomes: list[object] = []
        for size in (piece, 100_000):
            stream = Piecewise(frame + soup)
            stream.size = size
            rows: list[Row | BadRow] = []
            try:
                for row in open_table(stream, format=format):
                    rows.append(row)
            except Exception as error:
                assert type(error).__name__ == "TableProblem", repr(error)
                outcomes.append((rows, str(error)))
            else:
                outcomes.append(rows)
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
        assert outcomes[0] == outcomes[1]


def test_reading_streams() -> None:
    """The first rows of an array are there before the rest of the stream has been asked for."""
    served = 0

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            nonlocal served
            served += 1
            return b"[" if served == 1 else b'{"a": 1},\n' * 100

    rows = iter(open_table(Endless(), format="json"))  # type: ignore[arg-type]
    for _ in range(250):
        assert isinstance(next(rows), Row)
    assert served < 10
