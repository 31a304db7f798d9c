"""Checks 33 and 64: how URLs are read, and everything that is not one reading only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.assets.urls import join, parse_url
from tirage.engine.errors import ResourceProblem

E, H = "93.184.216.34", "127.0.0.1"

REFUSED = [
    "", "x", "example.com/a.png", "//H/", "///H/", "http:", "http:/", "http://", "http:///H/", "http:H", "http:/H/",
    "http:/\\H/", "http:\\\\H\\", "http://E@H/", "http://E:80@H/", "http://E%40H/", "http://E\\@H/", "http://H\\.E/",
    "http://E:80\t@H/", "http://H%00.E/", "http://H%2f@E/", "http://H:0/", "http://H:99999/", "http://H:65536/",
    "http://H:/", "http://H:8o/", "http://H:٨٠/", "http://H: 80/", " http://H/", "\thttp://H/", "\nhttp://H/", "\0http://H/",
    "http://H/ ", "http://H/a b", "http://H/\r\nX: y", "http://E/%zz", "http://E/%2", "http://E/?q=%", "http://E/\ud800",
    "http://[::1", "http://::1/", "http://[::1]x/", "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://[1.2.3.4]/",
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://0/", "http://127.1/", "http://127.0.1/", "http://127.0.0.01/", "http://1.2.3.4.5/", "http://256.0.0.1/",
    "http://a.0x7f/", "http://.../", "http://a..b/", "http://-a.test/", "http://a-.test/", "http://*.test/",
    "http://a!b.test/", "http://😀.test/", "http://xn--" + "a" * 70 + ".test/", "http://" + "a." * 130 + "test/",
    "file:///etc/passwd", "file://E/x", "gopher://H:6379/_", "dict://H/", "ftp://H/", "ldap://H/", "jar:http://H!/x",
    "blob:http://H/x", "unix:/var/run/x", "data:text/html,x", "javascript:1", "view-source:http://H/", "http+unix://%2f/",
    "https://E/" + "a" * 20_000,
]  # fmt: skip


@pytest.mark.check(33, 64)
@pytest.mark.parametrize("text", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """Odd URLs are refused before anything is resolved, and the message does not repeat them."""
    text = text.replace("E", E).replace("H", H)
    with pytest.raises(ResourceProblem) as caught:
        parse_url(text)
    assert caught.value.code == "source_invalid"
    assert not caught.value.retryable
    assert E not in str(caught.value)


@pytest.mark.check(33)
@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("HTTP://127.0.0.1/", "127.0.0.1"),
        ("http://127.0.0.1.", "127.0.0.1"),
        ("http://①②⑦.⓪.⓪.①/", "127.0.0.1"),
        ("http://127。0。0。1/", "127.0.0.1"),
        ("http://LOCALHOST./", "localhost"),
        ("http://[0:0:0:0:0:0:0:1]/", "::1"),
        ("http://[0:0:0:0:0:ffff:127.0.0.1]/", "::ffff:7f00:1"),
        ("http://127.0.0.1#@93.184.216.34/", "127.0.0.1"),
        ("http://127.0.0.1?@93.184.216.34/", "127.0.0.1"),
    ],
)
def test_the_host_is_what_a_client_would_dial(text: str, host: str) -> None:
    """Case, dots, digits of other scripts and marks in the wrong place do not hide the host."""
    url = parse_url(text)
    assert url.host in (host, "::ffff:127.0.0.1")
    assert (url.address is None) == (host == "localhost")


@pytest.mark.check(64)
@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://Example.COM:443/A?b=C#d", "https://example.com/A?b=C"),
        ("http://example.com:8080?x", "http://example.com:8080/?x"),
        ("https://bücher.example/ä ".strip(), "https://xn--bcher-kva.example/%C3%A4"),
        ("https://BÜCHER.example/%c3%a4", "https://xn--bcher-kva.example/%c3%a4"),
        ("https://my_bucket.example/a|b", "https://my_bucket.example/a%7Cb"),
        ("http://[2606:4700::1]:8080/", "http://[2606:4700::1]:8080/"),
        ("https://e.example/" + "a" * 1_980, "https://e.example/" + "a" * 1_980),
    ],
)
def test_a_url_has_one_normal_form(text: str, normal: str) -> None:
    """Ordinary URLs are read, and written so that equal ones are equal texts."""
    assert parse_url(text).text == normal
    assert parse_url(normal).text == normal


def test_a_url_is_shown_without_its_query() -> None:
    """What a message shows holds no secret of a signed URL."""
    assert str(parse_url("https://example.com/a.png?signature=secret")) == "https://example.com/a.png"
    assert len(str(parse_url("https://example.com/" + "a" * 1_000))) == 200


@pytest.mark.check(44)
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("b.png", "https://example.com/x/b.png"),
        ("/b.png?q#f", "https://example.com/b.png?q"),
        ("?q", "https://example.com/x/a.png?q"),
        ("../b.png", "https://example.com/b.png"),
        ("//other.test/", "https://other.test/"),
        ("http://other.test", "http://other.test/"),
    ],
)
def test_a_location_is_resolved_against_its_page(location: str, target: str) -> None:
    """Relative redirects are understood as browsers do."""
    assert join(parse_url("https://example.com/x/a.png"), location).text == target


@pytest.mark.check(44)
@pytest.mark.parametrize(
    "location",
    ["https://a\tb/", "//a\nb/", "\x01https://h/", "/\\h/", "http://u@h/", "http://h:x/", "//[", "/" * 5_000],
)
def test_an_odd_location_is_refused(location: str) -> None:
    """Nothing is repaired silently on the way of a redirect."""
    with pytest.raises(ResourceProblem) as caught:
        join(parse_url("https://example.com/"), location)
    assert caught.value.code == "source_invalid"


@given(st.text(max_size=60))
def test_reading_a_url_never_fails_otherwise(text: str) -> None:
    """Whatever follows the scheme, the outcome is a URL in printable ASCII or a `source_invalid`."""
    try:
        url = parse_url("http://" + text)
    except ResourceProblem as error:
        assert error.code == "source_invalid"
    else:
        assert url.text.isascii()
        assert all(" " < char < "\x7f" for char in url.text)
        assert parse_url(url.text) == url
