"""`POST /designs/{UID}/report`: the layout without pixels."""

from __future__ import annotations

import pytest
from tests.api.resources.test_templates import MISSING, store
from tests.harness.client import Person, Running

pytestmark = pytest.mark.anyio


async def test_a_report_tells_where_everything_lies(alice: Person, running: Running) -> None:
    """Boxes and lines of the layers with the request's values; nothing is stored."""
    uid = (await store(alice))["id"]
    answer = await alice.client.post(f"/designs/{uid}/report", json={"params": [{"name": "title", "text": "Longer"}]})
    assert answer.status_code == 200, answer.text
    (title,) = (each for each in answer.json()["layers"] if each["name"] == "title")
    assert title["text"]["lines"][0]["end"] == len("Longer")
    assert [each async for each in running.service.blobs.list(f"{alice.workspace}/")] == []


async def test_what_cannot_be_laid_out_is_refused(alice: Person, bob: Person, running: Running) -> None:
    """An unknown layer where strict, an unknown or foreign design, no key."""
    uid = (await store(alice))["id"]
    strict = await alice.client.post(f"/designs/{uid}/report?strict=true", json={"params": [{"name": "titel"}]})
    assert (strict.status_code, strict.json()["code"]) == (422, "layer_not_found")
    for person, wanted in ((alice, MISSING), (bob, uid)):
        answer = await person.client.post(f"/designs/{wanted}/report", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "template_not_found")
    assert (await running.client().post(f"/designs/{uid}/report", json={})).status_code == 401
