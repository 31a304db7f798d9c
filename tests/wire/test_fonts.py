"""Fonts, which the contract lacks: uploaded, listed, used by a design, deleted."""

from __future__ import annotations

import httpx
from tests.harness.typeface import bar_font
from tests.wire.conftest import Wire


def test_a_font_from_upload_to_delete(stranger: httpx.Client, wire: Wire) -> None:
    """The family of an uploaded font serves a design without a warning; afterwards there is one."""
    layer = {"type": "text", "name": "t", "text": "A", "width": 90, "height": 90, "fontFamily": "Tirage Wire Test"}
    with httpx.Client(base_url=wire.base, headers={"x-api-key": wire.key}, timeout=60) as client:
        answer = client.post("/fonts", files={"file": ("bars.woff2", bar_font("Tirage Wire Test", flavor="woff2"))})
        assert answer.status_code == 201, answer.text
        font = answer.json()
        assert font in client.get("/fonts").json() and client.get(f"/fonts/{font['id']}").json() == font
        design = client.post("/templates", json={"width": 90, "height": 90, "layers": [layer]}).json()["id"]
        try:
            assert client.post(f"/designs/{design}", json={}).json()["warnings"] == []
            assert client.delete(f"/fonts/{font['id']}").status_code == 204
            warned = client.post(f"/designs/{design}", json={}).json()["warnings"]
            assert [each["code"] for each in warned] == ["font_missing"]
        finally:
            client.delete(f"/templates/{design}")
    assert stranger.get("/fonts").status_code == 401
