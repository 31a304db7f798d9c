"""The contract's route 7, `/workspaces`."""

from __future__ import annotations

import httpx
import pytest
from tests.wire.test_templates import TIME, UNKNOWN

FIELDS = {"id", "name", "memberRole", "dateCreated", "dateUpdated"}


def test_life(client: httpx.Client) -> None:
    """Create, list, rename and delete answer with the object; then it is gone."""
    made = client.post("/workspaces", json={"name": "Wire"})
    assert made.status_code == 200 and set(made.json()) == FIELDS
    assert TIME.fullmatch(made.json()["dateCreated"]) and TIME.fullmatch(made.json()["dateUpdated"])
    assert all(isinstance(value, str) for value in made.json().values())
    path = f"/workspaces/{made.json()['id']}"
    assert made.json() in client.get("/workspaces").json()
    renamed = client.put(path, json={"name": "Wired"})
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["id"]) == (200, "Wired", made.json()["id"])
    gone = client.request("DELETE", path, content=b"{}")
    assert (gone.status_code, gone.json()) == (200, renamed.json())
    assert made.json()["id"] not in [each["id"] for each in client.get("/workspaces").json()]
    assert client.delete(path).status_code == client.put(path, json={"name": "x"}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"name": 1}, {"name": None}, {"name": ""}, []])
def test_wrong(client: httpx.Client, body: object) -> None:
    """A name that is missing or none is 422, in both places."""
    (one, *_) = client.get("/workspaces").json()
    assert client.post("/workspaces", json=body).status_code == 422
    assert client.put(f"/workspaces/{one['id']}", json=body).status_code == 422


def test_refused(client: httpx.Client, stranger: httpx.Client) -> None:
    """Unknown ids are 404, requests without a key 401."""
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"/workspaces/{UNKNOWN}", json={"name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (404, "workspace_not_found")
        assert stranger.request(method, f"/workspaces/{UNKNOWN}", json={"name": "x"}).status_code == 401
    assert stranger.get("/workspaces").status_code == stranger.post("/workspaces", json={}).status_code == 401
