"""The misbehaviours of EVIL, by path, as plain as the bytes they send."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import AsyncIterator
from functools import cache

from tests.harness.evil import Behaviour, Keep, Request, Reset, Step, png, response

BOMB_BYTES = 64_000_000
_FOREVER = 3_600.0


def fixed(*steps: Step) -> Behaviour:
    """The same steps for every request."""

    async def behave(_: Request) -> AsyncIterator[Step]:
        for step in steps:
            yield step

    return behave


def ok(body: bytes, **headers: str) -> Behaviour:
    """A well-behaved answer on a connection that stays open."""
    return fixed(response(body, **headers), Keep)


@cache
def _bomb(kind: str) -> bytes:
    if kind == "deflate":
        return zlib.compress(bytes(BOMB_BYTES), 1)
    once = gzip.compress(bytes(BOMB_BYTES), 6, mtime=0)
    return gzip.compress(once, 6, mtime=0) if kind == "gzip, gzip" else once


async def bomb(request: Request) -> AsyncIterator[Step]:
    """A compressed body of zeros, in the coding that the query names."""
    kind = request.query("as")
    yield response(_bomb(kind), Content_Encoding=kind)


async def status(request: Request) -> AsyncIterator[Step]:
    """The status of the query, with a Retry-After if the query says so."""
    headers = {"Retry_After": after} if (after := request.query("after")) else {}
    yield response(b"", f"{request.query('code')} Said", **headers)
    yield Keep


async def redirect(request: Request) -> AsyncIterator[Step]:
    """A redirect to the query's `to`."""
    yield response(b"", f"{request.query('code', '302')} Elsewhere", Location=request.query("to"))
    yield Keep


async def chain(request: Request) -> AsyncIterator[Step]:
    """As many redirects as the query's `left` says, then a picture."""
    left = int(request.query("left"))
    if left:
        yield response(b"", "302 Found", Location=f"/chain?left={left - 1}")
    else:
        yield response(png())
    yield Keep


async def growing(request: Request) -> AsyncIterator[Step]:
    """A redirect to itself whose query changes each time."""
    yield response(b"", "302 Found", Location=f"/growing?n={int(request.query('n', '0')) + 1}")
    yield Keep


async def long_location(request: Request) -> AsyncIterator[Step]:
    """A redirect to a path of as many characters as the query says."""
    yield response(b"", "302 Found", Location="/" + "a" * int(request.query("chars")))
    yield Keep


async def drip(request: Request) -> AsyncIterator[Step]:
    """A head or a body that comes byte by byte without an end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
    if request.query("what") == "head":
        yield head
        for _ in itertools.count():
            yield b"x"
            yield 0.02
    yield head + b"\r\n"
    for _ in itertools.count():
        yield b"x" * 10
        yield 0.02


async def endless(request: Request) -> AsyncIterator[Step]:
    """A body without length, or chunks without end."""
    piece = png() + bytes(65_536)
    if request.query("as") == "chunks":
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    else:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield piece


async def cookie(_: Request) -> AsyncIterator[Step]:
    """A picture with a cookie that must not come back."""
    yield response(png(), Set_Cookie="spy=1; Path=/", Cache_Control="no-store")
    yield Keep


async def tagged(request: Request) -> AsyncIterator[Step]:
    """A picture with an ETag that must be confirmed each time."""
    if request.headers.get("if-none-match") == '"v1"':
        yield b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: no-cache\r\n\r\n'
    else:
        yield response(png(), ETag='"v1"', Cache_Control="no-cache")
    yield Keep


def changing(**headers: str) -> Behaviour:
    """Another picture each time."""
    numbers = itertools.count()

    async def behave(_: Request) -> AsyncIterator[Step]:
        yield response(png(grey=next(numbers) % 256), **headers)
        yield Keep

    return behave


def sick_then_well(times: int, status_line: str = "503 Busy", **headers: str) -> Behaviour:
    """An error for the first requests, then a picture."""
    numbers = itertools.count()

    async def behave(_: Request) -> AsyncIterator[Step]:
        yield response(png()) if next(numbers) >= times else response(b"", status_line, **headers)
        yield Keep

    return behave


async def waiting(request: Request) -> AsyncIterator[Step]:
    """A picture after the seconds that the query names."""
    yield float(request.query("seconds"))
    yield response(png())
    yield Keep


def _raw(head: str, body: bytes = b"") -> Behaviour:
    return fixed(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode("latin-1") + body)


def all_behaviours() -> dict[str, Behaviour]:
    """A fresh table: behaviours that count begin at nought."""
    picture = png()
    large = png(300, 300)
    return {
        "/png": ok(picture),
        "/silent": fixed(_FOREVER),
        "/close": fixed(),
        "/drip": drip,
        "/endless": endless,
        "/html": ok(b"<!doctype html><title>Log in</title>"),
        "/empty": ok(b""),
        "/json": ok(b'{"error": "no"}'),
        "/204": fixed(b"HTTP/1.1 204 No Content\r\n\r\n", Keep),
        "/206": fixed(response(picture, "206 Partial Content", Content_Range="bytes 0-9/10"), Keep),
        "/304": fixed(b"HTTP/1.1 304 Not Modified\r\n\r\n", Keep),
        "/length/huge": _raw("Content-Length: 99999999999", picture),
        "/length/more": _raw(f"Content-Length: {len(picture) + 9}", picture),
        "/length/less": fixed(response(picture) + b"and more", Keep),
        "/length/two": _raw(f"Content-Length: {len(picture)}\r\nContent-Length: {len(picture) + 1}", picture),
        "/length/negative": _raw("Content-Length: -5", picture),
        "/bomb": bomb,
        "/coded/br": ok(b"\x8b\x00\x80\x03", Content_Encoding="br"),
        "/coded/zstd": ok(b"\x28\xb5\x2f\xfd", Content_Encoding="zstd"),
        "/coded/thrice": ok(picture, Content_Encoding="gzip, gzip, gzip"),
        "/coded/broken": ok(picture, Content_Encoding="gzip"),
        "/coded/cut": ok(gzip.compress(picture)[:-12], Content_Encoding="gzip"),
        "/coded/gzip": ok(gzip.compress(picture), Content_Encoding="gzip"),
        "/coded/raw-deflate": ok(zlib.compress(picture, wbits=-15), Content_Encoding="deflate"),
        "/head/long-line": _raw("X: " + "x" * 1_000_000, picture),
        "/head/many-lines": _raw("\r\n".join(f"X{n}: y" for n in range(100_000)), picture),
        "/head/nul": _raw("X: a\0b", picture),
        "/head/bad-status": fixed(b"HTTP/1.1 abc\r\n\r\n" + picture),
        "/head/http09": fixed(picture),
        "/head/early-hints": fixed(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(picture), Keep),
        "/cut/jpeg": ok(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02" + bytes(500)),
        "/cut/reset": fixed(response(large)[:-100], 0.05, Reset),
        "/status": status,
        "/redirect": redirect,
        "/chain": chain,
        "/growing": growing,
        "/circle": fixed(response(b"", "302 Found", Location="/circle/back"), Keep),
        "/circle/back": fixed(response(b"", "302 Found", Location="/circle"), Keep),
        "/long": long_location,
        "/nowhere": fixed(response(b"", "302 Found"), Keep),
        "/cookie": cookie,
        "/tagged": tagged,
        "/changing": changing(),
        "/no-store": changing(Cache_Control="no-store"),
        "/max-age": changing(Cache_Control="max-age=1000"),
        "/wait": waiting,
    }
