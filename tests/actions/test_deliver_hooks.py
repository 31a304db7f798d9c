"""Webhooks on the wire: signed, retried, cut, never led astray, and sent again after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.db.fixtures import Tenant
from tests.harness.evil import EvilHost, Reset, Step, response
from tests.harness.evil import Request as EvilRequest
from tests.harness.receiver import Receiver
from tests.harness.service import open_test_service
from tests.harness.stubdns import StubDns

from tirage.actions import deliver_hooks
from tirage.actions.deliver_hooks import HookSender, deliver, message_of, signature
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.names import ServerResolver
from tirage.assets.post import Poster
from tirage.clock import StillClock
from tirage.context import Service
from tirage.engine.errors import ResourceProblem
from tirage.faults import InjectedFault
from tirage.store import deliveries, events, hooks
from tirage.store.deliveries import Attempt, Delivery

pytestmark = pytest.mark.anyio

PAYLOAD = '{"id":"c13bd141c7","metadata":"Zoë 🌸"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """HOOK, running."""
    with Receiver() as running:
        yield running


@pytest.fixture
async def service(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Service]:
    """A service that may speak to HOOK and EVIL, at the real time, without deliveries of earlier tests."""
    clock = StillClock(datetime.now(UTC))
    async with open_test_service(tmp_path, clock, allow_hosts=f"127.0.0.2,{receiver.place}") as opened:
        async with opened.database.system() as system:
            await system.execute("DELETE FROM events")
        yield opened


async def subscribe(service: Service, tenant: Tenant, url: str) -> tuple[str, str]:
    """A hook's id and secret."""
    async with service.database.workspace(tenant.id) as tx:
        made = await hooks.subscribe(tx, service.vault, "NEW_IMAGE", url, None, service.clock.now())
        return made.hook.id, made.secret or ""


async def emit(service: Service, tenant: Tenant, payload: str = PAYLOAD) -> str:
    """An event's id."""
    async with service.database.workspace(tenant.id) as tx:
        return (await events.enqueue(tx, "NEW_IMAGE", payload, service.clock.now())).id


async def send(service: Service) -> int:
    """Carry out what is due; how many attempts."""
    sender = HookSender(service, chance=lambda: 0.5)
    begun = await sender.begin()
    await sender.settle()
    return begun


async def state(service: Service, tenant: Tenant, hook: str) -> Delivery:
    """The hook's only delivery."""
    async with service.database.workspace(tenant.id) as tx:
        (delivery,) = (await deliveries.page(tx, hook)).items
        return delivery


async def attempts(service: Service, tenant: Tenant, hook: str, event: str) -> list[Attempt]:
    """The log of one delivery."""
    async with service.database.workspace(tenant.id) as tx:
        return await deliveries.attempts(tx, hook, event)


@pytest.mark.check(190, 191)
async def test_a_message_verifies_and_a_changed_one_does_not(
    service: Service, receiver: Receiver, alice: Tenant
) -> None:
    """The reference library takes the raw bytes with their headers; any other byte, id or time is refused."""
    hook, secret = await subscribe(service, alice, receiver.url())
    event = await emit(service, alice)
    assert await send(service) == 1
    (message,) = receiver.messages
    assert message.headers["webhook-id"] == event
    assert message.headers["webhook-signature"].startswith("v1,")
    assert message.headers["content-type"] == "application/json"
    assert message.headers["tirage-event"] == "NEW_IMAGE" and message.headers["tirage-sequence"].isdigit()
    assert Webhook(secret).verify(message.body, dict(message.headers)) == orjson.loads(PAYLOAD)
    assert (await state(service, alice, hook)).state == "delivered"
    moved = {
        "body": (message.body.replace(b"c13", b"c14"), message.headers),
        "id": (message.body, {**message.headers, "webhook-id": "msg_other"}),
    }
    for minutes in (-6, 6):
        moment = service.clock.now() + timedelta(minutes=minutes)
        signed = signature([secret], event, moment, message.body)
        moved[f"{minutes} min"] = (
            message.body,
            {**message.headers, "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signed},
        )
    for what, (body, headers) in moved.items():
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, dict(headers))
            pytest.fail(what)


@pytest.mark.check(200)
async def test_after_a_rotation_both_secrets_sign_for_a_day(
    service: Service, receiver: Receiver, alice: Tenant
) -> None:
    """Two signatures for 24 hours, then one, which the old secret no longer verifies."""
    clock = service.clock
    assert isinstance(clock, StillClock)
    hook, old = await subscribe(service, alice, receiver.url())
    async with service.database.workspace(alice.id) as tx:
        new = await hooks.rotate_secret(tx, service.vault, hook, clock.now() - timedelta(hours=23))
    await emit(service, alice)
    await send(service)
    (message,) = receiver.messages
    assert len(message.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Webhook(secret).verify(message.body, dict(message.headers))
    async with service.database.workspace(alice.id) as tx:
        newest = await hooks.rotate_secret(tx, service.vault, hook, clock.now() - timedelta(hours=25))
    await emit(service, alice)
    await send(service)
    later = receiver.messages[1]
    assert len(later.headers["webhook-signature"].split()) == 1
    Webhook(newest).verify(later.body, dict(later.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(later.body, dict(later.headers))


@pytest.mark.check(192)
async def test_failures_are_tried_again_on_schedule(service: Service, receiver: Receiver, alice: Tenant) -> None:
    """500 three times, then 200: four attempts of one id after 5 s, 5 min and 30 min, each signed anew and logged."""
    clock = service.clock
    assert isinstance(clock, StillClock)
    receiver.answers = [(500, {})] * 3
    receiver.body = b"x" * 5_000
    hook, _ = await subscribe(service, alice, receiver.url())
    event = await emit(service, alice)
    for pause in (timedelta(), timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)):
        if pause:
            clock.advance(pause - timedelta(seconds=1))
            assert await send(service) == 0
            clock.advance(timedelta(seconds=1))
        assert await send(service) == 1
    assert [each.headers["webhook-id"] for each in receiver.messages] == [event] * 4
    assert len({each.headers["webhook-signature"] for each in receiver.messages}) == 4
    log = await attempts(service, alice, hook, event)
    assert [each.status for each in log] == [500, 500, 500, 200]
    assert all(len(each.excerpt) == 1_024 for each in log) and (await state(service, alice, hook)).attempts == 4


@pytest.mark.check(194)
async def test_a_receiver_that_is_gone_is_asked_no_more(service: Service, receiver: Receiver, alice: Tenant) -> None:
    """410 disables the hook at once and no other one."""
    receiver.answers = [(410, {})]
    gone, _ = await subscribe(service, alice, receiver.url("/gone"))
    await emit(service, alice)
    assert await send(service) == 1
    there, _ = await subscribe(service, alice, receiver.url("/there"))
    await emit(service, alice)
    assert await send(service) == 1
    assert [each.path for each in receiver.messages] == ["/gone", "/there"]
    async with service.database.workspace(alice.id) as tx:
        assert (await hooks.get(tx, gone)).disabled_reason == "gone"
        assert (await hooks.get(tx, there)).disabled_at is None


@pytest.mark.check(195)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure(service: Service, receiver: Receiver, alice: Tenant, status: int) -> None:
    """Where an answer leads is not gone to."""
    receiver.answers = [(status, {"Location": receiver.url("/elsewhere")})]
    hook, _ = await subscribe(service, alice, receiver.url())
    await emit(service, alice)
    await send(service)
    assert [each.path for each in receiver.messages] == ["/hook"]
    assert (await state(service, alice, hook)).state == "pending"


@pytest.mark.check(196)
@pytest.mark.parametrize(("asked", "least", "most"), [("120", 120, 121), ("1000000000", 86_400, 86_400)])
async def test_a_receiver_may_ask_for_a_pause(
    service: Service, receiver: Receiver, alice: Tenant, asked: str, least: int, most: int
) -> None:
    """Retry-After is kept, up to a day."""
    receiver.answers = [(503, {"Retry-After": asked})]
    hook, _ = await subscribe(service, alice, receiver.url())
    await emit(service, alice)
    await send(service)
    pause = (await state(service, alice, hook)).due_at - service.clock.now()
    assert least <= pause.total_seconds() <= most


@pytest.mark.check(197)
async def test_what_never_ends_is_cut(service: Service, alice: Tenant) -> None:
    """An answer that hangs, trickles, floods or resets is a recorded failure, and little of it is read."""

    async def hang(request: EvilRequest) -> AsyncIterator[Step]:
        yield 60.0

    async def trickle(request: EvilRequest) -> AsyncIterator[Step]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        for _ in range(1_000):
            yield b"x"
            yield 0.1

    async def flood(request: EvilRequest) -> AsyncIterator[Step]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(1_000):
            yield b"10000\r\n" + bytes(65_536) + b"\r\n"

    async def reset(request: EvilRequest) -> AsyncIterator[Step]:
        yield Reset

    async def declared(request: EvilRequest) -> AsyncIterator[Step]:
        yield response(b"", Content_Length="1000000000")

    cases = {
        "hang": (hang, "source_timeout"),
        "trickle": (trickle, "source_timeout"),
        "flood": (flood, "source_too_large"),
        "reset": (reset, "source_unreachable"),
        "declared": (declared, "source_protocol"),
    }
    with EvilHost(behaviours={f"/{name}": behaviour for name, (behaviour, _) in cases.items()}) as evil:
        short = Limits(first_byte=0.6, stall=0.6, total=0.6, min_rate=0, max_bytes=65_536)
        poster = service.fetcher.poster()
        quick = Poster(
            Policy.of([evil.place]), resolver=ServerResolver("127.0.0.1:9", timeout=1), trust=poster.trust, limits=short
        )
        for name in cases:
            await subscribe(service, alice, evil.url(f"/{name}"))
        await emit(service, alice)
        sender = HookSender(service, quick, chance=lambda: 0.5)
        assert await sender.begin() == len(cases)
        await sender.settle()
        await quick.aclose()
    async with service.database.workspace(alice.id) as tx:
        for hook in await hooks.list_hooks(tx):
            (delivery,) = (await deliveries.page(tx, hook.id)).items
            (line,) = await deliveries.attempts(tx, hook.id, delivery.event_id)
            name = hook.target_url.rpartition("/")[2]
            expected = {cases[name][1]} | ({"source_too_large"} if name == "declared" else set())
            assert delivery.state == "pending" and line.status is None and line.error in expected, name


@pytest.mark.check(198)
async def test_a_name_that_moves_into_our_network_is_refused_when_sending(service: Service, alice: Tenant) -> None:
    """Public when it was registered, loopback when it is sent to: nothing is dialled, the attempt has failed."""
    with StubDns() as dns, Receiver() as inside:
        port = int(inside.place.rpartition(":")[2])
        dns.names["turncoat.test"] = ["127.0.0.2"]
        policy = Policy.of(ports={80, 443, port})
        poster = Poster(policy, resolver=ServerResolver(dns.server, timeout=2), trust=service.fetcher.poster().trust)
        hook, _ = await subscribe(service, alice, f"https://turncoat.test:{port}/hook")
        event = await emit(service, alice)
        sender = HookSender(service, poster)
        assert await sender.begin() == 1
        await sender.settle()
        await poster.aclose()
        assert inside.messages == []
    (line,) = await attempts(service, alice, hook, event)
    assert (line.status, line.error) == (None, "source_blocked")


@pytest.mark.check(199)
async def test_a_sender_that_dies_after_the_post_sends_again(
    service: Service, receiver: Receiver, alice: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered but not recorded: when the lease is over the message comes again under the same id."""
    clock = service.clock
    assert isinstance(clock, StillClock)
    hook, _ = await subscribe(service, alice, receiver.url())
    event = await emit(service, alice)

    def die(name: str) -> None:
        raise InjectedFault(name)

    poster = service.fetcher.poster()
    async with service.database.system() as system:
        (due,) = await deliveries.claim_due(system, clock.now())
    with monkeypatch.context() as patch:
        patch.setattr(deliver_hooks, "fault", die)
        with pytest.raises(InjectedFault, match="hook_sent"):
            await deliver(service, poster, due, 0.5)
    await poster.aclose()
    assert await send(service) == 0
    clock.advance(deliveries.LEASE)
    assert await send(service) == 1
    assert [each.headers["webhook-id"] for each in receiver.messages] == [event, event]
    assert (await state(service, alice, hook)).state == "delivered"


@pytest.mark.check(206)
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/hook", "source_blocked"),
        ("https://user:pass@example.com/", "source_invalid"),
        ("https://example.com:25/", "source_blocked"),
        ("https://example.com/" + "x" * 1_981, "source_invalid"),
        ("https://example.com/#part", "source_invalid"),
        ("https://аpple.com/", "source_invalid"),
        ("https://127.0.0.1/", "source_blocked"),
        ("https://pictures.example/hook", "source_self"),
        ("ftp://example.com/", "source_invalid"),
        ("", "source_invalid"),
    ],
)
async def test_an_address_that_will_not_do_is_refused_with_its_reason(service: Service, url: str, code: str) -> None:
    """What could be read in two ways, is readable to all between, or is no web address of somebody else."""
    with pytest.raises(ResourceProblem) as refused:
        service.fetcher.poster().check(url)
    assert refused.value.code == code


async def test_an_address_that_will_do_is_taken(service: Service, receiver: Receiver) -> None:
    """https at a usual port, up to 2,000 characters; http to a host that the operator opened."""
    poster = service.fetcher.poster()
    longest = "https://example.com/" + "x" * 1_980
    assert len(poster.check(longest).text) == 2_000
    assert poster.check("https://xn--80ak6aa92e.com/").host == "xn--80ak6aa92e.com"
    assert poster.check(receiver.url()).scheme == "http"


@pytest.mark.check(190)
def test_a_message_is_never_larger_than_its_limit() -> None:
    """What is too large loses what the picture's record tells, and says so."""
    small = orjson.dumps({"id": "a", "metadata": "m"}).decode()
    assert message_of(small) == small.encode()
    large = orjson.dumps({"id": "a", "metadata": "ü" * 10_000, "warnings": [{"code": "x" * 9_000}]}).decode()
    cut = orjson.loads(message_of(large))
    assert len(message_of(large)) <= 20_000 and cut["id"] == "a" and cut["truncated"] is True


def test_the_signature_is_that_of_the_standard() -> None:
    """The published example of Standard Webhooks: same secret, id, time and body, same signature."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    moment = datetime.fromtimestamp(1_614_265_330, UTC)
    signed = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
