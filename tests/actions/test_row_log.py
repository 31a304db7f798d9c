"""The log of a run: grows in any order, ends sorted, survives what a crash leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.actions.row_log import RowLog


def row_of(line: bytes) -> int | None:
    """The number in a line of these tests."""
    try:
        row = json.loads(line)["row"]
    except (ValueError, KeyError, TypeError):
        return None
    return row if isinstance(row, int) else None


def line(row: int, text: str = "") -> bytes:
    """A line of these tests."""
    return json.dumps({"row": row, "text": text}).encode()


@given(rows=st.lists(st.integers(0, 30), max_size=40), torn=st.integers(0, 60))
def test_sorted_latest_and_mended(tmp_path_factory: pytest.TempPathFactory, rows: list[int], torn: int) -> None:
    """Rows end in order with their latest line; a file cut anywhere gives back the rows before the cut."""
    path = tmp_path_factory.mktemp("log") / "log"
    with RowLog(path) as log:
        for number, row in enumerate(rows):
            log.append(row, line(row, str(number)))
    written = path.read_bytes()
    latest = {row: str(number) for number, row in enumerate(rows)}
    assert [json.loads(each) for each in written.splitlines()] == [
        {"row": row, "text": latest[row]} for row in sorted(latest)
    ]
    path.write_bytes(written[:torn])
    with RowLog(path, row_of=row_of) as log:
        kept = written[:torn].count(b"\n")
        assert list(log.rows()) == sorted(latest)[:kept]
        log.append(5, line(5, "new"))
        assert log.line(5) == line(5, "new")
    rows_left = [json.loads(each)["row"] for each in path.read_bytes().splitlines()]
    assert rows_left == sorted({*sorted(latest)[:kept], 5})


def test_a_dropped_row_is_gone_and_the_header_stays(tmp_path: Path) -> None:
    """A dropped row has no line any more; a header stands first, also in a file that is kept."""
    path = tmp_path / "log"
    with RowLog(path, header=b"head\n") as log:
        for row in (3, 1, 2):
            log.append(row, line(row))
        log.drop(1)
        assert log.line(1) is None and log.line(9) is None
    assert path.read_bytes() == b"head\n" + line(2) + b"\n" + line(3) + b"\n"
    with RowLog(path, header=b"head\n", row_of=row_of) as log:
        assert list(log.rows()) == [2, 3]


def test_a_new_log_replaces_the_old_one(tmp_path: Path) -> None:
    """Without `row_of` nothing of an earlier run stays."""
    path = tmp_path / "log"
    path.write_bytes(line(1) + b"\n")
    with RowLog(path):
        assert path.read_bytes() == b""
