"""The contract's route 8, `/media/{workspaceId}/assets`."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.harness.evil import png
from tests.wire.conftest import Wire
from tests.wire.test_templates import TIME, UNKNOWN

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


@pytest.fixture
def uploader(wire: Wire) -> Iterator[httpx.Client]:
    """A client that does not say JSON, since it sends files."""
    with httpx.Client(base_url=wire.base, headers={"authorization": f"Bearer {wire.key}"}, timeout=60) as opened:
        yield opened


@pytest.fixture
def path(client: httpx.Client) -> str:
    """The library of a workspace of the key."""
    return f"/media/{client.get('/workspaces').json()[0]['id']}/assets"


def test_life(uploader: httpx.Client, stranger: httpx.Client, path: str) -> None:
    """Upload, list, read, replace, delete; every answer is the asset, its addresses are for everybody."""
    made = uploader.post(path, files={"file": ("my_image.png", png(640, 320), "image/png")})
    assert made.status_code == 200, made.text
    asset = made.json()
    assert set(asset) >= FIELDS and (asset["folder"], asset["animated"]) == (False, None)
    assert (asset["mimeType"], asset["filename"], asset["size"]) == ("image/png", "my_image.png", len(png(640, 320)))
    assert TIME.fullmatch(asset["dateCreated"]) and TIME.fullmatch(asset["dateUpdated"])
    listed = uploader.get(path, params={"p": 1}).json()
    assert set(listed) == {"page", "totalPages", "results"} and listed["page"] == 1 <= listed["totalPages"]
    assert listed["results"][0] == asset == uploader.get(f"{path}/{asset['id']}").json()
    assert stranger.get(asset["url"]).content == png(640, 320)
    assert stranger.get(asset["thumbnailUrl"]).headers["content-type"] == "image/png"
    replaced = uploader.put(f"{path}/{asset['id']}", files={"file": ("other.png", png(9, 9), "image/png")}).json()
    assert (replaced["id"], replaced["filename"]) == (asset["id"], "other.png")
    assert stranger.get(replaced["url"]).content == png(9, 9)
    gone = uploader.request("DELETE", f"{path}/{asset['id']}", json={})
    assert (gone.status_code, gone.json()) == (200, replaced)
    assert uploader.get(f"{path}/{asset['id']}").status_code == stranger.get(replaced["url"]).status_code == 404


def test_refused(uploader: httpx.Client, stranger: httpx.Client, path: str) -> None:
    """No file, no picture, JSON, unknown ids and workspaces, no key."""
    file = {"file": ("a.png", png(), "image/png")}
    assert uploader.post(path, files={"other": ("a.png", png())}).status_code == 422
    assert uploader.post(path, files={"file": ("a.png", b"no picture")}).status_code == 422
    assert uploader.post(path, json={}).status_code == 415
    assert uploader.get(path, params={"p": "x"}).status_code == 422
    for method in ("GET", "PUT", "DELETE"):
        assert uploader.request(method, f"{path}/{UNKNOWN}", files=file).status_code == 404
        assert stranger.request(method, f"{path}/{UNKNOWN}", files=file).status_code == 401
    for method in ("GET", "POST"):
        assert uploader.request(method, f"/media/{UNKNOWN}/assets", files=file).status_code == 404
        assert stranger.request(method, path, files=file).status_code == 401
