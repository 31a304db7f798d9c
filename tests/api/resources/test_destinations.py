"""`/destinations`: buckets of a workspace's own, looked at before they are kept, whose secrets nobody sees again."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store
from tests.blobs.servers import moto, send
from tests.db.fixtures import Tenant, alice, anyio_backend, bob, database
from tests.harness.service import open_test_service
from tests.harness.site import CARD, Site, add_design, running_site

from tirage.actions.destinations import Delivery, NewDestination, create_destination
from tirage.actions.expand_batch import expand_batch
from tirage.actions.open_design import OpenDesigns
from tirage.actions.render_chunk import render_chunk
from tirage.actions.start_batch import Source, start_batch
from tirage.actions.store_table import store_table
from tirage.clock import SystemClock
from tirage.context import Service
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database, Transaction
from tirage.store import batches, destinations
from tirage.store.batch_orders import TableOrder
from tirage.store.errors import Invalid

__all__ = ["alice", "anyio_backend", "bob", "database"]


@pytest.fixture(scope="session")
def address() -> DatabaseAddress:
    """Where the test database is."""
    from tests.db.fixtures import running_server

    return running_server()


@pytest.fixture(scope="module")
def site() -> Site:
    """The service of this test process."""
    return running_site()


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A server that speaks S3, with a bucket `mine`."""
    with moto() as base:
        assert send(base, "PUT", "/mine")[0] == 200
        yield base


@pytest.fixture
async def service(tmp_path: Path, store: str) -> AsyncIterator[Service]:
    """A service whose operator lets buckets be at that server."""
    async with open_test_service(tmp_path, SystemClock(), allow_hosts=store.removeprefix("http://")) as opened:
        yield opened


def location(store: str, bucket: str = "mine") -> str:
    """An address in that server."""
    return f"s3://{bucket}/cards?region=us-east-1&endpoint={store}"


async def ignored(tx: Transaction, made: object) -> None:
    """Nobody is answered."""


@pytest.mark.anyio
async def test_a_batch_hands_its_files_over(service: Service, alice: Tenant, store: str) -> None:
    """Each picture lies in the bucket under the batch and the row's name, byte for byte, and in our own store."""
    new = NewDestination("mine", location(store), "user", "top secret")
    kept = await create_destination(service, alice.id, new, ignored)
    design_id = await add_design(service.database, alice.id, CARD)
    designs = OpenDesigns()
    design = await designs.open(service, alice.id, design_id)
    table = await store_table(service, alice.id, "csv", b"title\nOne\nTw\xc3\xb6\n")
    order = TableOrder(naming="{title}", destination=kept.id)
    made = await start_batch(service, design, Source("rows.csv", table.key, order), "png", ignored)
    await expand_batch(service, alice.id, made.id)
    await render_chunk(service, designs, alice.id, made.id, 1)
    async with service.database.workspace(alice.id) as tx:
        ended = await batches.get(tx, made.id)
    assert (ended.state, ended.done, ended.failed) == ("finished", 2, 0)
    theirs = S3Store(
        "mine", prefix="cards", config={"endpoint": store, "region": "us-east-1", "access_key_id": "user",
        "secret_access_key": "top secret"}, client_options={"allow_http": True},
    )  # fmt: skip
    async with service.database.workspace(alice.id) as tx:
        digests = {
            row.name: bytes.fromhex(row.files[0]["sha256"]) for row in await batches.rows(tx, made.id, "done", 0, 5)
        }
    assert set(digests) == {"One", "Twö"}
    for name, digest in digests.items():
        found = await obstore.get_async(theirs, f"{made.id}/{name}.png")
        assert found.attributes["Content-Type"] == "image/png"
        assert hashlib.sha256(bytes(await found.bytes_async())).digest() == digest


@pytest.mark.anyio
async def test_a_bucket_that_fails_fails_its_rows(service: Service, alice: Tenant, store: str) -> None:
    """The rows say what is wrong with the destination; the batch ends, and can be retried."""
    async with service.database.workspace(alice.id) as tx:
        gone = await destinations.create(
            tx, service.vault, "gone", location(store, "not-there"), "user", "secret", service.clock.now()
        )
    design_id = await add_design(service.database, alice.id, CARD)
    designs = OpenDesigns()
    design = await designs.open(service, alice.id, design_id)
    table = await store_table(service, alice.id, "csv", b"title\nOne\n")
    source = Source("rows.csv", table.key, TableOrder(destination=gone.id))
    made = await start_batch(service, design, source, "png", ignored)
    await expand_batch(service, alice.id, made.id)
    await render_chunk(service, designs, alice.id, made.id, 1)
    async with service.database.workspace(alice.id) as tx:
        (row,) = await batches.rows(tx, made.id, "failed", 0, 5)
    assert "destination_failed" in row.problem


@pytest.mark.anyio
async def test_the_secret_is_sealed(
    service: Service, alice: Tenant, bob: Tenant, store: str, database: Database
) -> None:
    """In the database it is not to be read; the row of another workspace does not open, and is not seen."""
    kept = await create_destination(
        service, alice.id, NewDestination("a", location(store), "user", "top secret"), ignored
    )
    assert b"top secret" not in kept.secret and kept.opened(service.vault) == "top secret"
    assert "top secret" not in repr(kept)
    async with database.workspace(bob.id) as tx:
        assert await destinations.every(tx) == []
        stolen = await destinations.create(tx, service.vault, "b", location(store), "user", "x", service.clock.now())
        await tx.execute("UPDATE destinations SET secret = %(secret)s", secret=kept.secret)
        with pytest.raises(Invalid, match="cannot be opened"):
            (await destinations.get(tx, stolen.id)).opened(service.vault)


@pytest.mark.anyio
async def test_the_environment_says_nothing(
    service: Service, alice: Tenant, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's own credentials and endpoints are not used for a bucket of somebody else's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "operators")
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    new = NewDestination("mine", location(store), "somebody", "secret")
    assert (await create_destination(service, alice.id, new, ignored)).access_key == "somebody"


@pytest.mark.anyio
async def test_without_a_destination_nothing_is_handed_over(service: Service, alice: Tenant) -> None:
    """A batch that names none has none."""
    async with service.database.workspace(alice.id) as tx:
        delivery = await Delivery.of(service, tx, None, "0123456789")
    assert await delivery.hand_over("name", ()) is None


def test_what_is_wrong_is_told(site: Site) -> None:
    """Our own network, other schemes, credentials in the address, missing regions, weak keys: refused before a look."""
    given = {"accessKeyId": "user", "secretAccessKey": "secret"}
    cases: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"location": "s3://mine?region=us-east-1&endpoint=http://169.254.169.254"}, 422, "destination_blocked"),
        ({"location": "s3://mine?region=us-east-1&endpoint=http://localhost:9000"}, 422, "destination_blocked"),
        ({"location": "s3://mine?endpoint=https://evil.example/amazonaws.com"}, 422, "destination_blocked"),
        ({"location": "s3://mine?region=x.evil.example"}, 422, "storage_location_invalid"),
        ({"location": "s3://mine"}, 422, "storage_location_invalid"),
        ({"location": "gs://mine"}, 422, "storage_location_invalid"),
        ({"location": "file:///etc"}, 422, "storage_location_invalid"),
        ({"location": "s3://user:pass@mine?region=us-east-1"}, 422, "storage_location_invalid"),
        ({"location": "s3://mine?region=us-east-1", "accessKeyId": "two words"}, 422, "body_invalid"),
    )
    with site.client(site.alice.key) as client:
        for members, status, code in cases:
            answer = client.post("/destinations", json=given | members)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (members, answer.text)
        assert client.get("/destinations").json() == {"destinations": []}
        assert client.delete("/destinations/0123456789").json()["code"] == "destination_not_found"
        batch = {"templateId": site.alice.designs["card"], "rows": [{"title": "One"}], "destinationId": "0123456789"}
        assert client.post("/batches", json=batch).json()["code"] == "destination_not_found"
    with site.client(site.alice.read_key) as reader:
        assert reader.post("/destinations", json=given | {"location": "s3://a"}).status_code == 403


def test_buckets_of_providers_need_no_opening(site: Site) -> None:
    """An endpoint of a known provider is asked; without a network that is told as a bucket that does not answer."""
    from tirage.blobs.bucket import of_a_provider

    good = (
        "https://s3.eu-central-1.amazonaws.com",
        "https://storage.googleapis.com",
        "https://x.r2.cloudflarestorage.com/",
    )
    bad = (
        "http://s3.eu-central-1.amazonaws.com", "https://amazonaws.com.evil.example", "https://evilamazonaws.com",
        "https://s3.amazonaws.com:8443", "https://s3.amazonaws.com/path", "https://127.0.0.1",
    )  # fmt: skip
    assert all(map(of_a_provider, good)) and not any(map(of_a_provider, bad))
