"""Checks 33, 37–39, 41, 42, 44–49: no way of naming a denied address makes the client dial it."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.harness.behaviours import all_behaviours
from tests.harness.evil import EvilHost
from tests.harness.field import SHORT, Field, outcome_of, run
from tests.harness.stubdns import SERVFAIL, SILENT

from tirage.assets.cache import Cache
from tirage.assets.fetch import Fetcher
from tirage.assets.fetched import Fetched
from tirage.assets.guard import STANDARD_PORTS, Policy
from tirage.engine.errors import ResourceProblem

REFUSED = {"source_blocked", "source_invalid", "source_dns"}

LITERALS = """\
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 0 0.0.0.0 127.0.0.01
①②⑦.⓪.⓪.① 127。0。0。1 localhost LOCALHOST localhost. [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1]
[0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [2002:7f00:1::] [64:ff9b::7f00:1] [64:ff9b:1:7f00:0:100::]
[2001:0:4136:e378:8000:63bf:80ff:fffe] [2606:4700::5efe:7f00:1] [fe80::1%25lo] [fec0::1] [fd00:ec2::254] [ff02::1]
169.254.169.254 [::ffff:a9fe:a9fe] 2852039166 0xa9fea9fe 169.254.170.2 192.0.0.192 100.100.100.200
metadata.google.internal 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 100.127.255.255 198.18.0.1 192.0.2.1
198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 240.0.0.1 255.255.255.255 [2001:db8::1] [3fff::1] [100::1] [5f00::1]
"""

SHAPES = """\
HTTP://H/ http:/\\H/ http:\\\\H\\ http://E@H/ http://E:80@H/ http://E%40H/ http://H#@E/ http://H?@E/ http://E\\@H/
http://H\\.E/ http://H%00.E/ http://H%2f@E/ //H/ http:///H/ http://127.0.0.1:0/ http://127.0.0.1:99999/ http://127.0.0.2:22/
http://127.0.0.2:25/ http://127.0.0.2:6379/ http://[::ffff:H]/ file:///etc/passwd file://E/x gopher://127.0.0.1:6379/_ dict://H/
ftp://H/ ldap://H/ jar:http://H!/x blob:http://H/x unix:/var/run/x data:text/html,x javascript:1 view-source:http://H/
"""


def _is_address(text: str) -> bool:
    try:
        return text.isascii() and "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


@pytest.mark.check(33)
def test_no_literal_reaches_a_denied_address(field: Field) -> None:
    """Every host of the list is refused at the canary's port and at the usual ones."""
    field.dns.names["metadata.google.internal"] = ["169.254.169.254"]

    async def go() -> dict[str, Fetched | str]:
        async with field.fetcher() as fetcher:
            urls = [
                f"http://{host}{port}/" for host in LITERALS.split() for port in (f":{field.canary.port}", "", ":8080")
            ]
            return {url: await outcome_of(fetcher, url) for url in urls}

    for url, code in run(go).items():
        assert code in REFUSED, url
    assert set(field.dns.asked) == {"metadata.google.internal"}


@pytest.mark.check(33)
def test_no_shape_of_a_url_reaches_a_denied_address(field: Field) -> None:
    """Blanks, backslashes, user names and other schemes around the hosts do not help."""
    denied, open_to_us = f"127.0.0.1:{field.canary.port}", field.evil.place
    shapes = [*SHAPES.split(), " http://H/", "\thttp://H/", "\nhttp://H/", "\0http://H/", "http://E\t@H/"]

    async def go() -> dict[str, Fetched | str]:
        async with field.fetcher() as fetcher:
            urls = [shape.replace("H", denied).replace("E", open_to_us) for shape in shapes]
            urls = [url.replace(f"{denied}TTP", "HTTP") for url in urls]
            return {url: await outcome_of(fetcher, url) for url in urls}

    for url, code in run(go).items():
        assert code in REFUSED, url
    assert field.dns.asked == []
    assert field.evil.requests == []


@pytest.mark.check(33)
def test_no_name_leads_to_a_denied_address(field: Field) -> None:
    """Names that resolve to denied addresses, directly or through an alias, are refused; only legal names are asked."""
    addresses = [host.strip("[]") for host in LITERALS.split() if _is_address(host.strip("[]"))]
    assert len(addresses) >= 40
    for number, address in enumerate(addresses):
        field.dns.names[f"n{number}.test"] = [address]
        field.dns.names[f"c{number}.test"] = f"-> n{number}.test"
    port = field.canary.port

    async def go() -> dict[str, Fetched | ResourceProblem]:
        async with field.fetcher() as fetcher:
            return await fetcher.fetch_many([f"http://{name}:{port}/" for name in field.dns.names])

    for url, found in run(go).items():
        assert isinstance(found, ResourceProblem)
        assert found.code == "source_blocked", url
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) for name in field.dns.asked)


@pytest.mark.check(37)
def test_a_rebinding_name_never_reaches_the_other_address(field: Field) -> None:
    """A name that alternates between an open and a denied address is served from the open one or refused."""
    field.dns.alternate("r.test", ["127.0.0.2"], ["127.0.0.1"])

    async def go() -> dict[str, Fetched | ResourceProblem]:
        async with field.fetcher() as fetcher:
            return await fetcher.fetch_many([field.evil.url(f"/png?n={n}", "r.test") for n in range(200)])

    found = run(go).values()
    problems = {one.code for one in found if isinstance(one, ResourceProblem)}
    assert problems <= {"source_blocked"}
    assert any(isinstance(one, Fetched) for one in found)
    assert {request.headers["host"] for request in field.evil.requests} == {f"r.test:{field.evil.port}"}


@pytest.mark.check(38)
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (["127.0.0.2", "127.0.0.1"], "source_blocked"),
        (["127.0.0.1", "127.0.0.2"], "source_blocked"),
        (["127.0.0.2", "::1"], "source_blocked"),
        (["127.0.0.2"], "fetched"),
        ("-> c0.test", "source_dns"),
        ([f"127.1.{n // 250}.{n % 250 + 1}" for n in range(500)], "source_dns"),
        ([], "source_dns"),
        (SERVFAIL, "source_dns"),
        (SILENT, "source_dns"),
        ("NXDOMAIN", "source_dns"),
    ],
)
def test_every_answer_must_be_admitted(field: Field, answers: list[str] | str, code: str) -> None:
    """One denied address among good ones refuses the name; absurd or missing answers are `source_dns`."""
    field.dns.names["m.test"] = answers
    for number in range(20):
        field.dns.names[f"c{number}.test"] = f"-> c{number + 1}.test"
    field.dns.names["c20.test"] = ["127.0.0.2"]
    assert field.code(field.evil.url("/png", "m.test")) == code


@pytest.mark.check(39)
def test_policies_share_neither_connections_nor_copies(field: Field) -> None:
    """What one policy may fetch, with a connection kept open and a copy in a shared cache, another may not have."""
    field.dns.names["h.test"] = ["127.0.0.3"]
    cache = Cache()
    with EvilHost(address="127.0.0.3", behaviours=all_behaviours()) as host:
        url = host.url("/max-age", "h.test")
        ports = STANDARD_PORTS | {host.port}

        async def go() -> tuple[Fetched | str, Fetched | str]:
            async with (
                field.fetcher(Policy.of(["h.test"], ports=ports), cache=cache) as may,
                field.fetcher(Policy.of(ports=ports), cache=cache) as may_not,
            ):
                return await outcome_of(may, url), await outcome_of(may_not, url)

        first, second = run(go)
        assert isinstance(first, Fetched)
        assert second == "source_blocked"
        assert host.connections == 1


@pytest.mark.check(41)
@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/chain?left=0", "fetched"),
        ("/chain?left=3", "fetched"),
        ("/chain?left=4", "source_redirects"),
        ("/circle", "source_redirects"),
        ("/growing", "source_redirects"),
    ],
)
def test_three_redirects_are_followed(field: Field, target: str, code: str) -> None:
    """Three redirects lead to the picture; a fourth, a circle and a moving target do not."""
    assert field.code(field.evil.url(target)) == code


@pytest.mark.check(42)
def test_a_redirect_is_judged_like_a_url(field: Field) -> None:
    """No status and no spelling of the target leads a redirect to a denied address or another scheme."""
    port = field.canary.port
    field.dns.alternate("r.test", ["127.0.0.1"])
    targets = [
        f"http://127.0.0.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://2130706433:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        f"//127.0.0.1:{port}/",
        f"HTTP://127.0.0.1:{port}/",
        f"http://r.test:{port}/",
    ]
    urls = [
        field.evil.url(f"/redirect?code={code}&to={quote(target, safe='')}")
        for target in targets
        for code in (301, 302, 303, 307, 308)
    ]

    async def go() -> dict[str, Fetched | ResourceProblem]:
        async with field.fetcher() as fetcher:
            return await fetcher.fetch_many(urls)

    for url, found in run(go).items():
        assert isinstance(found, ResourceProblem)
        assert found.code == "source_blocked", url


@pytest.mark.check(44)
@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/nowhere", "source_protocol"),
        ("/long?chars=4000", "source_http_error"),
        ("/long?chars=5000", "source_blocked"),
        ("/long?chars=70000", "source_protocol"),
        ("/redirect?to=%2Fpng%0D%0AX-Injected:%201", "fetched"),
        ("/redirect?to=%2Fpng", "fetched"),
        ("/redirect?to=png%23fragment", "fetched"),
        ("/redirect?to=http%3A%2F%2Fu:p@127.0.0.2%2Fpng", "source_blocked"),
    ],
)
def test_odd_locations_end_cleanly(field: Field, target: str, code: str) -> None:
    """Missing, endless and relative locations have clean outcomes, and none adds a header to the next request."""
    assert field.code(field.evil.url(target)) == code
    assert all("x-injected" not in request.headers for request in field.evil.requests)


@pytest.mark.check(45, 46)
def test_the_service_does_not_fetch_itself(field: Field) -> None:
    """Own names and addresses are refused as such, also behind an alias or a redirect; requests tell their depth."""
    port = field.evil.port
    field.dns.names["alias.test"] = ["127.0.0.2"]
    policy = Policy.of(
        [field.evil.place], own_hosts=["Tirage.Test", f"127.0.0.2:{port}", "127.0.0.1"], ports=STANDARD_PORTS | {port}
    )
    urls = [
        f"http://tirage.test:{port}/x",
        "https://tirage.test./x",
        f"http://127.0.0.2:{port}/x",
        f"http://[::ffff:127.0.0.2]:{port}/x",
        f"http://alias.test:{port}/x",
        f"http://localhost:{port}/x",
        "http://127.0.0.1/",
    ]
    assert [field.code(url, policy) for url in urls] == ["source_self"] * len(urls)
    assert field.evil.requests == []
    with EvilHost(address="127.0.0.4", behaviours=all_behaviours()) as other:
        back = other.url("/redirect?to=" + quote(urls[0], safe=""))
        both = replace(policy, allow=policy.allow | Policy.of([other.place]).allow)
        assert field.code(back, both) == "source_self"
        assert other.requests[0].headers["tirage-depth"] == "1"


@pytest.mark.check(47, 48)
def test_a_refusal_tells_nothing_about_the_network(field: Field) -> None:
    """Open, closed and filtered ports of denied addresses give the same code and sentence, without the address."""
    port = field.canary.port
    field.dns.names |= {"in.test": ["127.0.0.1"], "down.test": ["127.0.0.9"], "far.test": ["10.255.255.1"]}

    async def go() -> list[str]:
        messages = []
        async with field.fetcher() as fetcher:
            for name in ("in.test", "down.test", "far.test"):
                with pytest.raises(ResourceProblem) as caught:
                    await fetcher.fetch(f"http://{name}:{port}/a?secret=1")
                assert caught.value.code == "source_blocked"
                messages.append(str(caught.value).replace(name, "NAME"))
        return messages

    first, *others = run(go)
    assert others == [first, first]
    assert not re.search(r"127\.|10\.|secret|open port|refused|timed out", first)


@pytest.mark.check(49)
def test_proxies_of_the_environment_are_not_used(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy variable that names the canary changes nothing."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{field.canary.port}")
    assert field.code(field.evil.url("/png")) == "fetched"


def test_the_systems_resolver_is_guarded_too(field: Field) -> None:
    """Without a name server of our own, `localhost` and a missing name are refused just so."""

    async def go() -> list[Fetched | str]:
        async with Fetcher(field.policy, limits=SHORT) as fetcher:
            urls = (f"http://localhost:{field.canary.port}/", "http://missing.invalid/", field.evil.url("/png"))
            return await asyncio.gather(*(outcome_of(fetcher, url) for url in urls))

    local, missing, fetched = run(go)
    assert (local, missing) == ("source_blocked", "source_dns")
    assert isinstance(fetched, Fetched)
