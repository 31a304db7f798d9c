"""What a frame of a child means: a reply or an error; anything else raises `ProtocolError` or `ValueError`."""

from __future__ import annotations

import orjson

from tirage.engine.errors import TirageError
from tirage.pool.failures import decode_error
from tirage.pool.framing import Frame, Kind, ProtocolError
from tirage.pool.job import Reply


def understand(frame: Frame, expected_job: int | None) -> Reply | TirageError:
    """The outcome of the job that the child works on (None: it has none, and should be silent)."""
    if frame.job_id != expected_job:
        raise ProtocolError("The answer is not for the job that the child works on.")
    if frame.kind == Kind.PROBLEM:
        return decode_error(frame.header)
    if frame.kind != Kind.RESULT:
        raise ProtocolError(f"A child does not send frames of kind {frame.kind}.")
    header = orjson.loads(frame.header)
    if not isinstance(header, dict):
        raise ProtocolError("The header of a reply is a JSON object.")
    return Reply(header, frame.parts)
