"""`POST /designs/{UID}/report` and `/sample`: the layout without pixels, and values to try a design with."""

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


async def test_random_values_fit_the_design(alice: Person, bob: Person, running: Running) -> None:
    """A value for each variable, the same for the same seed; they draw. Wrong wishes are told."""
    document = {
        "width": 90,
        "height": 40,
        "variables": [{"name": "first_name"}, {"name": "price", "type": "number"}],
        "layers": [{"type": "text", "name": "title", "text": "{{ first_name }}: {{ price }}"}],
    }
    uid = (await alice.client.post("/templates", json=document)).json()["id"]
    rows = (await alice.client.post(f"/designs/{uid}/sample", json={"count": 3, "locale": "de_DE"})).json()["rows"]
    assert len(rows) == 3 and all(set(row) == {"first_name", "price"} and all(row.values()) for row in rows)
    again = await alice.client.post(f"/designs/{uid}/sample", json={"count": 3, "locale": "de_DE"})
    assert again.json()["rows"] == rows
    drawn = await alice.client.post(f"/designs/{uid}", json={"variables": rows[0]})
    assert drawn.status_code == 200, drawn.text
    plain = (await store(alice))["id"]
    assert (await alice.client.post(f"/designs/{plain}/sample", json={})).json() == {"rows": []}
    for body, code in (({"count": 0}, "body_invalid"), ({"locale": "xx_YY"}, "locale_unknown")):
        answer = await alice.client.post(f"/designs/{uid}/sample", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await bob.client.post(f"/designs/{uid}/sample", json={})).status_code == 404
    assert (await running.client().post(f"/designs/{uid}/sample", json={})).status_code == 401
