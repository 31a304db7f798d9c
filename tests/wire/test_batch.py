"""The contract's route 4, `POST /batch`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.wire.conftest import Wire
from tests.wire.test_templates import UNKNOWN


def test_one_pdf(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """Both fields hold the PDF; a page's own design wins, and one of both is enough."""
    for body in (
        {"templateId": wire.design, "metadata": "m", "pages": [{"layers": []}, {}]},
        {"metadata": "m", "pages": [{"templateId": wire.design, "layers": []}]},
        {"templateId": UNKNOWN, "format": "pdf", "metadata": "m", "pages": [{"templateId": wire.design, "layers": []}]},
    ):
        answer = client.post("/batch", json=body)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["pdfUrl"] == said["imageUrl"] and (said["templateId"], said["metadata"]) == (wire.design, "m")
        assert isinstance(said["width"], int) and isinstance(said["height"], int) and isinstance(said["id"], str)
        assert stranger.get(said["pdfUrl"]).content.startswith(b"%PDF")
        assert stranger.get(said["thumbnailUrl"]).headers["content-type"].startswith("image/")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"pages": []}, 422),
        ({"pages": [{}]}, 422),
        ({"pages": "x"}, 422),
        ({"pages": [{"templateId": UNKNOWN, "layers": []}]}, 404),
    ],
)
def test_refused(client: httpx.Client, stranger: httpx.Client, body: dict[str, Any], status: int) -> None:
    """At least one page, and a design for each; without a key 401."""
    assert client.post("/batch", json=body).status_code == status
    assert stranger.post("/batch", json=body).status_code == 401
