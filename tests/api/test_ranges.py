"""Parts of files: 206, 416 and `If-Range` on pictures, their smaller versions and the library's files."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from tests.harness.evil import png
from tests.harness.site import Site

from tirage.api.errors import Refused
from tirage.api.ranges import wanted_part


def ask(text: str | None, *, method: str = "GET", if_range: str | None = None) -> Request:
    """A request for a range."""
    headers = [(b"range", text.encode())] if text is not None else []
    headers += [(b"if-range", if_range.encode())] if if_range is not None else []
    return Request({"type": "http", "method": method, "headers": headers, "path": "/"})


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=10-1000", 10, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-500", 0, 100),
        ("BYTES= 5-6 ", 5, 7),
    ],
)
def test_ranges_that_are_given(text: str, start: int, stop: int) -> None:
    """First and last byte count both; the end is cut to the file's."""
    part = wanted_part(ask(text), '"x"', 100)
    assert part is not None and (part.start, part.stop) == (start, stop)
    assert part.content_range == f"bytes {start}-{stop - 1}/100"


@pytest.mark.parametrize(
    "text", [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-2", "bytes=0-1,4-5", "rows=0-1", "bytes=--1"]
)
def test_what_is_no_range_is_the_whole(text: str | None) -> None:
    """Syntax errors, several ranges and other units are passed over (RFC 9110, 14.2)."""
    assert wanted_part(ask(text), '"x"', 100) is None


@pytest.mark.parametrize("text", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=9999999999999999999-"])
def test_ranges_outside_are_refused(text: str) -> None:
    """416 tells the size."""
    with pytest.raises(Refused) as refused:
        wanted_part(ask(text), '"x"', 100)
    assert (refused.value.code, refused.value.headers) == ("range_not_satisfiable", {"content-range": "bytes */100"})


def test_only_get_and_only_this_version() -> None:
    """HEAD has no parts; If-Range with another tag, a weak one or a date gives the whole."""
    assert wanted_part(ask("bytes=0-1", method="HEAD"), '"x"', 100) is None
    assert wanted_part(ask("bytes=0-1", if_range='"x"'), '"x"', 100) is not None
    for other in ('"y"', 'W/"x"', "Sun, 22 Nov 2026 12:00:00 GMT"):
        assert wanted_part(ask("bytes=0-1", if_range=other), '"x"', 100) is None


@given(st.text(alphabet="bytes=0123456789-, ", max_size=24), st.integers(0, 1000))
def test_any_text_gives_a_part_inside_or_none(text: str, size: int) -> None:
    """Whatever the header says, a part lies within the file and is not empty."""
    try:
        part = wanted_part(ask(text), '"x"', size)
    except Refused as refused:
        assert refused.code == "range_not_satisfiable"
    else:
        assert part is None or 0 <= part.start < part.stop <= size


@pytest.fixture
def addresses(site: Site, alice: httpx.Client) -> dict[str, str]:
    """A picture, its thumbnail and a file of the library."""
    drawn = alice.post(f"/designs/{site.alice.designs['card']}", json={"format": "pdf"}).json()
    file = alice.post(f"/media/{site.alice.workspace}/assets", files={"file": ("a.png", png(40, 40))}).json()
    return {"picture": drawn["imageUrl"], "thumbnail": drawn["thumbnailUrl"], "media": file["url"]}


@pytest.mark.parametrize("kind", ["picture", "thumbnail", "media"])
def test_parts_of_files(addresses: dict[str, str], stranger: httpx.Client, kind: str) -> None:
    """The parts are those of the whole; the tag of the whole holds for them; a wrong one is 416."""
    url = addresses[kind]
    whole = stranger.get(url)
    data, etag = whole.content, whole.headers["etag"]
    assert whole.status_code == 200 and whole.headers["accept-ranges"] == "bytes"
    for text, expected in (("bytes=5-14", data[5:15]), ("bytes=-7", data[-7:]), ("bytes=20-", data[20:])):
        part = stranger.get(url, headers={"range": text})
        assert (part.status_code, part.content, part.headers["etag"]) == (206, expected, etag)
        assert part.headers["content-range"].endswith(f"/{len(data)}")
        assert part.headers["content-length"] == str(len(expected))
        assert part.headers["content-type"] == whole.headers["content-type"]
        assert "sandbox" in part.headers["content-security-policy"]
    assert stranger.get(url, headers={"range": "bytes=0-1", "if-range": etag}).status_code == 206
    other = stranger.get(url, headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, data)
    assert stranger.get(url, headers={"range": "bytes=0-1", "if-none-match": etag}).status_code == 304
    outside = stranger.get(url, headers={"range": f"bytes={len(data)}-"})
    assert (outside.status_code, outside.json()["code"]) == (416, "range_not_satisfiable")
    assert outside.headers["content-range"] == f"bytes */{len(data)}"
    head = stranger.head(url, headers={"range": "bytes=0-1"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))


@pytest.mark.check(45)
def test_a_rendering_gets_no_link(site: Site, alice: httpx.Client, stranger: httpx.Client) -> None:
    """What the guarded client asks for with its depth is refused before anything is drawn."""
    url = alice.post(f"/designs/{site.alice.designs['card']}/link", json={}).json()["url"]
    for depth in ("1", "2", "x"):
        refused = stranger.get(url, headers={"Tirage-Depth": depth})
        assert (refused.status_code, refused.json()["code"]) == (422, "source_self")
    assert alice.get("/images", params={"metadata": url}).json()["results"] == []
    assert stranger.get(url, headers={"Tirage-Depth": "0"}).status_code == 200
