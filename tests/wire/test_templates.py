"""The contract's route 6, `GET /templates` and `GET /templates/{UID}`."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.wire.conftest import Wire

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "0000000000"


def test_list(client: httpx.Client, stranger: httpx.Client) -> None:
    """A bare array, newest first; sizes are text, text is text or null, the canvas is the first layer."""
    answer = client.get("/templates")
    assert answer.status_code == 200
    listed = answer.json()
    assert isinstance(listed, list) and listed
    assert [each["dateCreated"] for each in listed] == sorted((each["dateCreated"] for each in listed), reverse=True)
    for each in listed:
        assert re.fullmatch(r"[0-9a-z]{6,32}", each["id"]) and isinstance(each["name"], str)
        assert TIME.fullmatch(each["dateCreated"]) and TIME.fullmatch(each["dateUpdated"])
        assert each["layers"][0]["type"] == each["layers"][0]["name"] == "canvas"
        for layer in each["layers"]:
            assert {type(layer[key]) for key in ("type", "name", "width", "height")} == {str}
            assert layer["text"] is None or isinstance(layer["text"], str)
    assert stranger.get("/templates").status_code == 401


def test_one(client: httpx.Client, stranger: httpx.Client, wire: Wire) -> None:
    """One object, the same as in the list; its thumbnail is a picture for everybody within 300×300."""
    answer = client.get(f"/templates/{wire.design}")
    assert answer.status_code == 200
    assert answer.json() in client.get("/templates").json()
    shown = stranger.get(answer.json()["thumbnail"])
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/png"
    width, height = int.from_bytes(shown.content[16:20]), int.from_bytes(shown.content[20:24])
    assert 0 < width <= 300 and 0 < height <= 300 and max(width, height) >= 290
    assert stranger.get(f"/templates/{wire.design}").status_code == 401


@pytest.mark.parametrize("uid", [UNKNOWN, "%21", "x" * 200])
def test_unknown(client: httpx.Client, uid: str) -> None:
    """404 `template_not_found` with a message."""
    answer = client.get(f"/templates/{uid}")
    assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
    assert isinstance(answer.json()["message"], str)
