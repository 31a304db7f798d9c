"""A chunk of a batch belongs to its newest claim: what a worker that stood still brings later is written nowhere."""

from __future__ import annotations

import pytest
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import new_document

from tirage.db.connect import Database
from tirage.store import batches, templates
from tirage.store.batches import LEASE, Batch, Claim, Fenced, Result

pytestmark = pytest.mark.anyio


@pytest.mark.check(17)
async def test_a_worker_that_was_replaced_writes_nothing(database: Database, alice: Tenant) -> None:
    """Two workers, one stands still for longer than its lease: its results are refused, each row counts once."""
    async with database.workspace(alice.id) as tx:
        design = await templates.create(tx, new_document(), NOON)
        batch = await batches.create(tx, design.id, design.version, "png", ("", "table"), NOON)
        await batches.put_rows(tx, batch.id, [(number, "{}", "", f"row {number}") for number in (1, 2)])
        assert await batches.expanded(tx, batch.id, 2, 0, NOON) == 1

    async def claim(job: int, after: int) -> Claim | None:
        async with database.workspace(alice.id) as tx:
            return await batches.claim(tx, batch.id, job, NOON + after * LEASE)

    async def settle(held: Claim, problem: str) -> Batch:
        results = [Result(number, problem=problem) for number in (1, 2)]
        async with database.workspace(alice.id) as tx:
            await batches.get(tx, batch.id, lock=True)
            return await batches.settle(tx, batch.id, held, results)

    paused = await claim(1, 0)
    assert paused is not None and await claim(2, 0) is None
    other = await claim(2, 2)
    assert other is not None and (other.number, other.epoch > paused.epoch) == (paused.number, True)
    with pytest.raises(Fenced):
        await settle(paused, '{"code":"late","message":"Late."}')
    told = await settle(other, '{"code":"first","message":"First."}')
    assert (told.done, told.failed) == (0, 2)
    with pytest.raises(Fenced):
        await settle(paused, '{"code":"late","message":"Late."}')
    async with database.workspace(alice.id) as tx:
        rows = await batches.rows(tx, batch.id, None, 0, 10)
        assert [(each.number, "first" in each.problem) for each in rows] == [(1, True), (2, True)]
        assert (await batches.get(tx, batch.id)).failed == 2
