"""A stream of server-sent events → events (HTML Living Standard, 9.2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_EVENT = 1_000_000
"""Characters of one event; a stream that never ends one is not held."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is the last that the stream named."""

    name: str
    data: str
    id: str = ""


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a stream's lines; comments and unknown fields are passed over. Raises ValueError if too long."""
    name, last, size = "", "", 0
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), last)
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            size += len(value)
            if size > LONGEST_EVENT:
                raise ValueError("an event is too long")
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            last = value
