"""Checks 40 and 43: TLS is about the URL's name although a number is dialled; credentials stay where they belong."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.harness.behaviours import all_behaviours
from tests.harness.canary import Canary
from tests.harness.evil import EvilHost
from tests.harness.field import Field, outcome_of, run

from tirage.assets.fetched import Fetched
from tirage.assets.guard import Policy

NAME = "good.test"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The certificate authority that the client trusts."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """Its certificate as a file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def contexts(authority: trustme.CA) -> dict[str, ssl.SSLContext]:
    """A server set-up for each way of getting TLS right or wrong."""
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    old = _context(authority.issue_cert(NAME))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    return {
        "good": _context(authority.issue_cert(NAME)),
        "other name": _context(authority.issue_cert("other.test")),
        "expired": _context(authority.issue_cert(NAME, not_after=yesterday)),
        "unknown authority": _context(trustme.CA().issue_cert(NAME)),
        "old protocol": old,
    }


@pytest.fixture
def named(field: Field) -> Iterator[Field]:
    """The field, with the name pointing at EVIL's address."""
    field.dns.names[NAME] = ["127.0.0.2"]
    yield field


@pytest.mark.check(40)
@pytest.mark.parametrize("kind", ["other name", "expired", "unknown authority", "old protocol"])
def test_bad_tls_is_refused(named: Field, contexts: dict[str, ssl.SSLContext], ca_file: Path, kind: str) -> None:
    """A wrong name, a wrong date, a wrong issuer and a wrong protocol are `source_tls`."""
    with EvilHost(tls=contexts[kind], behaviours=all_behaviours()) as host:
        policy = Policy.of([f"{NAME}:{host.port}"])
        assert named.code(host.url("/png", NAME), policy, ca_file=ca_file) == "source_tls"
        assert host.requests == []


@pytest.mark.check(40)
def test_a_host_without_tls_is_refused(named: Field) -> None:
    """A host that hangs up on the handshake is `source_tls`."""
    named.dns.names[NAME] = ["127.0.0.6"]
    with Canary(named.evil.port, ("127.0.0.6",)) as mute:
        code = named.code(f"https://{NAME}:{mute.port}/", Policy.of([f"{NAME}:{mute.port}"]))
        assert (code, mute.accepts) == ("source_tls", 1)


@pytest.mark.check(40)
def test_a_host_that_loses_its_tls_is_refused(named: Field, authority: trustme.CA, ca_file: Path) -> None:
    """Bytes that are no TLS after a good handshake are `source_tls` and not an error of another kind."""
    context = _context(authority.issue_cert(NAME))

    def garble(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with (
            socket.socket(fileno=os.dup(connection.fileno())) as below,
            context.wrap_socket(connection, server_side=True) as above,
        ):
            above.recv(65_536)
            below.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with socket.create_server(("127.0.0.2", 0)) as listener:
        thread = threading.Thread(target=garble, args=(listener,))
        thread.start()
        place = f"{NAME}:{listener.getsockname()[1]}"
        assert named.code(f"https://{place}/", Policy.of([place]), ca_file=ca_file) == "source_tls"
        thread.join()


@pytest.mark.check(40)
def test_the_name_is_kept_although_a_number_is_dialled(
    named: Field, contexts: dict[str, ssl.SSLContext], ca_file: Path
) -> None:
    """SNI and Host carry the URL's host."""
    seen: list[str | None] = []
    contexts["good"].sni_callback = lambda _socket, name, _context: seen.append(name)
    with EvilHost(tls=contexts["good"], behaviours=all_behaviours()) as host:
        found = named.outcome(host.url("/png", NAME), Policy.of([f"{NAME}:{host.port}"]), ca_file=ca_file)
        assert isinstance(found, Fetched)
        assert seen == [NAME]
        assert host.requests[0].headers["host"] == f"{NAME}:{host.port}"


@pytest.mark.check(43)
def test_a_redirect_does_not_leave_tls(named: Field, contexts: dict[str, ssl.SSLContext], ca_file: Path) -> None:
    """https → http is not followed, even to an open host."""
    with EvilHost(tls=contexts["good"], behaviours=all_behaviours()) as host:
        policy = Policy.of([f"{NAME}:{host.port}", named.evil.place])
        url = host.url("/redirect?to=" + named.evil.url("/png"), NAME)
        assert named.code(url, policy, ca_file=ca_file) == "source_blocked"
    assert named.evil.requests == []


@pytest.mark.check(43)
def test_credentials_do_not_follow_to_another_host(field: Field) -> None:
    """Headers given for a URL go to its origin, and not where it redirects to."""
    with EvilHost(address="127.0.0.4", behaviours=all_behaviours()) as first:
        policy = Policy.of([first.place, field.evil.place])

        async def go() -> None:
            async with field.fetcher(policy) as fetcher:
                for target in ("/redirect?to=/png", "/redirect?to=" + field.evil.url("/png")):
                    await fetcher.fetch(first.url(target), headers={"Authorization": "Bearer x"})

        run(go)
        assert [request.headers.get("authorization") for request in first.requests] == ["Bearer x"] * 3
    assert ["authorization" in request.headers for request in field.evil.requests] == [False]


def test_an_answer_to_credentials_is_not_shared(field: Field) -> None:
    """What was fetched with credentials is not what a caller without them gets."""

    async def go() -> tuple[Fetched, Fetched | str]:
        async with field.fetcher() as fetcher:
            url = field.evil.url("/max-age")
            return await fetcher.fetch(url, headers={"Authorization": "x"}), await outcome_of(fetcher, url)

    secret, plain = run(go)
    assert isinstance(plain, Fetched)
    assert plain.sha256 != secret.sha256
