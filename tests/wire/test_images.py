"""The contract's route 2, `DELETE /images/{IMAGE_PATH}`, and what Tirage adds: records, proof, parts."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from tests.wire.conftest import Wire


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("body", [None, b"", b"{}"])
def test_delete(client: httpx.Client, stranger: httpx.Client, wire: Wire, encoded: bool, body: bytes | None) -> None:
    """204 without a body, plain and percent-encoded, with and without a JSON body; 404 the second time."""
    said = client.post(f"/designs/{wire.design}", json={}).json()
    path = said["imageUrl"].partition("/images/")[2]
    target = f"/images/{quote(path, safe='') if encoded else path}"
    gone = client.request("DELETE", target, content=body)
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.request("DELETE", target, content=body).status_code == 404
    assert stranger.get(said["imageUrl"]).status_code == stranger.get(said["thumbnailUrl"]).status_code == 404


def test_delete_needs_a_key(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """Whoever knows the address may look, not delete."""
    said = client.post(f"/designs/{wire.design}", json={}).json()
    assert stranger.delete(f"/images/{said['imageUrl'].partition('/images/')[2]}").status_code == 401
    assert stranger.get(said["imageUrl"]).status_code == 200


def test_a_record_proves_its_picture(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """By its id a picture is read with its recipe, verified and drawn again; its file is where it was."""
    said = client.post(f"/designs/{wire.design}", json={}).json()
    record = client.get(f"/images/{said['id']}").json()
    assert record["recipe"]["rows"][0]["templateId"] == wire.design and record["imageUrl"] == said["imageUrl"]
    proof = client.post(f"/images/{said['id']}/verify").json()
    assert (proof["verified"], proof["actualSha256"]) == (True, record["sha256"])
    assert client.post(f"/images/{said['id']}/rerender").json()["id"] == said["id"]
    assert stranger.get(f"/images/{said['id']}").status_code == 401
    part = stranger.get(said["imageUrl"], headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert client.delete(f"/images/{said['id']}").status_code == 204
