"""The contract's route 5, `/hooks`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.wire.conftest import Wire
from tests.wire.test_templates import TIME, UNKNOWN

URL = "https://example.com/wire-hook"


def test_life(client: httpx.Client, wire: Wire) -> None:
    """Subscribe answers with `designUid`, unsubscribe with the same body says that there was no error."""
    body = {"targetUrl": URL, "eventType": "NEW_IMAGE", "templateId": wire.design}
    client.request("DELETE", "/hooks", json=body)
    made = client.post("/hooks", json=body)
    assert made.status_code == 200 and set(made.json()) >= {"uid", "eventType", "targetUrl", "designUid", "dateCreated"}
    assert (made.json()["eventType"], made.json()["targetUrl"], made.json()["designUid"]) == (
        "NEW_IMAGE",
        URL,
        wire.design,
    )
    assert TIME.fullmatch(made.json()["dateCreated"])
    gone = client.request("DELETE", "/hooks", json=body)
    assert (gone.status_code, gone.json()) == (200, {"error": False, "message": ""})
    again = client.request("DELETE", "/hooks", json=body)
    assert (again.status_code, again.json()["error"]) == (404, True) and again.json()["message"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"templateId": UNKNOWN}, 404),
        ({"eventType": "NOTHING"}, 422),
        ({"targetUrl": 1}, 422),
        ({"targetUrl": None}, 422),
    ],
)
def test_refused(client: httpx.Client, wire: Wire, method: str, change: dict[str, Any], status: int) -> None:
    """Failures say `"error": true` and why, beside the status."""
    body = {"targetUrl": URL, "eventType": "NEW_IMAGE", "templateId": wire.design} | change
    answer = client.request(method, "/hooks", json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, True) and answer.json()["message"]


def test_without_a_key(stranger: httpx.Client) -> None:
    """401, told in the same way."""
    for method in ("POST", "DELETE"):
        answer = stranger.request(method, "/hooks", json={})
        assert (answer.status_code, answer.json()["error"]) == (401, True)
