"""Pictures: recorded once per address, listed newest first in stable pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import digest, new_image

from tirage.db.connect import Database
from tirage.ids import new_uid
from tirage.store import images, unique
from tirage.store.errors import Invalid, NotFound
from tirage.store.images import ImageFilter

pytestmark = pytest.mark.anyio


async def test_a_repeated_request_finds_its_picture(database: Database, alice: Tenant) -> None:
    """The same job recorded twice is one row with one id."""
    async with database.workspace(alice.id) as tx:
        first = await images.insert(tx, new_image(alice.id), NOON)
    async with database.workspace(alice.id) as tx:
        again = await images.insert(tx, new_image(alice.id), NOON + timedelta(minutes=1))
        assert again == first
        assert await images.get(tx, first.id) == first
        assert await images.by_path(tx, first.path_folder, first.path_name) == first
        assert await images.by_recipe(tx, first.recipe) == first
        assert first.path == f"{first.path_folder}/{first.path_name}.png"
        assert len((await images.page(tx)).items) == 1


async def test_an_address_is_public_and_belongs_to_one_workspace(
    database: Database, alice: Tenant, bob: Tenant
) -> None:
    """The system finds a picture by its address; another workspace does not."""
    async with database.workspace(alice.id) as tx:
        mine = await images.insert(tx, new_image(alice.id), NOON)
    async with database.system() as system:
        assert await images.find_public(system, mine.path_folder, mine.path_name) == mine
        assert await images.find_public(system, mine.path_folder, "0" * 10) is None
    async with database.workspace(bob.id) as tx:
        assert await images.by_path(tx, mine.path_folder, mine.path_name) is None
        with pytest.raises(NotFound, match="no image"):
            await images.get(tx, mine.id)
        with pytest.raises(NotFound):
            await images.delete(tx, mine.id)
    async with database.workspace(alice.id) as tx:
        assert await images.delete(tx, mine.id) == mine
        with pytest.raises(NotFound):
            await images.delete(tx, mine.id)


async def test_a_taken_id_is_tried_again(
    database: Database, alice: Tenant, bob: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that another tenant has, which the insert cannot even see, costs a second try and nothing else."""
    async with database.workspace(bob.id) as tx:
        theirs = await images.insert(tx, new_image(bob.id), NOON)
    given = iter([theirs.id, theirs.id, new_uid()])
    async with database.workspace(alice.id) as tx:

        async def attempt(uid: str) -> images.Image | None:
            values = {name: getattr(new_image(alice.id), name) for name in images.NewImage.__slots__}
            return await tx.one(images.Image, images._INSERT_OR_NONE, uid=uid, now=NOON, **values)

        mine = await unique.with_new_uid(attempt, new=lambda: next(given))
        assert mine.id != theirs.id
        with pytest.raises(RuntimeError, match="randomness"):
            await unique.with_new_uid(attempt, new=lambda: theirs.id)


@pytest.mark.check(20)
async def test_pages_are_stable_while_pictures_come_and_go(database: Database, alice: Tenant) -> None:
    """Walking the pages shows each picture that was there exactly once, newest first, whatever happens meanwhile."""
    async with database.workspace(alice.id) as tx:
        # Pairs of equal times: the id decides between them.
        made = [
            await images.insert(tx, new_image(f"{alice.id} {number}"), NOON + timedelta(seconds=number // 2))
            for number in range(11)
        ]
    expected = sorted(made, key=lambda image: (image.created_at, image.id), reverse=True)
    seen: list[images.Image] = []
    cursor = None
    for step in range(20):
        async with database.workspace(alice.id) as tx:
            page = await images.page(tx, cursor=cursor, limit=3)
            seen += page.items
            await images.insert(tx, new_image(f"{alice.id} new {step}"), NOON + timedelta(hours=1))
            if step == 0:
                await images.delete(tx, page.items[-1].id)
        cursor = page.next
        if cursor is None:
            break
    assert seen == expected


async def test_a_list_is_filtered(database: Database, alice: Tenant) -> None:
    """Each filter shows what it says."""
    async with database.workspace(alice.id) as tx:
        first = await images.insert(tx, new_image("1" + alice.id, template="aaaaaaaaaa", metadata="x" * 5000), NOON)
        second = await images.insert(tx, new_image("2" + alice.id, format_="webp"), NOON + timedelta(hours=1))

        async def found(which: ImageFilter) -> list[str]:
            return [image.id for image in (await images.page(tx, which)).items]

        assert await found(ImageFilter()) == [second.id, first.id]
        assert await found(ImageFilter(template_id="aaaaaaaaaa")) == [first.id]
        assert await found(ImageFilter(format="webp")) == [second.id]
        assert await found(ImageFilter(metadata="x" * 5000)) == [first.id]
        assert await found(ImageFilter(metadata="x%")) == []
        assert await found(ImageFilter(status="failed")) == []
        assert await found(ImageFilter(since=NOON + timedelta(minutes=1))) == [second.id]
        assert await found(ImageFilter(until=NOON + timedelta(minutes=1))) == [first.id]


@pytest.mark.check(150)
async def test_a_cursor_belongs_to_its_list(database: Database, alice: Tenant, bob: Tenant) -> None:
    """Another workspace, other filters, or an altered text: the cursor is refused."""
    async with database.workspace(alice.id) as tx:
        for number in range(3):
            await images.insert(tx, new_image(f"{alice.id} {number}"), NOON)
        cursor = (await images.page(tx, limit=1)).next
        assert cursor is not None
        with pytest.raises(Invalid, match="does not belong"):
            await images.page(tx, ImageFilter(format="png"), cursor=cursor)
        for wrong in ("", "x", cursor[:-3], "é", "A" * 5000, cursor + "%", "' OR 1=1"):
            with pytest.raises(Invalid, match="does not belong"):
                await images.page(tx, cursor=wrong)
    async with database.workspace(bob.id) as tx:
        with pytest.raises(Invalid, match="does not belong"):
            await images.page(tx, cursor=cursor)


async def test_a_picture_outlives_its_design(database: Database, alice: Tenant) -> None:
    """A picture's design need not exist: the id is history, not a reference."""
    async with database.workspace(alice.id) as tx:
        image = await images.insert(tx, new_image(alice.id, template="0123456789"), NOON)
    assert image.template_id == "0123456789" and image.sha256 == digest(alice.id)
