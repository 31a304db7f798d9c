"""Workspaces, designs, media and fonts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.db.fixtures import NOON, Tenant
from tests.store.samples import digest, new_asset, new_document, new_image

from tirage.db.connect import Database
from tirage.store import accounts, assets, fonts, images, templates, workspaces
from tirage.store.errors import Conflict, Invalid, NotFound
from tirage.store.fonts import NewFont
from tirage.store.workspaces import WorkspaceSettings

pytestmark = pytest.mark.anyio

FONT = NewFont("Inter", "Bold", 700, False, "Inter-Bold.ttf", 1000, digest("inter"), "fonts/inter")
LATER = NOON + timedelta(hours=1)


async def test_workspaces_are_listed_renamed_and_deleted(database: Database, alice: Tenant, bob: Tenant) -> None:
    """Newest first; of those a key may touch; another account's is no different from none."""
    async with database.account(alice.account.id) as tx:
        second = await workspaces.create(tx, "Second", LATER)
        assert await workspaces.list_workspaces(tx) == [second, alice.workspace]
        assert await workspaces.list_workspaces(tx, (alice.id, bob.id)) == [alice.workspace]
        renamed = await workspaces.rename(tx, second.id, "Two", LATER)
        assert renamed.name == "Two" and await workspaces.get(tx, second.id) == renamed
        for attempt in (
            workspaces.get(tx, bob.id),
            workspaces.rename(tx, bob.id, "mine", NOON),
            workspaces.delete(tx, bob.id),
        ):
            with pytest.raises(NotFound, match="no workspace"):
                await attempt
    async with database.system() as system:
        assert await accounts.oldest(system) is not None
    async with database.account(alice.account.id) as tx:
        assert await accounts.get(tx) == alice.account


async def test_a_deleted_workspace_names_its_objects(database: Database, alice: Tenant) -> None:
    """Everything inside goes, and the keys of all its objects are told, folders' contents too."""
    async with database.workspace(alice.id) as tx:
        image = await images.insert(tx, new_image(alice.id), NOON)
        shelf = await assets.create_folder(tx, "shelf", NOON)
        asset = await assets.insert(tx, new_asset(), NOON, parent=shelf.id)
        font = (await fonts.put(tx, FONT, NOON, most=9)).font
        await templates.create(tx, new_document(), NOON)
    async with database.account(alice.account.id) as tx:
        gone = await workspaces.delete(tx, alice.id)
    assert gone.workspace == alice.workspace
    assert set(gone.blob_keys) == {image.blob_key, asset.blob_key, font.blob_key}
    async with database.workspace(alice.id) as tx:
        assert (await images.page(tx)).items == () and await templates.list_templates(tx) == []


async def test_settings_of_a_workspace(database: Database, alice: Tenant) -> None:
    """Without settings those of a new workspace hold; what is set comes back."""
    origin = f"https://{alice.id}.example"
    wanted = WorkspaceSettings((origin, "https://b.example"), "open", True)
    async with database.workspace(alice.id) as tx:
        assert await workspaces.settings(tx) == WorkspaceSettings()
        for each in (WorkspaceSettings(strict=True), wanted):
            await workspaces.change_settings(tx, each, NOON)
        assert await workspaces.settings(tx) == wanted
    async with database.system() as system:
        assert await workspaces.origin_listed(system, origin)
        assert not await workspaces.origin_listed(system, origin + ".evil.com")


async def test_a_design_keeps_its_versions(database: Database, alice: Tenant) -> None:
    """Each change is a version; old ones stay readable; a change of what somebody else changed is refused."""
    async with database.workspace(alice.id) as tx:
        made = await templates.create(tx, new_document("One"), NOON)
        assert made.version == 1
        second = await templates.replace(tx, made.id, new_document("Two"), LATER, expected=1)
        assert (second.version, second.name, second.created_at, second.updated_at) == (2, "Two", NOON, LATER)
        with pytest.raises(Conflict, match="at version 2, not 1") as conflict:
            await templates.replace(tx, made.id, new_document("Three"), LATER, expected=1)
        assert conflict.value.code == "version_conflict"
        assert (await templates.replace(tx, made.id, new_document("Four"), LATER)).version == 3
        assert (await templates.document(tx, made.id)).document == new_document("Four").document
        first = await templates.document(tx, made.id, 1)
        assert (first.document, first.document_hash) == (
            new_document("One").document,
            new_document("One").document_hash,
        )
        for version in (0, 4):
            with pytest.raises(NotFound, match="no template"):
                await templates.document(tx, made.id, version)
        with pytest.raises(NotFound) as missing:
            await templates.replace(tx, "0000000000", new_document(), NOON)
        assert missing.value.code == "template_not_found"


async def test_designs_are_listed_and_deleted(database: Database, alice: Tenant, bob: Tenant) -> None:
    """Newest first; a deleted one is gone with its documents; another workspace's was never there."""
    async with database.workspace(alice.id) as tx:
        made = [await templates.create(tx, new_document(str(n)), NOON + timedelta(hours=n)) for n in range(3)]
        assert await templates.list_templates(tx) == made[::-1]
        assert await templates.delete(tx, made[1].id) == made[1]
        assert await templates.list_templates(tx) == [made[2], made[0]]
        with pytest.raises(NotFound):
            await templates.document(tx, made[1].id)
    async with database.workspace(bob.id) as tx:
        for attempt in (
            templates.get(tx, made[0].id),
            templates.document(tx, made[0].id),
            templates.delete(tx, made[0].id),
            templates.replace(tx, made[0].id, new_document(), NOON),
        ):
            with pytest.raises(NotFound):
                await attempt


async def test_who_decides_about_links(database: Database, alice: Tenant) -> None:
    """A design's own policy, else its workspace's, else signed; a link finds the design by its id alone."""
    async with database.workspace(alice.id) as tx:
        made = await templates.create(tx, new_document(), NOON)

    async def policy() -> str | None:
        async with database.system() as system:
            found = await templates.find_public(system, made.id)
        return None if found is None else found.link_policy

    assert await policy() == "signed"
    async with database.workspace(alice.id) as tx:
        await workspaces.change_settings(tx, WorkspaceSettings(link_policy="open"), NOON)
    assert await policy() == "open"
    async with database.workspace(alice.id) as tx:
        changed = await templates.change(tx, made.id, LATER, link_policy="off", strict=True)
        assert (changed.strict, changed.version) == (True, 1)
    assert await policy() == "off"
    async with database.system() as system:
        assert await templates.find_public(system, "0000000000") is None


async def test_media_come_in_numbered_pages(database: Database, alice: Tenant) -> None:
    """Pages are counted from 1, an empty library has one, past the last one there is nothing."""
    async with database.workspace(alice.id) as tx:
        empty = await assets.page(tx)
        assert (empty.page, empty.total_pages, empty.results) == (1, 1, ())
        made = [await assets.insert(tx, new_asset(str(n)), NOON + timedelta(seconds=n)) for n in range(5)]
        first, third = await assets.page(tx, 1, size=2), await assets.page(tx, 3, size=2)
        assert (first.total_pages, list(first.results)) == (3, [made[4], made[3]])
        assert list(third.results) == [made[0]]
        assert (await assets.page(tx, 4, size=2)).results == ()
        assert (await assets.page(tx, 10**30, size=2)).results == ()


async def test_an_asset_is_replaced_and_deleted(database: Database, alice: Tenant, bob: Tenant) -> None:
    """A new file takes the old one's place and id; the old object is named; folders go with their contents."""
    async with database.workspace(alice.id) as tx:
        shelf = await assets.create_folder(tx, "shelf", NOON)
        inner = await assets.create_folder(tx, "inner", NOON, parent=shelf.id)
        asset = await assets.insert(tx, new_asset("a.png"), NOON, parent=inner.id)
        assert (await assets.page(tx)).results == (shelf,)
        assert (await assets.page(tx, parent=inner.id)).results == (asset,)
        replaced = await assets.replace(tx, asset.id, new_asset("b.png"), LATER)
        assert (replaced.old_blob_key, replaced.asset.id) == ("media/a.png", asset.id)
        assert (replaced.asset.filename, replaced.asset.updated_at) == ("b.png", LATER)
        assert (await assets.replace(tx, asset.id, new_asset("b.png"), LATER)).old_blob_key is None
        with pytest.raises(Invalid, match="folder"):
            await assets.replace(tx, shelf.id, new_asset(), NOON)
        with pytest.raises(NotFound):
            await assets.insert(tx, new_asset(), NOON, parent=asset.id)
    async with database.system() as system:
        assert await assets.find_public(system, asset.id) == replaced.asset
        assert await assets.find_public(system, shelf.id) is None
    async with database.workspace(bob.id) as tx:
        for attempt in (
            assets.get(tx, asset.id),
            assets.delete(tx, asset.id),
            assets.insert(tx, new_asset(), NOON, parent=shelf.id),
        ):
            with pytest.raises(NotFound):
                await attempt
    async with database.workspace(alice.id) as tx:
        gone = await assets.delete(tx, shelf.id)
        assert (gone.asset, gone.blob_keys) == (shelf, ("media/b.png",))
        assert (await assets.page(tx)).results == ()


async def test_a_font_stands_for_a_style_of_a_family(database: Database, alice: Tenant, bob: Tenant) -> None:
    """The same family and style replaces the file and keeps the id; there is a most; another workspace sees nothing."""
    async with database.workspace(alice.id) as tx:
        assert await fonts.mark(tx) == ""
        made = await fonts.put(tx, FONT, NOON, most=1)
        assert (made.font.created_at, made.old_blob_key) == (NOON, None)
        first = await fonts.mark(tx)
        newer = replace(FONT, family="INTER", sha256=digest("newer"), blob_key="fonts/newer", size=2)
        again = await fonts.put(tx, newer, LATER, most=1)
        assert (again.font.id, again.font.size, again.old_blob_key) == (made.font.id, 2, FONT.blob_key)
        assert await fonts.mark(tx) not in ("", first)
        with pytest.raises(Conflict, match="1 fonts, which is the most"):
            await fonts.put(tx, replace(FONT, style="Regular"), LATER, most=1)
        assert await fonts.list_fonts(tx) == [again.font]
    async with database.workspace(bob.id) as tx:
        theirs = (await fonts.put(tx, FONT, NOON, most=9)).font
        assert theirs.id != made.font.id and await fonts.list_fonts(tx) == [theirs]
        for attempt in (fonts.get(tx, made.font.id), fonts.delete(tx, made.font.id)):
            with pytest.raises(NotFound, match="no font"):
                await attempt
    async with database.workspace(alice.id) as tx:
        assert await fonts.get(tx, made.font.id) == again.font
        assert await fonts.delete(tx, made.font.id) == again.font
        assert await fonts.list_fonts(tx) == [] and await fonts.mark(tx) == ""
