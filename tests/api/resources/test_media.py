"""`/media`: uploads, pages, folders, replacement, deletion, public addresses, and files that designs name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.resources.test_templates import MISSING, TIME
from tests.harness.client import Person, Running
from tests.harness.evil import png

pytestmark = pytest.mark.anyio

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
FIELDS = {
    "id",
    "folder",
    "mimeType",
    "filename",
    "size",
    "animated",
    "url",
    "thumbnailUrl",
    "dateCreated",
    "dateUpdated",
}


async def upload(person: Person, data: bytes, name: str = "my_image.png", **fields: str) -> dict[str, Any]:
    """An uploaded file as the answer tells it."""
    path = f"/media/{person.workspace}/assets"
    answer = await person.client.post(path, files={"file": (name, data)}, data=fields)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_file_is_told_as_the_contract_says(alice: Person, running: Running) -> None:
    """Upload, read, list; the file is at its address for everybody, the thumbnail beside it."""
    data = png(900, 450)
    made = await upload(alice, data)
    assert set(made) >= FIELDS
    assert (made["folder"], made["mimeType"], made["filename"]) == (False, "image/png", "my_image.png")
    assert (made["size"], made["animated"], made["width"], made["height"]) == (len(data), None, 900, 450)
    assert TIME.fullmatch(made["dateCreated"]) and TIME.fullmatch(made["dateUpdated"])
    assert made["url"].endswith(".png") and made["thumbnailUrl"].endswith("_t.png")
    path = f"/media/{alice.workspace}/assets"
    assert (await alice.client.get(f"{path}/{made['id']}")).json() == made
    assert (await alice.client.get(path, params={"p": 1})).json() == {"page": 1, "totalPages": 1, "results": [made]}
    shown = await running.client().get(made["url"])
    assert (shown.content, shown.headers["content-type"]) == (data, "image/png")
    assert (
        shown.headers["x-content-type-options"] == "nosniff" and "sandbox" in shown.headers["content-security-policy"]
    )
    known = await running.client().get(made["url"], headers={"If-None-Match": shown.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    for _ in range(2):  # made, then read
        small = await running.client().get(made["thumbnailUrl"])
        assert small.status_code == 200 and int.from_bytes(small.content[16:20]) == 300
    for wrong in (made["url"].replace(made["id"], MISSING), f"/media/{made['id']}/{'0' * 20}.png"):
        assert (await running.client().get(wrong)).json()["code"] == "asset_not_found"


async def test_pages_are_numbered_and_the_newest_comes_first(alice: Person, running: Running) -> None:
    """An empty library has one page; what is no page number is refused."""
    path = f"/media/{alice.workspace}/assets"
    assert (await alice.client.get(path)).json() == {"page": 1, "totalPages": 1, "results": []}
    for name in ("a.png", "b.png"):
        await upload(alice, png(), name)
        running.clock.advance(timedelta(seconds=1))
    assert [each["filename"] for each in (await alice.client.get(path)).json()["results"]] == ["b.png", "a.png"]
    assert (await alice.client.get(path, params={"p": 2})).json()["results"] == []
    for wrong in ("0", "x", "-1", "9" * 20):
        answer = await alice.client.get(path, params={"p": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")


async def test_folders_hold_files_and_go_with_them(alice: Person, running: Running) -> None:
    """A folder has no address; deleting it deletes the objects inside."""
    path = f"/media/{alice.workspace}"
    folder = (await alice.client.post(f"{path}/folders", json={"filename": "Logos"})).json()
    assert (folder["folder"], folder["url"], folder["mimeType"], folder["size"]) == (True, None, None, 0)
    inside = await upload(alice, png(), parentId=folder["id"])
    assert inside["parentId"] == folder["id"]
    assert (await alice.client.get(f"{path}/assets")).json()["results"] == [folder]
    listed = await alice.client.get(f"{path}/assets", params={"folder": folder["id"]})
    assert listed.json()["results"] == [inside]
    nowhere = await alice.client.post(f"{path}/assets", files={"file": ("a.png", png())}, data={"parentId": MISSING})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "asset_not_found")
    replaced = await alice.client.put(f"{path}/assets/{folder['id']}", files={"file": ("a.png", png())})
    assert (replaced.status_code, replaced.json()["code"]) == (422, "asset_is_folder")
    assert (await alice.client.delete(f"{path}/assets/{folder['id']}")).json() == folder
    assert [each async for each in running.service.blobs.list(f"{alice.workspace}/")] == []
    assert (await running.client().get(inside["url"])).status_code == 404


async def test_a_replaced_file_keeps_its_address(alice: Person, running: Running) -> None:
    """The id stays, the old bytes are gone, a deleted one answers with what it was and is nowhere any more."""
    made = await upload(alice, png(20, 10))
    await running.client().get(made["thumbnailUrl"])
    path = f"/media/{alice.workspace}/assets/{made['id']}"
    running.clock.advance(timedelta(seconds=1))
    new = (await alice.client.put(path, files={"file": ("new.svg", SVG)})).json()
    assert (new["id"], new["mimeType"], new["filename"]) == (made["id"], "image/svg+xml", "new.svg")
    assert new["dateUpdated"] > made["dateUpdated"] and new["dateCreated"] == made["dateCreated"]
    for address in (made["url"], new["url"], new["thumbnailUrl"]):
        assert (await running.client().get(address)).content == SVG
    assert len([each async for each in running.service.blobs.list(f"{alice.workspace}/")]) == 1
    gone = await alice.client.request("DELETE", path, json={})
    assert (gone.status_code, gone.json()) == (200, new)
    assert (await alice.client.get(path)).json()["code"] == "asset_not_found"
    assert (await running.client().get(new["url"])).status_code == 404
    assert [each async for each in running.service.blobs.list(f"{alice.workspace}/")] == []


async def test_what_is_no_picture_is_refused(alice: Person, running: Running) -> None:
    """The bytes decide; nothing is kept of what is refused, nor where the part `file` is missing or too large."""
    path = f"/media/{alice.workspace}/assets"
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"files": {"file": ("a.png", b"<html><script>")}}, 422, "source_not_image"),
        ({"files": {"file": ("a.png", png(9, 9)[:60])}}, 422, "source_truncated"),
        ({"files": {"file": ("a.png", png(60_000, 1)[:16] + bytes([0, 1, 0, 0]) * 2 + png()[24:])}}, 422, ""),
        ({"files": {"picture": ("a.png", png())}}, 422, "upload_invalid"),
        ({"files": {"file": ("a.png", b"")}}, 422, "source_not_image"),
        ({"json": {"file": "a"}}, 415, "media_type_unsupported"),
        ({"content": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}}, 422, "upload_invalid"),
        (
            {"content": b"long", "headers": {"Content-Type": f"multipart/form-data; boundary={'x' * 5_000}"}},
            422,
            "upload_invalid",
        ),
        ({"files": {"file": ("a.png", png() + bytes(25_200_000))}}, 413, "body_too_large"),
    ]
    for given, status, code in cases:
        answer = await alice.client.post(path, **given)
        assert answer.status_code == status, answer.text
        assert not code or answer.json()["code"] == code
    assert (await alice.client.get(path)).json()["results"] == []
    assert [each async for each in running.service.blobs.list(f"{alice.workspace}/")] == []


@pytest.mark.check(99)
async def test_names_are_kept_as_names(alice: Person, running: Running) -> None:
    """Paths, control characters and quotes of a name reach neither storage nor headers unescaped."""
    made = await upload(alice, png(), '..\\..\\etc/pass"wd\x7f ünï.png')
    assert made["filename"] == 'pass"wd ünï.png'
    shown = await running.client().get(f"{made['url']}?download")
    assert shown.headers["content-disposition"] == "attachment; filename*=UTF-8''pass%22wd%20%C3%BCn%C3%AF.png"


async def test_a_design_shows_a_file_of_its_own_library(alice: Person, bob: Person) -> None:
    """An address of the library is a source like any other; that of another workspace is not."""
    made = await upload(alice, png(8, 8, 200))
    design = {"width": 8, "height": 8, "layers": [{"type": "image", "name": "photo", "imageUrl": ""}]}
    params = {"params": [{"name": "photo", "imageUrl": made["url"]}]}
    mine = (await alice.client.post("/templates", json=design)).json()["id"]
    drawn = await alice.client.post(f"/designs/{mine}", json=params)
    assert drawn.status_code == 200 and drawn.json()["color"] == "#c8c8c8"
    theirs = (await bob.client.post("/templates", json=design)).json()["id"]
    refused = await bob.client.post(f"/designs/{theirs}", json=params)
    assert refused.status_code == 422 and refused.json()["errors"][0]["layer"] == "photo"


@pytest.mark.check(23)
async def test_a_repeated_upload_is_one_file(alice: Person) -> None:
    """The same key and bytes, one asset."""
    path = f"/media/{alice.workspace}/assets"
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png() + b"\r\n--x--\r\n"
    headers = {"Idempotency-Key": "one", "Content-Type": "multipart/form-data; boundary=x"}
    first, again = [await alice.client.post(path, content=form, headers=headers) for _ in range(2)]
    assert first.status_code == 200 and first.content == again.content
    assert len((await alice.client.get(path)).json()["results"]) == 1


@pytest.mark.check(145, 148, 149)
async def test_somebody_elses_library_is_no_different_from_none(alice: Person, bob: Person, running: Running) -> None:
    """Foreign workspaces, foreign files in one's own workspace, foreign folders: all as if they never were."""
    made = await upload(alice, png())
    folder = (await alice.client.post(f"/media/{alice.workspace}/folders", json={"filename": "F"})).json()["id"]
    file = {"file": ("a.png", png())}
    for place, code in ((alice.workspace, "workspace_not_found"), (MISSING, "workspace_not_found")):
        for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{made['id']}"), ("DELETE", f"/{made['id']}")):
            answer = await bob.client.request(method, f"/media/{place}/assets{path}", files=file)
            assert (answer.status_code, answer.json()["code"]) == (404, code), (method, path)
    for uid in (made["id"], MISSING):
        for method in ("GET", "PUT", "DELETE"):
            answer = await bob.client.request(method, f"/media/{bob.workspace}/assets/{uid}", files=file)
            assert (answer.status_code, answer.json()["code"]) == (404, "asset_not_found"), method
    path = f"/media/{bob.workspace}/assets"
    assert (await bob.client.post(path, files=file, data={"parentId": folder})).status_code == 404
    assert (await bob.client.get(path, params={"folder": folder})).status_code == 404
    reader = await running.person("Reader", ("read",), alice.tenant)
    for method, end in (("POST", ""), ("PUT", f"/{made['id']}"), ("DELETE", f"/{made['id']}")):
        answer = await reader.client.request(method, f"/media/{alice.workspace}/assets{end}", files=file)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
