"""`/hooks`: the contract, our own routes, refusals, and a picture's event on its way to a receiver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.resources.test_templates import MISSING, TIME, store
from tests.harness.client import Person, Running, running_app
from tests.harness.receiver import Receiver

from tirage.actions.clean_up import clean_up, keep_clean
from tirage.actions.deliver_hooks import HookSender
from tirage.api.app import BACKGROUND
from tirage.api.limits import REPLAYS, Limits
from tirage.store import deliveries, events

pytestmark = pytest.mark.anyio

URL = "https://example.com/hook"


def wanted(design: str | None, url: str = URL) -> dict[str, Any]:
    """The body of a subscription."""
    return {"targetUrl": url, "eventType": "NEW_IMAGE", "templateId": design}


async def test_a_subscription_is_told_as_the_contract_says(alice: Person) -> None:
    """Subscribe, again, list, unsubscribe with the same body; the secret is in the first answer only."""
    design = (await store(alice))["id"]
    made = (await alice.client.post("/hooks", json=wanted(design))).json()
    assert {"uid", "eventType", "targetUrl", "designUid", "dateCreated"} <= set(made)
    assert (made["eventType"], made["targetUrl"], made["designUid"]) == ("NEW_IMAGE", URL, design)
    assert TIME.fullmatch(made["dateCreated"]) and made["secret"].startswith("whsec_")
    again = (await alice.client.post("/hooks", json=wanted(design))).json()
    assert again == {**made, "secret": None}
    assert (await alice.client.get("/hooks")).json() == [again]
    gone = await alice.client.request("DELETE", "/hooks", json=wanted(design))
    assert (gone.status_code, gone.json()) == (200, {"error": False, "message": ""})
    second = await alice.client.request("DELETE", "/hooks", json=wanted(design))
    assert (second.status_code, second.json()["error"], second.json()["code"]) == (404, True, "hook_not_found")
    assert second.json()["message"] == "There is no such subscription."
    assert second.headers["content-type"] == "application/problem+json"


@pytest.mark.check(206)
async def test_what_cannot_be_subscribed_is_refused_with_its_reason(alice: Person, running: Running) -> None:
    """An address that will not do, an unknown event or design, a missing address, no key: error is true everywhere."""
    design = (await store(alice))["id"]
    cases: list[tuple[dict[str, Any], int, str]] = [
        (wanted(design, "http://example.com/"), 422, "source_blocked"),
        (wanted(design, "https://127.0.0.1/"), 422, "source_blocked"),
        (wanted(design, "https://example.com/#part"), 422, "source_invalid"),
        (wanted(design) | {"eventType": "NEW_IMAG"}, 422, "event_type_unknown"),
        (wanted(MISSING), 404, "template_not_found"),
        ({"eventType": "NEW_IMAGE", "templateId": design}, 422, "body_invalid"),
        (wanted(design) | {"targetUrl": 7}, 422, "body_invalid"),
    ]
    for body, status, code in cases:
        answer = await alice.client.post("/hooks", json=body)
        assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (status, code, True), body
    assert (await alice.client.get("/hooks")).json() == []
    bare = await running.client().post("/hooks", json=wanted(design))
    assert (bare.status_code, bare.json()["error"], bare.json()["code"]) == (401, True, "unauthorized")


@pytest.mark.check(145, 148, 149)
async def test_somebody_elses_hook_is_no_different_from_none(alice: Person, bob: Person, running: Running) -> None:
    """A foreign design is not linked, a foreign subscription not found; a reading key changes nothing."""
    design = (await store(alice))["id"]
    hook = (await alice.client.post("/hooks", json=wanted(design))).json()["uid"]
    assert (await bob.client.post("/hooks", json=wanted(design))).json()["code"] == "template_not_found"
    assert (await bob.client.request("DELETE", "/hooks", json=wanted(design))).status_code == 404
    paths = (("DELETE", ""), ("POST", "/enable"), ("POST", "/secret"), ("POST", "/replay"), ("GET", "/deliveries"),
             ("GET", "/deliveries/msg_x"))  # fmt: skip
    for method, path in paths:
        for uid in (hook, MISSING):
            answer = await bob.client.request(method, f"/hooks/{uid}{path}", json={})
            assert (answer.status_code, answer.json()["code"]) == (404, "hook_not_found"), (method, path)
    reader = await running.person("Reader", ("read",), alice.tenant)
    for method, path in (*paths[:4], ("POST", "")):
        answer = await reader.client.request(method, f"/hooks/{hook}{path}".removesuffix("/"), json=wanted(design))
        assert answer.status_code in (403, 405), (method, path)
    assert len((await alice.client.get("/hooks")).json()) == 1


@pytest.mark.check(23, 204)
async def test_a_repeated_subscription_shows_no_secret(alice: Person, running: Running) -> None:
    """The secret is neither in repeated answers nor in clear anywhere in the database."""
    key = {"Idempotency-Key": "one"}
    first = await alice.client.post("/hooks", json=wanted(None), headers=key)
    again = await alice.client.post("/hooks", json=wanted(None), headers=key)
    secret = first.json()["secret"]
    assert again.json() == {**first.json(), "secret": None}
    async with running.service.database.workspace(alice.workspace) as tx:
        for statement in ("SELECT hooks::text FROM hooks", "SELECT convert_from(body, 'UTF8') FROM idempotency"):
            rows = await tx.values(statement)
            assert rows and not any(secret in row or secret[6:] in row for row in rows)
    rotated = (await alice.client.post(f"/hooks/{first.json()['uid']}/secret")).json()["secret"]
    assert rotated.startswith("whsec_") and rotated != secret


@pytest.fixture
async def sending(tmp_path: Path) -> AsyncIterator[tuple[Running, Receiver]]:
    """The application with a receiver that it may speak to, without deliveries of earlier tests."""
    with Receiver() as receiver:
        async with running_app(tmp_path, allow_hosts=receiver.place) as running:
            async with running.service.database.system() as system:
                await system.execute("DELETE FROM events")
            yield running, receiver


@pytest.mark.check(190, 192, 203)
async def test_deliveries_are_listed_and_can_be_replayed(sending: tuple[Running, Receiver]) -> None:
    """The log tells each attempt; a replay sends the same id again, of one event, a range, or an exhausted one."""
    running, receiver = sending
    limits: Limits = running.app._app.state.limits
    carol = await running.person("Carol")
    made = (await carol.client.post("/hooks", json=wanted(None, receiver.url()))).json()
    path = f"/hooks/{made['uid']}"
    receiver.answers = [(500, {})]

    async def send() -> None:
        sender = HookSender(running.service, chance=lambda: 0.5)
        await sender.begin()
        await sender.settle()

    async with running.service.database.workspace(carol.workspace) as tx:
        event = (await events.enqueue(tx, "NEW_IMAGE", '{"id":"a"}', running.clock.now())).id
    await send()
    (waiting,) = (await carol.client.get(f"{path}/deliveries")).json()["results"]
    assert (waiting["eventId"], waiting["state"], waiting["attempts"]) == (event, "pending", 1)
    running.clock.advance(timedelta(seconds=5))
    await send()
    log = (await carol.client.get(f"{path}/deliveries/{event}")).json()
    assert [(each["number"], each["status"], each["error"]) for each in log] == [(1, 500, "http_status"), (2, 200, "")]
    assert log[1]["excerpt"] == "thank you"
    since = {"since": "2026-11-22T11:00:00Z", "until": "2026-11-22T13:00:00+00:00"}
    for body, count in (({"eventId": event}, 1), (since, 1), ({"since": "2027-01-01T00:00:00Z"}, 0)):
        told = await carol.client.post(f"{path}/replay", json=body)
        assert told.json() == {"error": False, "message": "", "replayed": count}
        await send()
    assert [each.headers["webhook-id"] for each in receiver.messages] == [event] * 4
    limits.replays.take(made["uid"], REPLAYS - 3.0)
    often = await carol.client.post(f"{path}/replay", json={"eventId": event})
    assert (often.status_code, often.json()["code"]) == (429, "rate_limited") and often.headers["retry-after"] == "2"
    limits.replays.take(made["uid"], 3.0 - REPLAYS)
    receiver.answers = [(410, {})]
    await carol.client.post(f"{path}/replay", json={"eventId": event})
    await send()
    (listed,) = (await carol.client.get("/hooks")).json()
    assert listed["disabledReason"] == "gone" and TIME.fullmatch(listed["disabledAt"])
    refused = await carol.client.post(f"{path}/replay", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "hook_disabled")
    assert (await carol.client.post(f"{path}/enable")).json()["disabledAt"] is None
    assert (await carol.client.delete(path)).json() == {"error": False, "message": ""}


@pytest.mark.check(190)
async def test_the_service_sends_by_itself(tmp_path: Path) -> None:
    """A drawn picture's event reaches the receiver without anybody asking, with the fields of the answer."""
    with Receiver() as receiver:
        async with running_app(tmp_path, allow_hosts=receiver.place, background=True) as running:
            dora = await running.person("Dora")
            design = (await store(dora))["id"]
            made = (await dora.client.post("/hooks", json=wanted(design, receiver.url()))).json()
            drawn = (await dora.client.post(f"/designs/{design}", json={"metadata": "row 7"})).json()
            async with asyncio.timeout(30):
                while not receiver.messages:
                    await asyncio.sleep(0.05)
            (message,) = receiver.messages
            said = orjson.loads(message.body)
            assert {name: said[name] for name in said if name != "files"} == {
                name: drawn[name] for name in drawn if name != "files"
            }
            assert made["uid"] and said["metadata"] == "row 7"


async def test_events_of_what_failed(sending: tuple[Running, Receiver]) -> None:
    """A picture that cannot be made is told with its reason, if somebody asks; so is a hook that was ended."""
    running, receiver = sending
    erin = await running.person("Erin")
    design = (await store(erin))["id"]
    wrong = {"metadata": "row 7", "params": [{"name": "title", "color": "no colour"}]}
    assert (await erin.client.post(f"/designs/{design}", json=wrong)).status_code == 422
    for kind in ("IMAGE_FAILED", "HOOK_DISABLED"):
        body = {**wanted(None, receiver.url(f"/{kind}")), "eventType": kind}
        assert (await erin.client.post("/hooks", json=body)).status_code == 200
    assert (await erin.client.post(f"/designs/{design}", json={})).status_code == 200
    refused = (await erin.client.post(f"/designs/{design}", json=wrong)).json()
    receiver.answers = [(410, {})]
    for _ in range(2):
        sender = HookSender(running.service, chance=lambda: 0.5)
        await sender.begin()
        await sender.settle()
    failed, ended = receiver.messages
    said = orjson.loads(failed.body)
    assert failed.headers["tirage-event"] == "IMAGE_FAILED" and TIME.fullmatch(said["createdAt"])
    assert (said["status"], said["templateId"], said["metadata"]) == ("failed", design, "row 7")
    assert (said["code"], said["errors"]) == (refused["code"], refused["errors"]) and len(said["id"]) == 10
    gone = orjson.loads(ended.body)
    assert ended.path == "/HOOK_DISABLED" and (gone["eventType"], gone["reason"]) == ("IMAGE_FAILED", "gone")


async def test_what_has_had_its_time_is_removed(running: Running) -> None:
    """Answers kept for a day and events of a month are gone after it, with their deliveries; the others stay."""
    fay = await running.person("Fay")
    made = (await fay.client.post("/hooks", json=wanted(None, "https://example.com/x"))).json()
    await fay.client.post("/workspaces", json={"name": "A"}, headers={"idempotency-key": "k"})

    async def kept() -> tuple[int, int]:
        async with running.service.database.workspace(fay.workspace) as tx:
            keys = await tx.value("SELECT count(*) FROM idempotency WHERE workspace_id = %(workspace)s")
            return keys, len((await deliveries.page(tx, made["uid"])).items)

    async with running.service.database.workspace(fay.workspace) as tx:
        await events.enqueue(tx, "NEW_IMAGE", "{}", running.clock.now())
        await events.enqueue(tx, "NEW_IMAGE", "{}", running.clock.now() + timedelta(days=2))
    await clean_up(running.service)
    assert await kept() == (1, 2)
    running.clock.advance(timedelta(days=30, seconds=1))
    await clean_up(running.service)
    assert await kept() == (0, 1)
    assert keep_clean in BACKGROUND
