"""Checks 34–36: which addresses are public hosts, in every form, and which policies may be set."""

from __future__ import annotations

import ipaddress
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage.assets.guard import Policy, classify, parse_place
from tirage.assets.urls import parse_url
from tirage.engine.errors import ResourceProblem, TirageError

# Each example is judged in eight embeddings or eleven spellings: a million cases in the long form.
EXAMPLES = 125_000 if os.environ.get("TIRAGE_SOAK") else 100

DENIED = """\
127.0.0.1 0.0.0.0 10.0.0.1 169.254.169.254 ::1 :: ::ffff:127.0.0.1 fd00:ec2::254 fe80::1 100.64.0.1 192.0.0.192
192.88.99.1 224.0.0.1 ff02::1 ::127.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 64:ff9b:1:a9fe:a9:fe00:: fec0::1
2606:4700::5efe:7f00:1 3fff::1 5f00::1
169.254.170.2 100.100.100.200 172.16.0.1 172.31.255.255 192.168.0.1 100.127.255.255 198.18.0.1 192.0.2.1
198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255 2001:db8::1 100::1 2001:0:4136:e378:8000:63bf:80ff:fffe
::ffff:a9fe:a9fe 64:ff9b:1:7f00:0:100:: 2606:4700::200:5efe:7f00:1 168.63.129.16 4000::1 1fff::1
"""

ALLOWED = """\
1.1.1.1 8.8.8.8 93.184.216.34 2606:4700:4700::1111 2a00:1450:4001:830::200e ::ffff:8.8.8.8 64:ff9b::808:808
192.0.1.1 168.63.129.15 168.63.129.17 2001:4860:4860::8888 2620:fe::fe
"""

# First and last address of each denied range, then its two outer neighbours where those are public.
EDGES = [
    ("0.0.0.0", "0.255.255.255", None, "1.0.0.0"),
    ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
    ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
    ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
    ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
    ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
    ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
    ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
    ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
    ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
    ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
    ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
    ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
    ("224.0.0.0", "255.255.255.255", "223.255.255.255", None),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"),
]


@pytest.mark.check(34)
@pytest.mark.parametrize("text", DENIED.split())
def test_special_addresses_are_denied(text: str) -> None:
    """Every literal of the table is refused, and says by which range."""
    verdict = classify(ipaddress.ip_address(text))
    assert not verdict.allowed
    assert verdict.range


@pytest.mark.check(34)
@pytest.mark.parametrize("text", ALLOWED.split())
def test_public_addresses_are_allowed(text: str) -> None:
    """Public hosts pass, also when their IPv4 address comes inside an IPv6 one of a known form."""
    assert classify(ipaddress.ip_address(text)).allowed


@pytest.mark.check(34)
@pytest.mark.parametrize(("first", "last", "before", "after"), EDGES)
def test_denied_ranges_have_exact_edges(first: str, last: str, before: str | None, after: str | None) -> None:
    """Both ends of a range are refused and both neighbours pass."""
    assert not classify(ipaddress.ip_address(first)).allowed
    assert not classify(ipaddress.ip_address(last)).allowed
    for neighbour in filter(None, (before, after)):
        assert classify(ipaddress.ip_address(neighbour)).allowed, neighbour


def _embeddings(inner: ipaddress.IPv4Address) -> dict[str, str]:
    """IPv6 forms that carry an IPv4 address, those judged by it marked with a leading '='."""
    number = int(inner)
    high, low = number >> 16, number & 0xFFFF
    inverted = number ^ 0xFFFF_FFFF
    return {
        "=mapped": f"::ffff:{inner}",
        "=nat64": f"64:ff9b::{high:x}:{low:x}",
        "compatible": f"::{high:x}:{low:x}",
        "6to4": f"2002:{high:x}:{low:x}::1",
        "nat64 local": f"64:ff9b:1:{high:x}:{low >> 8:x}:{(low & 0xFF) << 8:x}::",
        "teredo": f"2001:0:4136:e378:8000:63bf:{inverted >> 16:x}:{inverted & 0xFFFF:x}",
        "isatap": f"2606:4700::5efe:{high:x}:{low:x}",
        "isatap, u bit": f"2606:4700::200:5efe:{high:x}:{low:x}",
    }


@pytest.mark.check(35)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.ip_addresses(v=4))
def test_embedded_addresses_are_judged_by_what_they_carry(inner: ipaddress.IPv4Address) -> None:
    """An IPv4 address inside an IPv6 one is refused if it is denied itself, or if the form is refused as a whole."""
    for form, text in _embeddings(inner).items():
        expected = classify(inner).allowed and form.startswith("=")
        assert classify(ipaddress.ip_address(text)).allowed == expected, form


@pytest.mark.check(35)
@settings(deadline=None, max_examples=EXAMPLES)
@given(st.ip_addresses(v=4))
def test_no_spelling_hides_an_ipv4_address(inner: ipaddress.IPv4Address) -> None:
    """Odd spellings are refused as URLs, or read as exactly the address they mean."""
    number, parts = int(inner), str(inner).split(".")
    spellings = [
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(f"0{int(part):o}" for part in parts),
        ".".join(hex(int(part)) for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        "".join(f"%{ord(char):02x}" for char in str(inner)),
        str(inner).translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
        str(inner).replace(".", "。"),
        f"{inner}.",
    ]
    for spelling in spellings:
        try:
            url = parse_url(f"http://{spelling}/")
        except ResourceProblem as error:
            assert error.code == "source_invalid"
        else:
            assert url.address == inner, spelling


@pytest.mark.check(36)
@pytest.mark.parametrize(
    "entry",
    ["0.0.0.0/0", "::/0", "0.0.0.0/7", "::/7", ".*", "*.example.com", "^10", "a b", "10.0.0.1/8", "host:0", "x:y"],
)
def test_a_policy_that_guards_nothing_is_refused(entry: str) -> None:
    """Whole address spaces and patterns cannot be allowed by the ordinary setting."""
    with pytest.raises(TirageError) as caught:
        Policy.of([entry])
    assert caught.value.code == "policy_invalid"


@pytest.mark.check(36)
def test_an_unsafe_opening_is_listed() -> None:
    """The setting with the unsafe name may open everything, and the policy tells so."""
    policy = Policy.of(unsafe_allow=["0.0.0.0/0"])
    policy.check_url(parse_url("http://127.0.0.1/"))
    assert policy.unsafe == ("0.0.0.0/0",)
    assert Policy.of(["10.0.0.0/8"]).unsafe == ()


@pytest.mark.parametrize(
    ("entry", "url", "admitted"),
    [
        ("127.0.0.2:9000", "http://127.0.0.2:9000/", True),
        ("127.0.0.2:9000", "http://[::ffff:127.0.0.2]:9000/", True),
        ("127.0.0.2:9000", "http://127.0.0.2/", False),
        ("127.0.0.2:9000", "http://127.0.0.2:9001/", False),
        ("127.0.0.2", "http://127.0.0.2:8080/", True),
        ("127.0.0.2", "http://127.0.0.2:22/", False),
        ("10.0.0.0/8", "https://10.2.3.4/", True),
        ("10.0.0.0/8:9000", "http://10.2.3.4:9000/", True),
        ("10.0.0.0/8:9000", "http://11.2.3.4:9000/", False),
        ("[::1]:9000", "http://[::1]:9000/", True),
        ("[fd00::/8]:9000", "http://[fd00::5]:9000/", True),
        ("fd00::/8", "http://[fd00::5]/", True),
        ("fd00::/8", "http://[fe80::5]/", False),
    ],
)
def test_an_opening_opens_exactly_itself(entry: str, url: str, admitted: bool) -> None:
    """Address, network and port of an entry are all it opens."""
    policy = Policy.of([entry])
    if admitted:
        policy.check_url(parse_url(url))
    else:
        with pytest.raises(ResourceProblem) as caught:
            policy.check_url(parse_url(url))
        assert caught.value.code == "source_blocked"


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 81, 65535])
def test_ports_beyond_the_web_are_closed(port: int) -> None:
    """A public address at an unusual port is refused before its name is resolved."""
    for host in ("example.com", "93.184.216.34"):
        with pytest.raises(ResourceProblem) as caught:
            Policy().check_url(parse_url(f"http://{host}:{port}/"))
        assert caught.value.code == "source_blocked"


def test_policies_with_different_openings_have_different_fingerprints() -> None:
    """The fingerprint tells openings apart and does not depend on their order."""
    one, two = "10.0.0.1:80", "intranet.test"
    assert Policy.of([one, two]).fingerprint == Policy.of([two, one]).fingerprint
    assert (
        len({policy.fingerprint for policy in (Policy(), Policy.of([one]), Policy.of([two]), Policy.of(ports=[81]))})
        == 4
    )


def test_a_place_reads_back_what_was_written() -> None:
    """Host, network and port are found in every form of an entry."""
    assert parse_place("Intranet.Test:81").host == "intranet.test"
    assert parse_place("[fd00::/8]:81").port == 81
    assert parse_place("::1").network == ipaddress.ip_network("::1/128")
    assert parse_place(" 10.0.0.0/8 ").port is None
