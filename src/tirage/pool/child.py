"""A render child: job frames in, the handler called, reply frames out, until the channel closes."""

from __future__ import annotations

import io
import os
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tirage.pool import sandbox
from tirage.pool.failures import encode_error
from tirage.pool.framing import DescriptorStream, Frame, Kind, encode, read_frame, write_frame

Handler = Callable[[dict[str, Any], list[bytes]], tuple[Mapping[str, Any], Sequence[bytes]]]


def serve(channel: int, handler: Handler, *, cpu_seconds: int, debug: bool) -> None:
    """Answers jobs on a blocking descriptor, one after the other; returns when the other side closes it."""
    resident: dict[str, list[bytes]] = {}
    raw = DescriptorStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=channel))
    with io.BufferedReader(raw, 64 * 1024) as stream:
        while (frame := read_frame(stream)) is not None:
            sandbox.allow_cpu(cpu_seconds)
            write_frame(channel, _answer(frame, raw.descriptors, handler, resident, debug))


def _answer(
    frame: Frame, descriptors: deque[int], handler: Handler, resident: dict[str, list[bytes]], debug: bool
) -> list[bytes]:
    try:
        envelope = orjson.loads(frame.header)
        # All are taken out of the line first: should one be unreadable, the next job still finds its own.
        files = [(index, size, descriptors.popleft()) for index, size in envelope["files"]]
        contents = [(index, _content(descriptor, size)) for index, size, descriptor in files]
        for key in envelope["drop"]:
            resident.pop(key, None)
        fresh: int = envelope["fresh"]
        if fresh:
            resident[envelope["key"]] = frame.parts[1 : 1 + fresh]
        own = frame.parts[1 + fresh :]
        for index, content in contents:
            own[index] = content
        parts = [*resident.get(envelope["key"], ()), *own]
        header, results = handler(orjson.loads(frame.parts[0]), parts)
        return encode(Kind.RESULT, frame.job_id, orjson.dumps(dict(header)), list(results))
    except Exception as error:
        if debug:
            traceback.print_exc(file=sys.stderr)
        return encode(Kind.PROBLEM, frame.job_id, encode_error(error), ())


def _content(descriptor: int, size: int) -> bytes:
    """As much of a file as was announced, or less where it has become shorter; read at places, for a job that is tried
    again reads it again."""
    try:
        content = os.pread(descriptor, size, 0)
        while len(content) < size and (more := os.pread(descriptor, size - len(content), len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)
