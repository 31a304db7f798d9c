"""The contract's route 2, `DELETE /images/{IMAGE_PATH}`."""

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
