"""Statements in one exchange: all or none, in their tenant's place, and a connection that goes on afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psycopg
import pytest
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import new_image

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.errors import DatabaseFull, DatabaseUnavailable, Taken
from tirage.db.exchange import Line, Statement
from tirage.store import images

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Found:
    """What a statement tells of its place and its values."""

    role: str
    tenant: str
    number: int | None
    text: str | None
    data: bytes | None
    many: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """How many rows are seen."""

    rows: int


TELL = """
SELECT current_user::text AS role, coalesce(current_setting('tirage.workspace', true), '') AS tenant,
       %(number)s::bigint AS number, %(text)s::text AS text, %(data)s::bytea AS data, ARRAY[%(text)s, '100 %%'] AS many
"""


async def test_values_arrive_and_the_place_is_left_again(address: DatabaseAddress, alice: Tenant) -> None:
    """Whatever the sizes and kinds of values, and whoever had the connection before."""
    async with Database(address, connections=1) as database:
        for number in (1, 70_000, 2**40, None):
            found = await database.look(alice.id, Found, TELL, number=number, text="é'\"", data=b"\0\xff")
            assert found == Found("tirage_app", alice.id, number, "é'\"", b"\0\xff", ("é'\"", "100 %"))
            told = await database.look_system(Found, TELL, number=number, text=None, data=None)
            assert told is not None and (told.role, told.tenant, told.number) == ("tirage_system", "", number)
        async with database.system() as system:
            assert await system.value("SELECT current_setting('tirage.workspace', true)") == ""


async def test_all_statements_or_none(database: Database, alice: Tenant) -> None:
    """A record that is there already takes back what was written before it in the exchange."""
    first, second = new_image("exchange 1"), new_image("exchange 2")
    image, recording = images.insertion(first, alice.id, NOON)
    await database.write(alice.id, [recording])
    other, another = images.insertion(second, alice.id, NOON)
    with pytest.raises(Taken):
        await database.write(alice.id, [another, images.insertion(first, alice.id, NOON)[1]])
    async with database.workspace(alice.id) as tx:
        assert await images.get(tx, image.id) == image
        assert await images.by_path(tx, second.path_folder, second.path_name) is None
    await database.write(alice.id, [another])
    async with database.workspace(alice.id) as tx:
        assert await images.get(tx, other.id) == other


@pytest.mark.check(152)
async def test_a_foreign_row_is_neither_written_nor_seen(database: Database, alice: Tenant, bob: Tenant) -> None:
    """Row-level security holds in exchanges as in transactions."""
    recording = images.insertion(new_image("exchange 3"), bob.id, NOON)[1]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await database.write(alice.id, [Statement(recording.text, {**recording.values, "workspace": bob.id})])
    await database.write(bob.id, [recording])
    alices, bobs = [await database.look(each.id, Count, "SELECT count(*) AS rows FROM images") for each in (alice, bob)]
    assert (alices, bobs) == (Count(0), Count(1))


async def test_errors_are_told_and_the_connection_goes_on(address: DatabaseAddress, alice: Tenant) -> None:
    """A full volume, a server that gives up, a mistake of ours: each as in transactions, and the next one works."""
    async with Database(address, connections=1) as database:
        for state, kind in (("disk_full", DatabaseFull), ("40001", DatabaseUnavailable)):
            raising = Statement("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '" + state + "'; END $$")
            with pytest.raises(kind):
                await database.write(alice.id, [raising])
        for _ in range(2):
            with pytest.raises(psycopg.errors.UndefinedTable):
                await database.write(alice.id, [Statement("SELECT * FROM no_such_table")])
        found = await database.look(alice.id, Found, TELL, number=1, text="", data=b"")
        assert found is not None and found.tenant == alice.id


async def test_prepared_statements_come_back(address: DatabaseAddress, alice: Tenant) -> None:
    """What was prepared may be gone (a rollback, a pooler's other server), or there without our knowing."""
    async with Database(address, connections=1) as database:
        for gone in ("DEALLOCATE ALL", "DISCARD PLANS"):
            for number in (1, 2):
                found = await database.look(alice.id, Found, TELL, number=number, text="", data=b"")
                assert found is not None and found.number == number
            async with database.workspace(alice.id) as tx:
                await tx.execute(gone)
                line = tx.connection
        assert isinstance(line, Line)
        line._known.clear()
        found = await database.look(alice.id, Found, TELL, number=3, text="", data=b"")
        assert found is not None and found.number == 3


async def test_one_who_no_longer_waits_leaves_no_answers_to_others(address: DatabaseAddress, alice: Tenant) -> None:
    """A cancelled exchange takes its connection with it: the next one does not get its rows."""
    async with Database(address, connections=1) as database:
        slow = asyncio.create_task(database.write(alice.id, [Statement("SELECT pg_sleep(30)")]))
        await asyncio.sleep(0.2)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        found = await database.look(alice.id, Found, TELL, number=7, text="", data=b"")
        assert found is not None and found.number == 7


async def test_an_exchange_has_a_deadline(address: DatabaseAddress, alice: Tenant) -> None:
    """A server that takes longer is not waited for."""
    async with Database(address, connections=1, deadline=0.2) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.write(alice.id, [Statement("SELECT pg_sleep(30)")])
        assert await database.look(alice.id, Found, TELL, number=7, text="", data=b"") is not None


async def test_more_than_a_socket_takes_at_once(database: Database, alice: Tenant) -> None:
    """Both sides may have more to say than the line holds."""
    text = "x" * 5_000_000
    found = await database.look(alice.id, Found, TELL, number=1, text=text, data=b"")
    assert found is not None and found.text == text and found.many[0] == text
