"""The contract's route 3, `GET /links/{UID}.{ext}`: the answer is the image itself."""

from __future__ import annotations

import httpx
import pytest
from tests.wire.conftest import Wire


@pytest.mark.parametrize("ending", ["png", "jpeg", "jpg", "webp", "avif", "pdf", "svg"])
def test_the_answer_is_the_picture(client: httpx.Client, stranger: httpx.Client, wire: Wire, ending: str) -> None:
    """With a signature, by default; the ETag saves the bytes."""
    body = {"format": ending, "params": [{"name": "title", "text": "Hello John!"}], "metadata": "m"}
    link = client.post(f"/designs/{wire.design}/link", json=body).json()["url"]
    assert "title---text___Hello%20John%21" in link
    answer = stranger.get(link)
    assert answer.status_code == 200 and "max-age" in answer.headers["cache-control"]
    assert stranger.get(link, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_new_designs_are_signed_only(stranger: httpx.Client, wire: Wire) -> None:
    """Without a signature: 403."""
    answer = stranger.get(f"/links/{wire.design}.png?params=title---text___x")
    assert answer.status_code == 403 and answer.json()["code"] == "link_signature_missing"
