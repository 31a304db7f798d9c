"""Long tables: every reader in constant memory; TIRAGE_SOAK=1 reads a million rows and more."""

from __future__ import annotations

import io
import itertools
import os
import tracemalloc
from collections.abc import Iterator

import pyarrow
import pyarrow.parquet
import pytest
from tests.tables.workbooks import packed, parts, sheet

from tirage.tables import FORMATS, Row, TableProblem, open_table

ROWS = 1_000_000 if os.environ.get("TIRAGE_SOAK") else 10_000


class Made(io.RawIOBase):
    """A stream of bytes that are made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Some bytes, however many are asked for."""
        return b"".join(itertools.islice(self._pieces, 1_000))


def made(format: str, rows: int) -> io.RawIOBase:
    """A table of that many rows and three columns."""
    numbers = range(rows)
    if format == "csv":
        return Made(itertools.chain([b"a,b,c\n"], (b'Ann-Kathrin %d,"Porto, PT",2026\n' % n for n in numbers)))
    if format == "tsv":
        return Made(itertools.chain([b"a\tb\tc\n"], (b"Ann-Kathrin %d\tPorto, PT\t2026\n" % n for n in numbers)))
    row = b'{"a": "Ann-Kathrin %d", "b": "Porto, PT", "c": 2026}'
    if format == "ndjson":
        return Made(row % n + b"\n" for n in numbers)
    if format == "json":
        body = (row % n + b"," for n in range(rows - 1))
        return Made(itertools.chain([b'{"rows": ['], body, [row % (rows - 1), b"]}"]))
    if format == "parquet":
        columns = {"a": [f"Ann-Kathrin {n}" for n in numbers], "b": ["Porto, PT"] * rows, "c": ["2026"] * rows}
        file = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table(columns), file, row_group_size=50_000)
        return file  # type: ignore[return-value]
    texts = "".join(f"<row><c><v>{n}</v></c><c><v>{n * 7}</v></c><c><v>2026</v></c></row>" for n in numbers)
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in "abc")
    data = packed({**parts(""), "xl/worksheets/sheet1.xml": sheet(f"<row>{header}</row>{texts}")})
    return io.BytesIO(data)  # type: ignore[return-value]


@pytest.mark.check(130)
@pytest.mark.parametrize("format", sorted(set(FORMATS.values())))
def test_a_long_table_takes_constant_memory(format: str) -> None:
    """All rows come, in order, and never more than a few of them are held; one more than the limit is an error."""
    stream = made(format, ROWS)
    assert len(list(open_table(made(format, 2), format=format))) == 2  # type: ignore[arg-type]  # Loads the libraries.
    tracemalloc.start()
    last = 0
    for row in open_table(stream, format=format):  # type: ignore[arg-type]
        assert isinstance(row, Row) and row.number == last + 1
        last = row.number
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last == ROWS
    assert peak < 4_000_000
    if ROWS == 1_000_000:
        with pytest.raises(TableProblem, match="more than 1,000,000 rows"):
            for _ in open_table(made(format, ROWS + 1), format=format):  # type: ignore[arg-type]
                pass
