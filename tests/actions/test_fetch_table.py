"""Tables from elsewhere: addresses through the guarded client, queries of the operator's database."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from tests.db.fixtures import Tenant
from tests.harness.evil import EvilHost, Request, Step, response
from tests.harness.service import open_test_service

from tirage.actions.fetch_table import fetch_table
from tirage.actions.query_table import query_table
from tirage.actions.read_table import reading_table
from tirage.assets.download import LIMITS, download
from tirage.clock import StillClock
from tirage.context import Service
from tirage.db.address import DatabaseAddress
from tirage.engine.errors import ResourceProblem
from tirage.settings import Settings
from tirage.store.batch_orders import TableOrder
from tirage.tables.rows import TableProblem

pytestmark = pytest.mark.anyio
CSV = b"title,city\nOne,Rome\nTwo,Oslo\n"


@pytest.fixture
async def fetching(tmp_path: Path, clock: StillClock) -> AsyncIterator[tuple[Service, EvilHost]]:
    """A service that may fetch from one host of this machine, and that host."""
    with EvilHost() as host:
        async with open_test_service(tmp_path, clock, allow_hosts=host.place) as service:
            yield service, host


def serve(host: EvilHost, path: str, body: bytes, status: str = "200 OK", **headers: str) -> str:
    """Let the host answer a path; its address."""

    async def answer(request: Request) -> AsyncIterator[Step]:
        if headers.get("ETag") and request.headers.get("if-none-match") == headers["ETag"]:
            yield response(b"", "304 Not Modified", ETag=headers["ETag"])
        else:
            yield response(body, status, **headers)

    host.behaviours[path] = answer
    return host.url(path)


async def titles(service: Service, key: str) -> list[str]:
    """The titles of a stored table."""
    async with reading_table(service, key, TableOrder()) as found:
        return [orjson.loads(row[1])["title"] async for group in found.groups() for row in group]


async def test_an_address_becomes_a_stored_table(fetching: tuple[Service, EvilHost], alice: Tenant) -> None:
    """The format is told by the file's name, the type or the address, else by the first bytes."""
    service, host = fetching
    lines = b'{"title":"One"}\n{"title":"Two"}\n'
    cases = (
        serve(host, "/export", CSV, Content_Type="text/csv; charset=utf-8"),
        serve(host, "/rows.csv", CSV, Content_Type="application/octet-stream"),
        serve(host, "/get", lines, Content_Disposition='attachment; filename="a b.ndjson"'),
        serve(host, "/untold", lines, Content_Type="application/octet-stream"),
    )
    endings = []
    for address in cases:
        found = await fetch_table(service, alice.id, address)
        assert found.table is not None and found.table.key.startswith(f"{alice.id}/batches/")
        assert await titles(service, found.table.key) == ["One", "Two"]
        endings.append(found.table.key.rpartition(".")[2])
    assert endings == ["csv", "csv", "ndjson", "bin"]


async def test_what_has_not_changed_is_not_fetched(fetching: tuple[Service, EvilHost], alice: Tenant) -> None:
    """The host's tag is sent back to it; a redirect to another place is followed without it."""
    service, host = fetching
    address = serve(host, "/sheet.csv", CSV, ETag='"v1"')
    first = await fetch_table(service, alice.id, address)
    again = await fetch_table(service, alice.id, address, etag=first.etag)
    assert first.table is not None and (again.table, again.etag) == (None, '"v1"')
    moved = serve(host, "/moved", b"", "302 Found", Location="/sheet.csv")
    assert (await fetch_table(service, alice.id, moved)).table is not None


async def test_addresses_are_refused_and_fail_with_a_reason(fetching: tuple[Service, EvilHost], alice: Tenant) -> None:
    """Our own network, other schemes, missing and failing tables and endless ones are told apart; nothing is stored."""
    service, host = fetching
    big = serve(host, "/big.csv", b"a" * 300_000)
    cases = {
        "http://127.0.0.1:1/rows.csv": "source_blocked",
        "file:///etc/passwd": "source_invalid",
        host.url("/none.csv"): "source_http_error",
        serve(host, "/empty", b"", "204 No Content"): "source_http_error",
        serve(host, "/loop", b"", "302 Found", Location="/loop"): "source_redirects",
        serve(host, "/inside", b"", "302 Found", Location="http://169.254.169.254/rows.csv"): "source_blocked",
    }
    for address, code in cases.items():
        with pytest.raises(ResourceProblem) as caught:
            await fetch_table(service, alice.id, address)
        assert caught.value.code == code, address
    with tempfile.TemporaryFile() as file, pytest.raises(ResourceProblem) as caught:
        await download(service.fetcher, big, file, limits=replace(LIMITS, max_bytes=100_000))
    assert caught.value.code == "source_too_large"
    assert [each.key async for each in service.blobs.list(f"{alice.id}/")] == []


async def query(address: DatabaseAddress, text: str, *, seconds: int = 5) -> list[dict[str, object]]:
    """The rows of a query of the test database."""
    settings = Settings(source_database_url=address.application, source_query_seconds=seconds)
    with tempfile.TemporaryFile() as file:
        await query_table(settings, text, file)
        file.seek(0)
        return [orjson.loads(line) for line in file]


async def test_a_query_gives_rows(address: DatabaseAddress) -> None:
    """Values of every kind become JSON: numbers keep their digits, moments are ISO 8601, bytes are left out."""
    (row,) = await query(
        address,
        "SELECT 1 AS whole, 1.50::numeric AS price, 2.5::float8 AS real, 'NaN'::float8 AS none, 'Ann' AS name, "
        "NULL AS nothing, true AS yes, DATE '2026-11-22' AS day, TIMESTAMP '2026-11-22 12:00' AS moment, "
        "ARRAY[1, 2] AS list, '{\"a\": 1}'::jsonb AS object, '\\x00'::bytea AS bytes",
    )
    assert row == {
        "whole": 1, "price": "1.50", "real": 2.5, "none": None, "name": "Ann", "nothing": None, "yes": True,
        "day": "2026-11-22", "moment": "2026-11-22T12:00:00", "list": [1, 2], "object": {"a": 1}, "bytes": None,
    }  # fmt: skip
    assert len(await query(address, "SELECT n AS title FROM generate_series(1, 2500) AS n")) == 2_500


async def test_a_query_changes_nothing_and_ends(address: DatabaseAddress) -> None:
    """Writing, several statements, sleeping, errors, doubled names and no rows are refused with what is wrong."""
    cases = {
        "CREATE TABLE stolen (a int)": "query_failed",
        "SELECT 1; COMMIT; CREATE TABLE stolen (a int)": "query_failed",
        "SELECT set_config('transaction_read_only', 'off', false)": "query_failed",
        "SELECT * FROM nowhere": "query_failed",
        "SELECT pg_sleep(5)": "query_failed",
        "SELECT 1 AS a, 2 AS a": "header_duplicate",
        "SELECT 1 AS a WHERE false": "table_empty",
    }
    for text, code in cases.items():
        with pytest.raises(TableProblem) as caught:
            await query(address, text, seconds=1)
        assert caught.value.code == code, text
    with pytest.raises(TableProblem) as caught, tempfile.TemporaryFile() as file:
        await query_table(Settings(), "SELECT 1", file)
    assert caught.value.code == "query_unavailable"
    nobody = DatabaseAddress.of_urls("postgresql://nobody:secret@127.0.0.1:1/none", "")
    with pytest.raises(TableProblem) as caught:
        await query(nobody, "SELECT 1")
    assert caught.value.retryable and "secret" not in str(caught.value)
