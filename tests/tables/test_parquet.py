"""Parquet: what values become, the limits that hold, and what happens to files that are none."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from tests.tables.reading import refused

from tirage.tables import BadRow, Row, TableLimits, open_table


def written(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A Parquet file of these columns."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), file, **options)
    return file.getvalue()


def read(data: bytes, **limits: int) -> list[Row | BadRow]:
    """All rows of these bytes."""
    with open_table(io.BytesIO(data), format="parquet", limits=TableLimits(**limits)) as table:
        return list(table)


def test_values_become_what_json_has(tmp_path: Path) -> None:
    """Numbers, texts and truth values stay, moments are ISO 8601, what JSON cannot count exactly is text."""
    file = tmp_path / "rows.parquet"
    moment = datetime.datetime(2026, 11, 22, 14, 30)
    columns: dict[str, Any] = {
        "text": ["Zoë"], "number": [7], "long": [2**60], "real": [1.5], "none": [float("nan")],
        "price": [Decimal("9.90")], "yes": [True], "day": [moment.date()], "moment": [moment],
        "span": [datetime.timedelta(hours=26)], "list": [[1, None]], "object": [{"a": "b"}], "empty": pyarrow.nulls(1),
    }  # fmt: skip
    file.write_bytes(written(columns))
    with open_table(file) as table:
        (row,) = list(table)
    assert isinstance(row, Row) and (table.format, table.columns) == ("parquet", tuple(columns))
    assert row.values == {
        "text": "Zoë", "number": 7, "long": str(2**60), "real": 1.5, "none": None, "price": "9.90", "yes": True,
        "day": "2026-11-22", "moment": "2026-11-22T14:30:00", "span": "1 day, 2:00:00", "list": [1, None],
        "object": {"a": "b"}, "empty": None,
    }  # fmt: skip


def test_the_first_bytes_tell_the_format() -> None:
    """A stream without a name is told by its beginning; one that cannot seek is read all the same."""
    data = written({"a": list(range(1_200))})

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    for stream in (io.BytesIO(data), Pipe(data)):
        with open_table(stream) as table:
            assert [row.values["a"] for row in table if isinstance(row, Row)] == list(range(1_200))


@pytest.mark.check(130)
@pytest.mark.check(131)
def test_the_limits_are_exact() -> None:
    """Rows and lengths up to the limit are read; a row too many ends the table, a cell too long its row."""
    assert len(read(written({"a": [1, 2, 3]}), rows=3)) == 3
    assert refused(written({"a": [1, 2, 3]}), "parquet", limits=TableLimits(rows=2)).code == "table_too_many_rows"
    good, bad = read(written({"a": ["x" * 10, "x" * 11]}), cell_chars=10)
    assert isinstance(good, Row) and isinstance(bad, BadRow) and bad.problem.code == "cell_too_long"
    (long,) = read(written({"a": ["x" * 10], "b": ["x" * 10]}), row_chars=19)
    assert isinstance(long, BadRow) and long.problem.code == "row_too_long"
    (binary,) = read(written({"a": [b"\0"]}))
    assert isinstance(binary, BadRow) and binary.problem.code == "cell_invalid"
    deep: Any = "leaf"
    for _ in range(10):
        deep = [deep]
    (nested,) = read(written({"a": [deep]}), json_depth=5)
    assert isinstance(nested, BadRow)


@pytest.mark.check(129)
def test_headers_are_checked() -> None:
    """Names that no table may have are refused as everywhere."""
    twice = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"])
    file = io.BytesIO()
    pyarrow.parquet.write_table(twice, file)
    assert refused(file.getvalue(), "parquet").code == "header_duplicate"
    assert refused(written({"": [1]}), "parquet").code == "header_empty"
    many = written({f"c{number}": [1] for number in range(1_001)})
    assert refused(many, "parquet").code == "header_too_many_columns"


@pytest.mark.check(135)
def test_what_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    """A few kilobytes that declare a column of hundreds of megabytes are refused by what they declare."""
    value = "x" * 900_000
    bomb = written({"a": [value] * 300}, use_dictionary=False, compression="zstd", row_group_size=1_000_000)
    assert len(bomb) < 500_000
    assert refused(bomb, "parquet").code == "parquet_too_large"


@pytest.mark.parametrize("cut", [5, 100, -1])
def test_damaged_files_are_refused(cut: int) -> None:
    """A file that is cut, or none at all, is told as that."""
    data = written({"a": ["x"] * 100})
    assert refused(data[:cut], "parquet").code == "parquet_invalid"
    assert refused(b"PAR1" + b"\xff" * 200 + b"PAR1", "parquet").code == "parquet_invalid"
