"""`/schedules`: made, listed, steered and removed; what is wrong with one is told before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.harness.site import Site, running_site


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture
def alice(site: Site) -> Iterator[httpx.Client]:
    """A client with a key for everything in Alice's workspace."""
    with site.client(site.alice.key) as client:
        yield client


def body(site: Site, **members: Any) -> dict[str, Any]:
    """A schedule of a published sheet."""
    design = {"templateId": site.alice.designs["card"], "source": "https://sheets.example.com/rows.csv", "every": 3600}
    return {name: value for name, value in (design | members).items() if value is not None}


def test_a_schedule_lives_and_ends(site: Site, alice: httpx.Client) -> None:
    """It is due at once, rests, goes on, runs when told to, and is gone; another tenant sees nothing of it."""
    made = alice.post("/schedules", json=body(site, mapping={"Name": "title"}, naming="{Name}"))
    assert made.status_code == 201
    said = made.json()
    assert (said["name"], said["mapping"], said["outcome"], said["every"]) == ("Card", {"Name": "title"}, None, 3600)
    address = f"/schedules/{said['id']}"
    assert said["id"] in [each["id"] for each in alice.get("/schedules").json()["schedules"]]
    paused = alice.post(f"{address}/pause").json()
    assert (paused["paused"], paused["nextAt"]) == (True, None)
    assert alice.post(f"{address}/resume").json()["nextAt"] > said["nextAt"]
    assert alice.post(f"{address}/run").json()["paused"] is False
    with site.client(site.bob.key) as bob:
        assert bob.get(address).status_code == bob.delete(address).status_code == 404
        assert bob.post(f"{address}/run").status_code == 404
    assert (alice.delete(address).status_code, alice.get(address).status_code) == (204, 404)
    assert alice.get(address).json()["code"] == "schedule_not_found"


def test_a_repeated_request_makes_one(site: Site, alice: httpx.Client) -> None:
    """By its key; a line of cron waits for its time."""
    members = body(site, every=None, cron="0 7 * * 1-5", timeZone="Europe/Berlin")
    answers = [alice.post("/schedules", json=members, headers={"idempotency-key": "sheet"}).json() for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["cron"] == "0 7 * * 1-5"
    alice.delete(f"/schedules/{answers[0]['id']}")


def test_what_is_wrong_is_told(site: Site, alice: httpx.Client) -> None:
    """Sources, times, designs, mappings and formats that cannot be are refused; reading keys make nothing."""
    cases: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"source": None}, 422, "source_missing"),
        ({"query": "SELECT 1"}, 422, "source_missing"),
        ({"source": None, "query": "SELECT 1"}, 422, "query_unavailable"),
        ({"source": "http://127.0.0.1/rows.csv"}, 422, "source_blocked"),
        ({"every": 5}, 422, "body_invalid"),
        ({"every": None}, 422, "schedule_invalid"),
        ({"every": None, "cron": "whenever"}, 422, "schedule_invalid"),
        ({"cron": "0 7 * * *"}, 422, "schedule_invalid"),
        ({"mapping": {"Name": "titel"}}, 422, "mapping_target_unknown"),
        ({"format": "bmp"}, 422, "format_unknown"),
        ({"templateId": "0123456789"}, 404, "template_not_found"),
    )
    for members, status, code in cases:
        answer = alice.post("/schedules", json=body(site, **members))
        assert (answer.status_code, answer.json()["code"]) == (status, code), members
    with site.client(site.alice.read_key) as reader:
        assert reader.post("/schedules", json=body(site)).status_code == 403
    assert alice.get("/schedules").json() == {"schedules": []}
