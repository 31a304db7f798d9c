"""Tables of batches are read by a process of its own: what it hands over, what it refuses, what it cannot do."""

from __future__ import annotations

import io
import os
import resource
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook
from tests.tables.workbooks import inline, workbook

from tirage.actions.read_table import StoredRow, reading_file
from tirage.context import Service
from tirage.store.batch_orders import TableOrder
from tirage.tables.rows import TableProblem

pytestmark = pytest.mark.anyio


def table(data: bytes) -> IO[bytes]:
    """An open file with these bytes."""
    file = TemporaryFile()  # noqa: SIM115 - the test's
    file.write(data)
    file.seek(0)
    return file


async def read(
    service: Service, data: bytes, format_: str = "csv", *, most: int = 1_000_000, **order: str
) -> list[StoredRow]:
    """All rows of these bytes."""
    with table(data) as file:
        async with reading_file(service, file, format_, TableOrder(**order), rows=most) as found:
            return [row async for group in found.groups() for row in group]


async def refused(service: Service, data: bytes, format_: str = "csv", **order: str) -> list[str]:
    """The codes with which a table is refused."""
    with pytest.raises(TableProblem) as caught:
        await read(service, data, format_, most=1_000_000, **order)
    return [each.code for each in caught.value.problems]


async def test_columns_are_mapped_and_files_named(service: Service) -> None:
    """A mapping renames and leaves out, a pattern names files of the table's own columns, each name once."""
    data = b"Titel,Intern,city\nOne,x,Rome\nTwo,y,Rome\n"
    rows = await read(service, data, mapping='{"Titel":"title","Intern":null}', naming="{city}-{Intern:.1}")
    assert [orjson.loads(values) for _, values, _, _ in rows] == [
        {"title": "One", "city": "Rome"},
        {"title": "Two", "city": "Rome"},
    ]
    assert [name for *_, name in rows] == ["Rome-x", "Rome-y"]
    assert [name for *_, name in await read(service, data, naming="{city}")] == ["Rome", "Rome-2"]
    assert [name for *_, name in await read(service, data)] == ["00001", "00002"]


async def test_a_mapping_must_fit_the_table(service: Service) -> None:
    """An unknown column, two columns for one name, and a pattern with an unknown column are told."""
    data = b"title,city\nOne,Rome\n"
    assert await refused(service, data, mapping='{"titel":"title"}') == ["mapping_column_unknown", "mapping_conflict"]
    assert await refused(service, data, mapping='{"city":"title"}') == ["mapping_conflict"]
    assert await refused(service, data, naming="{town}") == ["name_pattern_invalid"]


async def test_a_bad_row_is_a_row(service: Service) -> None:
    """Rows that cannot be read carry their problem; so do rows without the value that their name is made of."""
    rows = await read(service, b"a,b\n1\n1,2\n")
    assert [(number, bool(values), bool(problem)) for number, values, problem, _ in rows] == [
        (1, False, True),
        (2, True, False),
    ]
    rows = await read(service, b'{"a":1,"b":2}\n{"b":2}\n', "ndjson", naming="{a}")
    assert [orjson.loads(problem)["code"] if problem else "" for *_, problem, _ in rows] == ["", "name_value_missing"]


@pytest.mark.check(127)
@pytest.mark.check(132)
async def test_what_is_declared_is_believed(service: Service) -> None:
    """Encoding, delimiter and sheet are those that the order says; undeclared ones are refused, not guessed."""
    (row,) = await read(service, "a\nMüller\n".encode("latin-1"))
    assert orjson.loads(row[2])["code"] == "encoding_unknown"
    (row,) = await read(service, "a;b\nMüller;1,5\n".encode("windows-1252"), encoding="windows-1252", delimiter=";")
    assert orjson.loads(row[1]) == {"a": "Müller", "b": "1,5"}
    book = Workbook()
    book.active.append(["a"])
    other = book.create_sheet("Other")
    other.append(["b"])
    other.append(["here"])
    file = io.BytesIO()
    book.save(file)
    (row,) = await read(service, file.getvalue(), "xlsx", sheet="Other")
    assert orjson.loads(row[1]) == {"b": "here"}


async def test_parquet_is_read_behind_the_walls(service: Service) -> None:
    """The largest of the libraries works in the walled process, also where the first bytes tell the format."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1.5, None]}), file)
    for format_ in ("parquet", ""):
        rows = await read(service, file.getvalue(), format_)
        assert [orjson.loads(values) for _, values, *_ in rows] == [{"a": 1.5}, {"a": None}]


@pytest.mark.check(130)
async def test_the_limit_of_rows_is_exact(service: Service) -> None:
    """As many rows as are allowed are read, one more is refused, none at all is no error."""
    assert len(await read(service, b"a\n" + b"1\n" * 5, most=5)) == 5
    with pytest.raises(TableProblem) as caught:
        await read(service, b"a\n" + b"1\n" * 6, most=5)
    assert caught.value.code == "table_too_many_rows"
    assert await read(service, b"a\n") == []


@pytest.mark.check(135)
@pytest.mark.check(137)
async def test_hostile_workbooks_end_nothing(service: Service) -> None:
    """A damaged workbook and one that is a bomb are problems of the table; the reader after them works."""
    assert await refused(service, b"PK\x03\x04 nothing", "xlsx") == ["xlsx_invalid"]
    bomb = workbook(inline(["a"]) + "<row>" + " " * 60_000_000 + "</row>")
    assert len(bomb) < 1_000_000
    assert await refused(service, bomb, "xlsx") == ["xlsx_too_dense"]
    (row,) = await read(service, workbook(inline(["a"]) + inline(["1"])), "xlsx")
    assert orjson.loads(row[1]) == {"a": "1"}


async def test_a_reader_that_dies_is_a_problem_of_the_table(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes more memory than is allowed is told as that, whether the process says so or is ended."""
    small = 1
    monkeypatch.setattr("tirage.actions.read_table.MEBIBYTE", small)
    assert (await refused(service, b"a\n1\n"))[0] in ("table_unreadable", "table_too_large")


async def test_the_reader_knows_no_secrets(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the environment reaches the process, and it is gone when its table is read."""
    monkeypatch.setenv("TIRAGE_SECRET", "hidden")
    with table(b"a\n" + b"1\n" * 200_000) as file:
        async with reading_file(service, file, "csv", TableOrder()):
            children = Path(f"/proc/{os.getpid()}/task")
            pids = [pid for task in children.iterdir() for pid in (task / "children").read_text().split()]
            readers = [pid for pid in pids if b"table_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            assert len(readers) == 1
            assert b"TIRAGE" not in Path(f"/proc/{readers[0]}/environ").read_bytes()
            limits = resource.prlimit(int(readers[0]), resource.RLIMIT_FSIZE)
            assert limits == (0, 0)
    assert not Path(f"/proc/{readers[0]}").exists()
