"""Repeated requests: one works, the others wait or are given its answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import digest, new_image

from tirage.db.connect import Database
from tirage.store import idempotency, images
from tirage.store.errors import Conflict, Invalid
from tirage.store.idempotency import Claim, Claimed, InProgress, Mismatch, Replay

pytestmark = pytest.mark.anyio

POST = "POST /designs/{uid}"
REQUEST = digest("request")
REPLY = Replay(201, "application/json", b'{"id":"c13bd141c7"}')
DAY = timedelta(hours=24)


async def ask(
    database: Database,
    tenant: Tenant,
    *,
    after: timedelta = timedelta(),
    key: str = "k",
    request: bytes = REQUEST,
    endpoint: str = POST,
) -> Claim:
    """Claim a request in a transaction of its own."""
    async with database.workspace(tenant.id) as tx:
        return await idempotency.claim(tx, endpoint, key, request, NOON + after)


async def settle(database: Database, tenant: Tenant, claimed: Claim) -> None:
    """Answer a claimed request."""
    assert isinstance(claimed, Claimed)
    async with database.workspace(tenant.id) as tx:
        await idempotency.answer(tx, POST, "k", claimed, REPLY)


@pytest.mark.check(22)
async def test_of_many_at_once_one_works(database: Database, alice: Tenant) -> None:
    """Fifty claims of one key at the same time: one is granted, the others are told to wait."""
    claims = await asyncio.gather(*(ask(database, alice) for _ in range(50)))
    granted = [each for each in claims if isinstance(each, Claimed)]
    waiting = [each for each in claims if isinstance(each, InProgress)]
    assert (len(granted), len(waiting)) == (1, 49)
    assert all(each.retry_after >= 1 for each in waiting)
    await settle(database, alice, granted[0])
    again = await asyncio.gather(*(ask(database, alice) for _ in range(10)))
    assert again == [REPLY] * 10


@pytest.mark.check(23, 24)
async def test_the_answer_is_replayed_byte_by_byte(database: Database, alice: Tenant) -> None:
    """The same request gets the same status and bytes; another request under the key is a mismatch, at any time."""
    claimed = await ask(database, alice)
    assert await ask(database, alice, request=digest("other")) == Mismatch()
    await settle(database, alice, claimed)
    assert await ask(database, alice) == REPLY
    assert await ask(database, alice, request=digest("other")) == Mismatch()


@pytest.mark.check(25)
async def test_tenants_and_endpoints_do_not_meet(database: Database, alice: Tenant, bob: Tenant) -> None:
    """The same key of another workspace, or at another endpoint, is another request."""
    await settle(database, alice, await ask(database, alice))
    assert isinstance(await ask(database, bob), Claimed)
    assert isinstance(await ask(database, alice, endpoint="POST /templates"), Claimed)


@pytest.mark.check(26)
async def test_a_request_given_up_is_new_again(database: Database, alice: Tenant) -> None:
    """After a validation error the corrected request may bear the same key; a stranger's token gives nothing up."""
    claimed = await ask(database, alice)
    assert isinstance(claimed, Claimed)
    async with database.workspace(alice.id) as tx:
        await idempotency.release(tx, POST, "k", Claimed("not the token"))
    assert isinstance(await ask(database, alice), InProgress)
    async with database.workspace(alice.id) as tx:
        await idempotency.release(tx, POST, "k", claimed)
    assert isinstance(await ask(database, alice, request=digest("corrected")), Claimed)


@pytest.mark.check(27)
async def test_work_and_answer_are_there_both_or_neither(database: Database, alice: Tenant) -> None:
    """A crash before the commit leaves neither; the repetition takes over after the lease and finds one picture."""
    claimed = await ask(database, alice)
    assert isinstance(claimed, Claimed)
    with pytest.raises(ZeroDivisionError):
        async with database.workspace(alice.id) as tx:
            await images.insert(tx, new_image(alice.id), NOON)
            await idempotency.answer(tx, POST, "k", claimed, REPLY)
            raise ZeroDivisionError
    async with database.workspace(alice.id) as tx:
        assert (await images.page(tx)).items == ()
    assert isinstance(await ask(database, alice, after=timedelta(seconds=59)), InProgress)
    taken_over = await ask(database, alice, after=timedelta(seconds=60))
    assert isinstance(taken_over, Claimed)
    async with database.workspace(alice.id) as tx:
        await images.insert(tx, new_image(alice.id), NOON)
        await idempotency.answer(tx, POST, "k", taken_over, REPLY)
    # The one taken for dead comes back: its work is refused with its answer.
    with pytest.raises(Conflict, match="so long"):
        async with database.workspace(alice.id) as tx:
            await images.insert(tx, new_image(alice.id + "late"), NOON)
            await idempotency.answer(tx, POST, "k", claimed, REPLY)
    async with database.workspace(alice.id) as tx:
        assert len((await images.page(tx)).items) == 1
    assert await ask(database, alice) == REPLY


@pytest.mark.check(28)
async def test_a_key_lives_for_a_day(database: Database, alice: Tenant) -> None:
    """It replays until just before 24 hours and is new from then on, for another request too."""
    await settle(database, alice, await ask(database, alice))
    assert await ask(database, alice, after=DAY - timedelta(minutes=1)) == REPLY
    assert isinstance(await ask(database, alice, after=DAY + timedelta(seconds=1), request=digest("new")), Claimed)
    async with database.system() as system:
        await idempotency.purge(system, NOON + DAY + timedelta(seconds=1))
    assert isinstance(await ask(database, alice, after=DAY, request=digest("new")), InProgress)
    async with database.system() as system:
        assert await idempotency.purge(system, NOON + 3 * DAY) >= 1
    assert isinstance(await ask(database, alice, request=digest("newer")), Claimed)


@pytest.mark.check(28)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_keys_that_are_taken(key: str) -> None:
    """Up to 255 printable characters are a key; one more, none, or any other character is not."""
    assert idempotency.check_key(key) == key
    for wrong in ("", key.ljust(256, "x"), key[:100] + "\0", key[:100] + "\n", key[:100] + "é", key[:100] + "\x7f"):
        with pytest.raises(Invalid, match="1 to 255"):
            idempotency.check_key(wrong)
