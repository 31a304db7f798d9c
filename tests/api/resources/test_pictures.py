"""`/images/{id}`: the recipe of a picture, drawing it again, the proof of its bytes; and who may ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from tests.api.resources.test_fonts import design, new_design, upload
from tests.api.resources.test_templates import MISSING
from tests.harness.client import Person, Running
from tests.harness.evil import png
from tests.harness.typeface import bar_font

from tirage.actions import verify_picture
from tirage.engine.recipe import engine_identity
from tirage.store import images, keys

pytestmark = pytest.mark.anyio

PHOTO = {"width": 8, "height": 8, "layers": [{"type": "image", "name": "photo", "imageUrl": ""}]}


async def draw(person: Person, uid: str, **body: Any) -> dict[str, Any]:
    """A drawn picture as the answer tells it."""
    answer = await person.client.post(f"/designs/{uid}", json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def verify(person: Person, uid: str) -> dict[str, Any]:
    """What verification says."""
    answer = await person.client.post(f"/images/{uid}/verify")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def photo(person: Person) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A file of the library, and a picture that shows it: the file's path, the picture, the design's id in it."""
    path = f"/media/{person.workspace}/assets"
    made = (await person.client.post(path, files={"file": ("a.png", png(8, 8, 200))})).json()
    uid = await new_design(person, PHOTO)
    drawn = await draw(person, uid, params=[{"name": "photo", "imageUrl": made["url"]}], metadata="m")
    return f"{path}/{made['id']}", drawn, made


async def test_a_record_tells_the_recipe(alice: Person, running: Running) -> None:
    """What the wire tells, and all that decided the bytes."""
    _, drawn, file = await photo(alice)
    told = (await alice.client.get(f"/images/{drawn['id']}")).json()
    assert {name: told[name] for name in drawn} == drawn
    data = (await running.client().get(drawn["imageUrl"])).content
    assert told["bytes"] == len(data) and told["templateVersion"] == 1
    recipe = told["recipe"]
    assert len(recipe["sha256"]) == 64 and recipe["engine"] == engine_identity()
    assert recipe["params"] == [{"name": "photo", "imageUrl": file["url"]}]
    assert recipe["format"] == "png" and recipe["options"]["scale"] == 1
    (row,) = recipe["rows"]
    assert (row["templateId"], row["templateVersion"]) == (drawn["templateId"], 1)
    assert [each["name"] for each in row["images"]] == [file["url"]] and row["fonts"] == []
    assert row["moment"] == "2026-11-22T12:00:00.000Z"


async def test_the_file_stays_where_it_was(alice: Person, running: Running) -> None:
    """An address of a file has a slash, plain or encoded, and is no id; a missing one is 404 without a key."""
    _, drawn, _ = await photo(alice)
    path = drawn["imageUrl"].partition("/images/")[2]
    for address in (path, path.replace("/", "%2f")):
        assert (await running.client().get(f"/images/{address}")).headers["content-type"] == "image/png"
    assert (await running.client().get("/images/nothing")).status_code == 404
    assert (await running.client().get(f"/images/{drawn['id']}")).status_code == 401


async def test_the_same_bytes_are_the_same_picture(alice: Person, running: Running) -> None:
    """Also a day later, with dates as of then; where the file is gone, it is put back."""
    uid = await new_design(alice, design("Inter", text="{{ now() }}"))
    first = await draw(alice, uid)
    running.clock.advance(timedelta(days=3))
    assert (await draw(alice, uid))["id"] != first["id"]
    data = (await running.client().get(first["imageUrl"])).content
    async with running.service.database.workspace(alice.workspace) as tx:
        key = (await images.get(tx, first["id"])).blob_key
    await running.service.blobs.delete(key)
    assert (await running.client().get(first["imageUrl"])).status_code == 404
    said = await verify(alice, first["id"])
    assert said["verified"] is False and said["actualSha256"] == said["expectedSha256"]
    assert [each["kind"] for each in said["differs"]] == ["file"]
    again = await alice.client.post(f"/images/{first['id']}/rerender")
    assert (again.status_code, again.json()) == (200, first)
    assert (await running.client().get(first["imageUrl"])).content == data
    assert (await verify(alice, first["id"])) == {
        "id": first["id"],
        "verified": True,
        "expectedSha256": said["expectedSha256"],
        "actualSha256": said["expectedSha256"],
        "differs": [],
    }


async def test_another_picture_at_the_same_address_is_told(alice: Person) -> None:
    """A replaced file of the library: the resource differs, and drawing again is a new picture, once."""
    path, drawn, file = await photo(alice)
    assert (await verify(alice, drawn["id"]))["verified"] is True
    await alice.client.put(path, files={"file": ("b.png", png(8, 8, 100))})
    said = await verify(alice, drawn["id"])
    assert said["verified"] is False and said["actualSha256"] != said["expectedSha256"]
    (told,) = said["differs"]
    assert (told["kind"], told["name"]) == ("resource", file["url"]) and told["expected"] != told["actual"]
    new = (await alice.client.post(f"/images/{drawn['id']}/rerender")).json()
    assert new["id"] != drawn["id"] and new["metadata"] == "m"
    assert (await alice.client.post(f"/images/{drawn['id']}/rerender")).json()["id"] == new["id"]
    assert (await verify(alice, new["id"]))["verified"] is True
    await alice.client.delete(path)
    gone = await verify(alice, drawn["id"])
    assert gone["actualSha256"] is None and [each["kind"] for each in gone["differs"]] == ["resource"]
    failed = await alice.client.post(f"/images/{drawn['id']}/rerender")
    assert failed.status_code == 422 and failed.json()["errors"][0]["layer"] == "photo"


async def test_fonts_engine_and_design_are_told(
    alice: Person, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thing that changed is named by its kind, and a design that is gone cannot be drawn any more."""
    await upload(alice, bar_font(bar=300))
    uid = await new_design(alice, design("Bars"))
    drawn = await draw(alice, uid)
    record = (await alice.client.get(f"/images/{drawn['id']}")).json()
    assert [each["name"] for each in record["recipe"]["rows"][0]["fonts"]] == ["Bars-Regular"]
    await alice.client.put(f"/templates/{uid}", json=design("Inter"), headers={"If-Match": "*"})
    assert (await verify(alice, drawn["id"]))["verified"] is True  # the version of then
    latest = (await alice.client.post(f"/images/{drawn['id']}/rerender?latest=true")).json()
    assert latest["id"] != drawn["id"]
    assert (await alice.client.get(f"/images/{latest['id']}")).json()["templateVersion"] == 2
    await upload(alice, bar_font(bar=600))
    said = await verify(alice, drawn["id"])
    assert [(each["kind"], each["name"]) for each in said["differs"]] == [("font", "Bars-Regular")]
    monkeypatch.setattr(verify_picture, "engine_identity", lambda: "tirage/99")
    said = await verify(alice, latest["id"])
    assert said["verified"] is True and [each["kind"] for each in said["differs"]] == ["engine"]
    monkeypatch.undo()
    async with running.service.database.workspace(alice.workspace) as tx:
        document = orjson.dumps(design("Inter", text="Other")).decode()
        change = "UPDATE template_versions SET document = %(document)s WHERE template_id = %(uid)s AND version = 2"
        await tx.execute(change, document=document, uid=uid)
    running.app._app.state.designs._designs.clear()
    said = await verify(alice, latest["id"])
    assert said["verified"] is False and [each["kind"] for each in said["differs"]] == ["template"]
    await alice.client.delete(f"/templates/{uid}")
    running.app._app.state.designs._designs.clear()
    said = await verify(alice, drawn["id"])
    assert said["actualSha256"] is None and [each["kind"] for each in said["differs"]] == ["template"]
    refused = await alice.client.post(f"/images/{drawn['id']}/rerender")
    assert (refused.status_code, refused.json()["code"]) == (404, "template_not_found")


async def test_every_kind_of_picture_can_be_verified(alice: Person) -> None:
    """Documents, several outputs, pages, links and batch documents; all bytes come again."""
    pages = {
        "pages": [
            {"width": 60, "height": 40, "layers": [{"type": "text", "name": f"t{n}", "text": "Page"}]} for n in (1, 2)
        ]
    }
    single, several = await new_design(alice, design("Inter")), await new_design(alice, pages)
    uids = [(await draw(alice, single, format=name))["id"] for name in ("jpg", "webp", "avif", "pdf", "svg")]
    uids += [each["id"] for each in (await draw(alice, several))["pages"]]
    sizes = await draw(alice, single, sizes=[{"width": 150}, {"width": 600}])
    uids += [each["id"] for each in sizes.get("files") or [sizes]]
    batch = {"pages": [{"templateId": single, "layers": [{"name": "letter", "text": "A"}]}, {"templateId": several}]}
    made = await alice.client.post("/batch", json=batch)
    assert made.status_code == 200, made.text
    uids.append(made.json()["id"])
    link = (
        await alice.client.post(f"/designs/{single}/link", json={"params": [{"name": "letter", "text": "L"}]})
    ).json()
    assert (await alice.client.get(link["url"])).status_code == 200
    uids.append((await alice.client.get("/images")).json()["results"][0]["id"])
    for uid in uids:
        said = await verify(alice, uid)
        assert (said["verified"], said["differs"]) == (True, []), said
    again = await alice.client.post(f"/images/{made.json()['id']}/rerender")
    assert again.json()["id"] == made.json()["id"]


async def test_a_picture_without_an_origin_is_drawn_from_what_there_is(alice: Person, running: Running) -> None:
    """A record of an older version: its version and values are known, and the bytes prove themselves."""
    drawn = await draw(alice, await new_design(alice, design("Inter")))
    async with running.service.database.workspace(alice.workspace) as tx:
        await tx.execute("UPDATE images SET origin = '' WHERE id = %(uid)s", uid=drawn["id"])
    told = (await alice.client.get(f"/images/{drawn['id']}")).json()["recipe"]
    assert told["engine"] is None and told["rows"] == []
    assert (await verify(alice, drawn["id"]))["verified"] is True


@pytest.mark.check(23)
async def test_a_repeated_rerender_is_one_answer(alice: Person) -> None:
    """The same key is answered with the same words, also where the bytes were equal."""
    drawn = await draw(alice, await new_design(alice, design("Inter")))
    headers = {"Idempotency-Key": "again"}
    first, again = [await alice.client.post(f"/images/{drawn['id']}/rerender", headers=headers) for _ in range(2)]
    assert first.status_code == 200 and first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.check(145, 148)
async def test_whose_picture_it_is(alice: Person, bob: Person, running: Running) -> None:
    """Foreign and unknown ids alike are 404; wrong scopes 403; no key 401."""
    drawn = await draw(alice, await new_design(alice, design("Inter")))
    asks = (("GET", ""), ("POST", "/rerender"), ("POST", "/verify"), ("DELETE", ""))
    for uid in (drawn["id"], MISSING):
        for method, end in asks:
            answer = await bob.client.request(method, f"/images/{uid}{end}")
            assert (answer.status_code, answer.json()["code"]) == (404, "image_not_found"), (method, end)
    reader = await running.person("Reader", ("read",), alice.tenant)
    for method, end in asks[1:]:
        answer = await reader.client.request(method, f"/images/{drawn['id']}{end}")
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), (method, end)
    for method, end in asks:
        assert (await running.client().request(method, f"/images/{drawn['id']}{end}")).status_code == 401
    assert (await reader.client.get(f"/images/{drawn['id']}")).status_code == 200
    assert (await alice.client.delete(f"/images/{drawn['id']}")).status_code == 204
    assert (await alice.client.get(f"/images/{drawn['id']}")).status_code == 404


async def bound(running: Running, person: Person, *designs: str) -> httpx.AsyncClient:
    """A client whose key has every scope, for these designs only."""
    async with running.service.database.account(person.tenant.account.id) as tx:
        made = await keys.create(
            tx, "bound", workspaces=(person.workspace,), scopes=keys.SCOPES, now=running.clock.now(), templates=designs
        )
    return running.client({"Authorization": f"Bearer {made.secret.text}"})


@pytest.mark.check(145)
async def test_a_key_for_some_designs(alice: Person, running: Running) -> None:
    """It draws, lists, reads, verifies and deletes pictures of its designs, and no others."""
    mine, other = [await new_design(alice, design("Inter")) for _ in range(2)]
    ours, theirs = await draw(alice, mine), await draw(alice, other)
    client = await bound(running, alice, mine)
    listed = (await client.get("/images")).json()["results"]
    assert [each["id"] for each in listed] == [ours["id"]]
    assert (await client.get("/images", params={"templateId": other})).json()["results"] == []
    refused = [
        ("POST", f"/designs/{other}"),
        ("POST", f"/designs/{other}/report"),
        ("POST", f"/designs/{other}/sample"),
        ("POST", f"/designs/{other}/link"),
        ("GET", f"/images/{theirs['id']}"),
        ("POST", f"/images/{theirs['id']}/rerender"),
        ("POST", f"/images/{theirs['id']}/verify"),
        ("DELETE", f"/images/{theirs['id']}"),
        ("DELETE", f"/images/{theirs['imageUrl'].partition('/images/')[2]}"),
        ("GET", f"/templates/{other}"),
        ("GET", f"/templates/{other}/document"),
        ("PUT", f"/templates/{other}"),
        ("DELETE", f"/templates/{other}"),
        ("POST", "/templates"),
    ]
    for method, path in refused:
        body = None if method in ("GET", "DELETE") else design("Inter") if path.startswith("/templates") else {}
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), (method, path, answer.text)
    batch = {"pages": [{"templateId": mine}, {"templateId": other}]}
    assert (await client.post("/batch", json=batch)).json()["code"] == "insufficient_scope"
    for method, path in (
        ("POST", f"/designs/{mine}"),
        ("POST", f"/images/{ours['id']}/verify"),
        ("GET", f"/templates/{mine}"),
        ("DELETE", f"/images/{ours['id']}"),
    ):
        answer = await client.request(method, path, json={} if "designs" in path else None)
        assert answer.status_code in (200, 204), (method, path, answer.text)
    assert (await alice.client.get(f"/images/{theirs['id']}")).status_code == 200


async def test_lists_have_filters(alice: Person, running: Running) -> None:
    """By design, format, metadata, time and workspace, together and with cursors."""
    first, second = [await new_design(alice, design("Inter")) for _ in range(2)]
    made = []
    for uid, kind in ((first, "png"), (first, "jpg"), (second, "png"), (second, "webp")):
        made.append((await draw(alice, uid, format=kind, metadata=kind))["id"])
        running.clock.advance(timedelta(hours=1))

    async def listed(**params: Any) -> list[str]:
        answer = await alice.client.get("/images", params=params)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["results"]]

    assert await listed() == made[::-1]
    assert await listed(templateId=first) == [made[1], made[0]]
    assert await listed(format="png") == [made[2], made[0]] and await listed(metadata="webp") == [made[3]]
    assert await listed(since="2026-11-22T13:00:00Z") == [made[3], made[2], made[1]]
    assert await listed(since="2026-11-22T13:00:00", until="2026-11-22T15:00:00+01:00") == [made[1]]
    assert await listed(templateId=first, format="webp") == []
    assert await listed(workspaceId=alice.workspace, format="jpg") == [made[1]]
    page = (await alice.client.get("/images", params={"since": "2026-11-22T12:30:00Z", "limit": 2})).json()
    rest = await listed(since="2026-11-22T12:30:00Z", limit=2, cursor=page["next"])
    assert [each["id"] for each in page["results"]] + rest == [made[3], made[2], made[1]]
    wrong = await alice.client.get("/images", params={"limit": 2, "cursor": page["next"]})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor_invalid")
    assert (await alice.client.get("/images", params={"since": "yesterday"})).json()["code"] == "parameter_invalid"
    assert (await alice.client.get("/images", params={"workspaceId": MISSING})).status_code == 404
