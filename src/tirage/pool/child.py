"""A render child: job frames in, the handler called, reply frames out, until the channel closes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tirage.pool import sandbox
from tirage.pool.failures import encode_error
from tirage.pool.framing import Frame, Kind, encode, read_frame, write_frame

Handler = Callable[[dict[str, Any], list[bytes]], tuple[Mapping[str, Any], Sequence[bytes]]]


def serve(channel: int, handler: Handler, *, cpu_seconds: int, debug: bool) -> None:
    """Answers jobs on a blocking descriptor, one after the other; returns when the other side closes it."""
    resident: dict[str, list[bytes]] = {}
    with open(channel, "rb", buffering=64 * 1024, closefd=False) as stream:
        while (frame := read_frame(stream)) is not None:
            sandbox.allow_cpu(cpu_seconds)
            write_frame(channel, _answer(frame, handler, resident, debug))


def _answer(frame: Frame, handler: Handler, resident: dict[str, list[bytes]], debug: bool) -> list[bytes]:
    try:
        envelope = orjson.loads(frame.header)
        for key in envelope["drop"]:
            resident.pop(key, None)
        fresh: int = envelope["fresh"]
        if fresh:
            resident[envelope["key"]] = frame.parts[1 : 1 + fresh]
        parts = [*resident.get(envelope["key"], ()), *frame.parts[1 + fresh :]]
        header, results = handler(orjson.loads(frame.parts[0]), parts)
        return encode(Kind.RESULT, frame.job_id, orjson.dumps(dict(header)), list(results))
    except Exception as error:
        if debug:
            traceback.print_exc(file=sys.stderr)
        return encode(Kind.PROBLEM, frame.job_id, encode_error(error), ())
