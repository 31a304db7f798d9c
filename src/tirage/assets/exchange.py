"""One request → one answer through a guarded pool, with every limit on time, rate and size applied."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import httpcore

from tirage.assets.connector import GuardedStream
from tirage.assets.inflate import Inflater
from tirage.assets.limits import Limits
from tirage.assets.problems import problem
from tirage.assets.urls import Url
from tirage.engine.errors import ResourceProblem

DEPTH_HEADER = "Tirage-Depth"
"""Sent with every request; a service that receives it knows that a rendering is behind the request."""

_HEADERS = (
    ("User-Agent", "Tirage"),
    # The size limits are about what arrives; a compressed picture gains nothing.
    ("Accept-Encoding", "identity"),
    (DEPTH_HEADER, "1"),
)
# A body is read only where it may be a picture; what is answered to a message is read whatever the status says.
_WITH_BODY = frozenset({200, 203})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers with lower-case names (the last of equal ones), and the body, of a GET only that of a 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(
    pool: httpcore.AsyncConnectionPool,
    url: Url,
    extra: Mapping[str, str],
    limits: Limits,
    seconds: float,
    *,
    message: bytes | None = None,
    accept: str = "image/*,*/*;q=0.5",
    into: IO[bytes] | None = None,
) -> Answer:
    """GET the URL, or POST a message to it; `extra` headers are added, `seconds` bound the whole exchange.

    `into` takes the body instead of the answer: a file, emptied before.

    Raises:
        ResourceProblem: anything but a well-formed answer within the limits.
    """
    about = [("Accept", accept)] if message is None else [("Content-Length", str(len(message)))]
    headers = [("Host", url.authority), *_HEADERS, *about, *extra.items()]
    try:
        async with asyncio.timeout(seconds):
            return await _exchange(pool, url, headers, limits, message, into)
    except (TimeoutError, httpcore.TimeoutException):
        raise problem("source_timeout", f"{url} did not answer in time.") from None
    except ssl.SSLError:
        # An alert that comes with the first answer: a host that wants a certificate from us, say.
        raise problem("source_tls", f"{url.host} ended the TLS connection with an error.") from None
    except (httpcore.NetworkError, OSError):
        raise problem("source_unreachable", f"{url.host} closed the connection.") from None
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        raise problem("source_protocol", f"{url} did not answer in valid HTTP.") from None


async def _exchange(
    pool: httpcore.AsyncConnectionPool,
    url: Url,
    headers: list[tuple[str, str]],
    limits: Limits,
    message: bytes | None,
    into: IO[bytes] | None,
) -> Answer:
    request_url = httpcore.URL(
        scheme=url.scheme.encode(), host=url.host.encode(), port=url.port, target=url.target.encode()
    )
    timeouts = {"connect": limits.connect, "read": limits.stall, "write": limits.stall, "pool": limits.total}
    lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
    method = "GET" if message is None else "POST"
    async with pool.stream(
        method, request_url, headers=lines, content=message, extensions={"timeout": timeouts}
    ) as response:
        found = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status == 304:
            await response.aread()  # without a body by definition; read to its end, the connection can be kept
        if message is None and response.status not in _WITH_BODY:
            return Answer(response.status, found, b"")
        try:
            body = await _body(response, found, url, limits, into)
        except httpcore.ReadError:
            raise _truncated(url) from None
        except httpcore.RemoteProtocolError as error:
            # h11 words it so when the connection ends before the declared length or the last chunk.
            if "closed connection" in str(error):
                raise _truncated(url) from None
            raise
        return Answer(response.status, found, body)


async def _body(
    response: httpcore.Response, headers: Mapping[str, str], url: Url, limits: Limits, into: IO[bytes] | None
) -> bytes:
    declared: int | None = None
    if "content-length" in headers and "transfer-encoding" not in headers:
        declared = int(headers["content-length"])  # digits: the HTTP parser has refused everything else
        if declared > limits.max_bytes:
            raise _too_large(url, limits)
    encoding = headers.get("content-encoding", "")
    inflater = Inflater(encoding, limits.max_bytes) if encoding.strip().lower() not in ("", "identity") else None
    pieces: list[bytes] = []
    if into is not None:
        into.seek(0)
        into.truncate()
    received = kept = 0
    started = time.monotonic()
    async for piece in response.aiter_stream():
        received += len(piece)
        for part in [piece] if inflater is None else inflater.feed(piece):
            if into is None:
                pieces.append(part)
            else:
                await asyncio.to_thread(into.write, part)
            kept += len(part)
            if kept > limits.max_bytes:
                raise _too_large(url, limits)
        if received > limits.max_bytes:
            raise _too_large(url, limits)
        elapsed = time.monotonic() - started
        if elapsed > limits.rate_grace and received < limits.min_rate * elapsed:
            raise problem("source_too_slow", f"{url} sends fewer than {limits.min_rate:,} bytes a second.")
    stream = response.extensions.get("network_stream")
    if declared is not None and isinstance(stream, GuardedStream) and stream.surplus(declared):
        raise problem("source_protocol", f"{url} sent more bytes than it had declared.")
    if inflater is not None:
        inflater.finish()
    return b"".join(pieces)


def _too_large(url: Url, limits: Limits) -> ResourceProblem:
    return problem("source_too_large", f"{url} is larger than {limits.max_bytes:,} bytes.")


def _truncated(url: Url) -> ResourceProblem:
    return problem("source_truncated", f"{url} ended before its declared length.")
