"""Broken pictures, drawings with scripts and odd characters by the API: refused or kept as they came, never a fault."""

from __future__ import annotations

import os
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tests.api.resources.test_media import SVG, upload
from tests.api.resources.test_templates import store
from tests.engine.images import seeds
from tests.harness.client import Person, Running

pytestmark = pytest.mark.anyio

GREY = seeds.png(32, 32, depth=8, kind=0, body=b"".join(b"\0" + bytes(32) for _ in range(32)))
CORPUS = os.environ.get("TIRAGE_CORPUS", "")
"""A folder of broken pictures from outside (fuzzers' seeds, other libraries' fixtures) that is tried as well."""


def _with_byte(place: int, value: int, *, checksum: bool = True) -> bytes:
    """The grey picture with another byte in its header, whose checksum fits unless it is not to."""
    data = bytearray(GREY)
    data[place] = value
    if checksum:
        data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def _cut_out(name: bytes) -> bytes:
    at = GREY.index(name) - 4
    return GREY[:at] + GREY[at + 12 + int.from_bytes(GREY[at : at + 4], "big") :]


BROKEN = {
    # PngSuite's broken files, made as its author describes them (http://www.schaik.com/pngsuite, "corrupted files").
    "xs1": bytes([GREY[0] & 0x7F]) + GREY[1:],
    "xs2": GREY[:1] + b"\0" + GREY[2:],
    "xs4": GREY[:3] + b"\0" + GREY[4:],
    "xs7": GREY[:7] + b"\0" + GREY[8:],
    "xcr": GREY.replace(b"\n", b"\r\n"),
    "xlf": GREY.replace(b"\r\n", b"\n"),
    "xhd": _with_byte(31, GREY[31] ^ 0xFF, checksum=False),
    "xc1": _with_byte(25, 1),
    "xc9": _with_byte(25, 9),
    "xd0": _with_byte(24, 0),
    "xd3": _with_byte(24, 3),
    "xd9": _with_byte(24, 99),
    "xdt": _cut_out(b"IDAT"),
    "xcs": GREY[: GREY.index(b"IEND") - 5] + bytes([GREY[GREY.index(b"IEND") - 5] ^ 0xFF]) + GREY[-12:],
    # What other decoders' fixtures are made of: wrong lengths, no end, a second header, data that are none.
    "chunk too long": GREY.replace(b"\0\0\0\rIHDR", b"\x7f\xff\xff\xffIHDR"),
    "no compression": GREY.replace(GREY[GREY.index(b"IDAT") + 4 : GREY.index(b"IDAT") + 6], b"\0\0"),
    "jpeg without tables": b"\xff\xd8\xff\xc0\0\x11\x08\0\x10\0\x10\x03\1\x22\0\2\x11\0\3\x11\0\xff\xd9",
    "gif without picture": b"GIF89a\x08\0\x08\0\x80\0\0\0\0\0\xff\xff\xff;",
    "webp of nothing": b"RIFF\x04\0\0\0WEBP",
    "bmp of negative sizes": b"BM" + bytes(16) + b"\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(40),
    "tiff that points beyond": b"II*\0\xf0\xff\xff\xff",
    "avif that is a box": b"\0\0\0\x14ftypavif\0\0\0\0avif",
}


def _broken() -> list[bytes]:
    files = sorted(Path(CORPUS).rglob("*")) if CORPUS else []
    return [
        *BROKEN.values(),
        *(each.read_bytes() for each in files if each.is_file() and each.stat().st_size < 3_000_000),
    ]


async def design_with_picture(person: Person) -> str:
    """A design with one layer for pictures."""
    layer = {"type": "image", "name": "photo", "width": 64, "height": 64}
    answer = await person.client.post("/templates", json={"width": 64, "height": 64, "layers": [layer]})
    return str(answer.json()["id"])


@pytest.mark.check(79)
async def test_broken_pictures_of_known_collections(alice: Person, running: Running) -> None:
    """As a picture of a row and as an upload: refused with a code of pictures, and the service goes on."""
    uid, refused = await design_with_picture(alice), 0
    before = running.service.pool.stats().timeouts
    for data in _broken():
        source = f"data:image/png;base64,{b64encode(data).decode()}"
        drawn = await alice.client.post(f"/designs/{uid}", json={"params": [{"name": "photo", "imageUrl": source}]})
        path = f"/media/{alice.workspace}/assets"
        kept = await alice.client.post(path, files={"file": ("a.png", data)})
        assert drawn.status_code in (200, 422) and kept.status_code in (200, 422), (drawn.text, kept.text)
        for answer in (drawn, kept):
            if answer.status_code == 422:
                assert answer.json()["code"].startswith(("image_", "unsupported_", "source_", "too_many_", "svg_"))
        refused += drawn.status_code == 422
    assert refused >= len(BROKEN) - 3
    assert running.service.pool.stats().timeouts == before
    assert (await alice.client.post(f"/designs/{uid}", json={})).status_code == 200


@pytest.mark.check(90)
async def test_an_uploaded_drawing_runs_nowhere(alice: Person, running: Running) -> None:
    """Opened in a browser it may load nothing and run nothing: it is kept as it came, and drawn without its scripts."""
    made = await upload(alice, SVG, "a.svg")
    for url in (made["url"], made["thumbnailUrl"]):
        shown = await running.client().get(url)
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy and policy.split(";")[-1].strip() == "sandbox"
        assert shown.headers["x-content-type-options"] == "nosniff" and "connect-src" not in policy
        assert shown.headers["content-type"] == "image/svg+xml"
    uid = await design_with_picture(alice)
    drawn = await alice.client.post(
        f"/designs/{uid}", json={"format": "svg", "params": [{"name": "photo", "imageUrl": made["url"]}]}
    )
    assert b"alert" not in (await running.client().get(drawn.json()["imageUrl"])).content


ODD = ["\0", "\1", "\x0b", "\x1f", "\x7f", "\x85", "\x9f", "\ufeff", "\uffff", "\u2028", "\u202e"]


@pytest.mark.check(110)
@pytest.mark.parametrize("odd", ODD, ids=ascii)
async def test_odd_characters(alice: Person, odd: str) -> None:
    """In names, texts and metadata: kept exactly, or refused as the documentation says; NUL always refused."""
    text = f"a{odd}b"
    layer = {"type": "text", "name": text, "text": text, "width": 90, "height": 40}
    sent = {"name": text, "width": 90, "height": 40, "layers": [layer]}
    stored = await alice.client.post("/templates", json=sent)
    assert stored.status_code in (201, 422), stored.text
    if stored.status_code == 201:
        assert (await alice.client.get(f"/templates/{stored.json()['id']}/document")).json() == sent
        assert stored.json()["name"] == text and stored.json()["layers"][1]["name"] == text
    uid = (await store(alice))["id"]
    body: dict[str, Any] = {"metadata": text, "params": [{"name": "title", "text": text}, {"name": text, "text": "x"}]}
    drawn = await alice.client.post(f"/designs/{uid}", json=body)
    assert drawn.status_code in (200, 422), drawn.text
    if drawn.status_code == 200:
        record = (await alice.client.get(f"/images/{drawn.json()['id']}")).json()
        assert drawn.json()["metadata"] == text == record["metadata"]
        listed = (await alice.client.get("/images", params={"metadata": text})).json()["results"]
        assert [each["id"] for each in listed] == [drawn.json()["id"]]
    made = await alice.client.post("/workspaces", json={"name": text})
    assert made.status_code in (200, 422) and (made.status_code == 422 or made.json()["name"] == text)
    if odd == "\0":
        assert {stored.status_code, drawn.status_code, made.status_code} == {422}
