"""Hooks, the outbox and deliveries: fan-out, schedule, disable rules, leases, replay, sealed secrets."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import new_document, new_image

from tirage.db.connect import Database
from tirage.store import deliveries, events, hooks, images, templates
from tirage.store.deliveries import Due, Outcome, Recorded
from tirage.store.errors import Invalid, NotFound
from tirage.store.events import Event
from tirage.store.hooks import Hook
from tirage.store.schedule import DELAYS, next_pause
from tirage.store.vault import Vault

pytestmark = pytest.mark.anyio

FAILURE = Outcome(500, 12, excerpt=b"no")
FINE = Outcome(200, 12)
MIDDLE = 0.5


@pytest.fixture
async def database(database: Database) -> Database:
    """The test database without deliveries of earlier tests: senders claim those of all tenants."""
    async with database.system() as system:
        await system.execute("DELETE FROM events")
    return database


async def subscribe(database: Database, vault: Vault, tenant: Tenant, url: str = "https://a.example/hook") -> Hook:
    """A hook for pictures of every design."""
    async with database.workspace(tenant.id) as tx:
        return (await hooks.subscribe(tx, vault, "NEW_IMAGE", url, None, NOON)).hook


async def emit(database: Database, tenant: Tenant, now: datetime = NOON) -> Event:
    """An event of a picture."""
    async with database.workspace(tenant.id) as tx:
        return await events.enqueue(tx, "NEW_IMAGE", '{"id":"c13bd141c7"}', now)


async def claim(database: Database, now: datetime, *, limit: int = 50, per_hook: int = 8) -> list[Due]:
    """Claim what is due."""
    async with database.system() as system:
        return await deliveries.claim_due(system, now, limit=limit, per_hook=per_hook)


async def record(database: Database, due: Due, outcome: Outcome, now: datetime) -> Recorded | None:
    """Record an attempt."""
    async with database.system() as system:
        return await deliveries.record(system, due, outcome, now, MIDDLE)


async def hook_now(database: Database, tenant: Tenant, hook: Hook) -> Hook:
    """The hook as it stands."""
    async with database.workspace(tenant.id) as tx:
        return await hooks.get(tx, hook.id)


async def test_a_subscription_is_made_once(database: Database, vault: Vault, alice: Tenant) -> None:
    """The same subscription again is the one that is there, without its secret; removing names it exactly."""
    async with database.workspace(alice.id) as tx:
        template = await templates.create(tx, new_document(), NOON)
        wanted = ("NEW_IMAGE", "https://a.example", template.id)
        first = await hooks.subscribe(tx, vault, *wanted, NOON)
        again = await hooks.subscribe(tx, vault, *wanted, NOON)
        assert first.secret is not None and first.secret.startswith("whsec_") and first.secret not in repr(first)
        assert (again.hook, again.secret) == (first.hook, None)
        every = await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://a.example", None, NOON)
        twice = await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://a.example", None, NOON)
        assert every.hook.id == twice.hook.id != first.hook.id
        assert {hook.id for hook in await hooks.list_hooks(tx)} == {first.hook.id, every.hook.id}
        assert await hooks.unsubscribe(tx, "NEW_IMAGE", "https://a.example/", template.id) is None
        assert await hooks.unsubscribe(tx, *wanted) == first.hook
        assert await hooks.unsubscribe(tx, *wanted) is None
        assert await hooks.delete(tx, every.hook.id) == every.hook
        with pytest.raises(NotFound):
            await hooks.delete(tx, every.hook.id)


@pytest.mark.check(200, 204)
async def test_secrets_rotate_with_an_overlap(database: Database, vault: Vault, alice: Tenant) -> None:
    """For a day both secrets sign, then the new one; neither lies in the database as text, nor opens elsewhere."""
    async with database.workspace(alice.id) as tx:
        made = await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://a.example", None, NOON)
        new = await hooks.rotate_secret(tx, vault, made.hook.id, NOON)
        hour, day = NOON + timedelta(hours=23), NOON + timedelta(hours=24)
        assert await hooks.signing_secrets(tx, vault, made.hook.id, hour) == (new, made.secret)
        assert await hooks.signing_secrets(tx, vault, made.hook.id, day) == (new,)
        row = await tx.value("SELECT hooks::text FROM hooks WHERE id = %(uid)s", uid=made.hook.id)
        assert new not in row and new.removeprefix("whsec_") not in row
        with pytest.raises(Invalid, match="cannot be opened"):
            await hooks.signing_secrets(tx, Vault(bytes(32)), made.hook.id, NOON)
        with pytest.raises(NotFound):
            await hooks.rotate_secret(tx, vault, "0000000000", NOON)
    await emit(database, alice)
    (due,) = await claim(database, NOON)
    assert due.secrets(vault, hour) == (new, made.secret) and due.secrets(vault, day) == (new,)


@pytest.mark.check(202, 205)
async def test_events_live_and_die_with_their_transaction(database: Database, vault: Vault, alice: Tenant) -> None:
    """Rolled back work leaves no event; committed events are numbered without a gap, in the order of commits."""
    await subscribe(database, vault, alice)
    with pytest.raises(ZeroDivisionError):
        async with database.workspace(alice.id) as tx:
            await images.insert(tx, new_image(alice.id), NOON)
            await events.enqueue(tx, "NEW_IMAGE", "{}", NOON)
            raise ZeroDivisionError
    assert await claim(database, NOON) == []
    made = await asyncio.gather(*(emit(database, alice) for _ in range(20)))
    assert sorted(event.sequence for event in made) == list(range(1, 21))
    async with database.workspace(alice.id) as tx:
        number = await events.next_sequence(tx)
        event = await events.enqueue(tx, "NEW_IMAGE", f'{{"sequence":{number}}}', NOON, sequence=number)
        assert event.sequence == 21 and await events.get(tx, event.id) == event


async def test_an_event_goes_to_the_hooks_that_asked(
    database: Database, vault: Vault, alice: Tenant, bob: Tenant
) -> None:
    """By type, design and workspace; a disabled hook is passed over."""
    await subscribe(database, vault, bob)
    async with database.workspace(alice.id) as tx:
        one, other = [await templates.create(tx, new_document(), NOON) for _ in range(2)]
        wanted = [
            (await hooks.subscribe(tx, vault, "NEW_IMAGE", f"https://{n}.example", template, NOON)).hook.id
            for n, template in enumerate((None, one.id, other.id))
        ]
        await hooks.subscribe(tx, vault, "BATCH_FINISHED", "https://a.example", None, NOON)
        await events.enqueue(tx, "NEW_IMAGE", "{}", NOON, template_id=one.id)
    assert {due.hook_id for due in await claim(database, NOON)} == set(wanted[:2])


@pytest.mark.check(192)
async def test_three_failures_then_success(database: Database, vault: Vault, alice: Tenant) -> None:
    """Four attempts under one id at the scheduled pauses, all of them in the log; then it is done."""
    hook = await subscribe(database, vault, alice)
    event = await emit(database, alice)
    now = NOON
    for number, pause in enumerate(DELAYS[:3]):
        assert await claim(database, now - timedelta(milliseconds=1)) == []
        (due,) = await claim(database, now)
        assert (due.event_id, due.attempts, due.target_url) == (event.id, number, hook.target_url)
        assert await record(database, due, FAILURE, now) == Recorded("pending", now + pause)
        now += pause
    assert (await hook_now(database, alice, hook)).failing_since == NOON
    (due,) = await claim(database, now)
    assert await record(database, due, FINE, now) == Recorded("delivered", None)
    assert await claim(database, now + timedelta(days=9)) == []
    assert (await hook_now(database, alice, hook)).failing_since is None
    async with database.workspace(alice.id) as tx:
        log = await deliveries.attempts(tx, hook.id, event.id)
        assert [(line.number, line.status) for line in log] == [(1, 500), (2, 500), (3, 500), (4, 200)]
        assert log[0].excerpt == b"no" and log[0].attempted_at == NOON
        (delivery,) = (await deliveries.page(tx, hook.id)).items
        assert (delivery.state, delivery.attempts, delivery.finished_at) == ("delivered", 4, now)


@pytest.mark.check(193)
async def test_ten_failures_exhaust(database: Database, vault: Vault, alice: Tenant) -> None:
    """After the tenth attempt nothing follows; the hook is disabled when it has failed for five days."""
    hook = await subscribe(database, vault, alice)
    await emit(database, alice)
    now = NOON
    for number in range(1, 11):
        (due,) = await claim(database, now)
        recorded = await record(database, due, FAILURE, now)
        assert recorded is not None
        if number < 10:
            assert recorded.state == "pending" and recorded.due_at is not None
            now = recorded.due_at
    assert recorded == Recorded("exhausted", None)
    assert timedelta(hours=75) < now - NOON < timedelta(hours=76)
    now = NOON + timedelta(days=5)
    await emit(database, alice, now)
    waiting = await emit(database, alice, now)
    first, second = await claim(database, now)
    assert await record(database, first, FAILURE, now) == Recorded("cancelled", None, "failing")
    assert await record(database, second, FAILURE, now) is None
    stopped = await hook_now(database, alice, hook)
    assert (stopped.disabled_at, stopped.disabled_reason) == (now, "failing")
    async with database.workspace(alice.id) as tx:
        states = {each.event_id: each.state for each in (await deliveries.page(tx, hook.id)).items}
        assert states[waiting.id] == "cancelled"
        assert (await hooks.enable(tx, hook.id)).disabled_at is None


@pytest.mark.check(193)
async def test_sporadic_failures_do_not_disable(database: Database, vault: Vault, alice: Tenant) -> None:
    """A success in between starts the five days anew."""
    hook = await subscribe(database, vault, alice)
    for day, outcome in ((0, FAILURE), (3, FINE), (4, FAILURE), (8, FAILURE)):
        now = NOON + timedelta(days=day)
        await emit(database, alice, now)
        for due in await claim(database, now):
            await record(database, due, outcome, now)
    assert (await hook_now(database, alice, hook)).disabled_at is None


@pytest.mark.check(194)
async def test_gone_disables_at_once(database: Database, vault: Vault, alice: Tenant) -> None:
    """410 ends the hook and what waits for it; another hook is not touched."""
    gone, other = await subscribe(database, vault, alice), await subscribe(database, vault, alice, "https://b.example")
    await emit(database, alice)
    await emit(database, alice)
    claimed = await claim(database, NOON)
    mine = [due for due in claimed if due.hook_id == gone.id]
    assert len(claimed) == 4
    assert await record(database, mine[0], Outcome(410, 3), NOON) == Recorded("cancelled", None, "gone")
    assert await record(database, mine[1], FINE, NOON) is None
    assert (await hook_now(database, alice, gone)).disabled_reason == "gone"
    assert (await hook_now(database, alice, other)).disabled_at is None
    for due in claimed:
        if due.hook_id == other.id:
            assert await record(database, due, FINE, NOON) == Recorded("delivered", None)


@pytest.mark.check(195)
@pytest.mark.parametrize("status", [301, 302, 307, 199, 404, None])
async def test_everything_else_is_a_failure(
    database: Database, vault: Vault, alice: Tenant, status: int | None
) -> None:
    """Only 2xx is success: a redirect is a failure, no answer too; the excerpt is cut to 1 kB."""
    hook = await subscribe(database, vault, alice)
    event = await emit(database, alice)
    (due,) = await claim(database, NOON)
    recorded = await record(database, due, Outcome(status, 1, "hook_timeout", b"x" * 5000), NOON)
    assert recorded is not None and recorded.state == "pending"
    async with database.workspace(alice.id) as tx:
        (line,) = await deliveries.attempts(tx, hook.id, event.id)
    assert (line.status, line.error, len(line.excerpt)) == (status, "hook_timeout", 1024)


@pytest.mark.check(192, 193, 196)
@given(st.integers(1, 12), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_the_schedule(failed: int, chance: float, asked: float | None) -> None:
    """A pause lies within 20 % of the schedule and is as long as was asked for, up to a day."""
    pause = next_pause(failed, chance, None if asked is None else timedelta(seconds=asked))
    if failed >= 10:
        assert pause is None
        return
    assert pause is not None
    planned = DELAYS[failed - 1]
    assert pause >= planned * 0.8 - timedelta(microseconds=1)
    assert pause <= max(planned * 1.2, timedelta(hours=24)) + timedelta(microseconds=1)
    if asked is None:
        assert pause <= planned * 1.2 + timedelta(microseconds=1)
    else:
        assert pause >= min(timedelta(seconds=asked), timedelta(hours=24))


@pytest.mark.check(199)
async def test_a_sender_that_dies_is_replaced(database: Database, vault: Vault, alice: Tenant) -> None:
    """After the lease another sender gets the delivery under the same id; the first one's word no longer counts."""
    await subscribe(database, vault, alice)
    event = await emit(database, alice)
    (first,) = await claim(database, NOON)
    assert await claim(database, NOON + timedelta(seconds=59)) == []
    (second,) = await claim(database, NOON + timedelta(seconds=60))
    assert second.event_id == first.event_id == event.id
    assert await record(database, first, FAILURE, NOON) is None
    assert await record(database, second, FINE, NOON) == Recorded("delivered", None)


@pytest.mark.check(201)
async def test_a_dead_endpoint_does_not_hold_up_others(database: Database, vault: Vault, alice: Tenant) -> None:
    """However many deliveries wait for a dead endpoint, a few are under way, and the healthy one is served."""
    dead = await subscribe(database, vault, alice, "https://dead.example")
    async with database.workspace(alice.id) as tx:
        for _ in range(40):
            await events.enqueue(tx, "NEW_IMAGE", "{}", NOON)
    assert len(await claim(database, NOON, per_hook=4)) == 4
    healthy = await subscribe(database, vault, alice, "https://healthy.example")
    await emit(database, alice, NOON + timedelta(seconds=1))
    taken = await claim(database, NOON + timedelta(seconds=1), per_hook=4)
    assert [due.hook_id for due in taken] == [healthy.id]
    assert dead.id != healthy.id


async def test_two_senders_never_get_the_same(database: Database, vault: Vault, alice: Tenant) -> None:
    """Claims at the same time share the work."""
    for number in range(3):
        await subscribe(database, vault, alice, f"https://{number}.example")
    async with database.workspace(alice.id) as tx:
        for _ in range(6):
            await events.enqueue(tx, "NEW_IMAGE", "{}", NOON)
    rounds = await asyncio.gather(*(claim(database, NOON, limit=5) for _ in range(6)))
    taken = [(due.event_id, due.hook_id) for each in rounds for due in each]
    assert len(taken) == len(set(taken))
    while more := await claim(database, NOON, limit=5):
        taken += [(due.event_id, due.hook_id) for due in more]
    assert len(taken) == len(set(taken)) == 18


@pytest.mark.check(203)
async def test_events_are_replayed(database: Database, vault: Vault, alice: Tenant, bob: Tenant) -> None:
    """One, a time range, or what was exhausted: same id, a new attempt, the log goes on; foreign hooks get nothing."""
    hook = await subscribe(database, vault, alice)
    made = [await emit(database, alice, NOON + timedelta(hours=n)) for n in range(3)]
    later = NOON + timedelta(days=1)
    for due in await claim(database, later):
        assert await record(database, due, FINE, later) is not None

    async def again(**which: object) -> list[str]:
        async with database.workspace(alice.id) as tx:
            count = await deliveries.replay(tx, hook.id, later, **which)  # type: ignore[arg-type]
        taken = await claim(database, later)
        assert len(taken) == count
        for due in taken:
            assert due.attempts >= 1
            await record(database, due, FINE, later)
        return sorted(due.event_id for due in taken)

    assert await again(event=made[0].id) == [made[0].id]
    assert await again(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2)) == [made[1].id]
    assert await again() == sorted(event.id for event in made)
    async with database.workspace(bob.id) as tx:
        assert await deliveries.replay(tx, hook.id, later) == 0
    async with database.workspace(alice.id) as tx:
        assert [line.number for line in await deliveries.attempts(tx, hook.id, made[0].id)] == [1, 2, 3]
        # A hook that subscribed later gets what it missed.
        late = (await hooks.subscribe(tx, vault, "NEW_IMAGE", "https://late.example", None, later)).hook
        assert await deliveries.replay(tx, late.id, later) == 3
        assert await deliveries.replay(tx, late.id, later) == 0


async def test_the_delivery_log_has_pages(database: Database, vault: Vault, alice: Tenant) -> None:
    """Newest first, each once; old events go with everything that belongs to them."""
    hook = await subscribe(database, vault, alice)
    made = [await emit(database, alice, NOON + timedelta(minutes=n)) for n in range(5)]
    seen = []
    cursor = None
    async with database.workspace(alice.id) as tx:
        while True:
            page = await deliveries.page(tx, hook.id, cursor=cursor, limit=2)
            seen += [each.event_id for each in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert seen == [event.id for event in reversed(made)]
    async with database.system() as system:
        assert await events.purge(system, NOON + timedelta(minutes=3)) == 3
    async with database.workspace(alice.id) as tx:
        assert len((await deliveries.page(tx, hook.id)).items) == 2
        with pytest.raises(NotFound, match="no event"):
            await events.get(tx, made[0].id)
