"""What goes into the pool and comes out of it: jobs, replies, limits and counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

MEBIBYTE = 1024 * 1024


MAX_FILES = 16
"""Open files among the parts of one job: a child may hold few descriptors, and two jobs lie in its channel."""


class OpenFile(Protocol):
    """A file that is handed to a child by its descriptor: the child reads `size` bytes of it, the parent none."""

    @property
    def descriptor(self) -> int:
        """Open for reading until nobody holds this object."""

    @property
    def size(self) -> int:
        """Bytes."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of the handler in a child.

    `template_key` names what the child may keep between jobs (the hash of a template, say): the pool prefers a child
    that has seen it. `workspace` is the tenant: a child that served one is never given a job of another.
    `header` must be JSON-able. `resident` are the bytes that every job of this `template_key` needs, in the same
    order; they travel to a child once. `parts` are the bytes of this job alone, or at most MAX_FILES open files for the
    child to read. The handler gets `[*resident, *parts]`, all of them as bytes.
    """

    template_key: str
    workspace: str
    header: Mapping[str, Any]
    parts: Sequence[bytes | OpenFile] = ()
    resident: Sequence[bytes] = ()

    @property
    def read_parts(self) -> list[bytes]:
        """The parts that are no files."""
        return [part for part in self.parts if isinstance(part, bytes)]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the handler gave back: a JSON object and raw byte strings."""

    header: dict[str, Any]
    parts: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What one child, one job and one reply may cost. Bytes and seconds.

    `memory_bytes` bounds the address space of a child, `rss_bytes` is the resident size above which it is replaced
    after its job; `cpu_seconds` and `wall_seconds` hold per job.
    """

    memory_bytes: int = 2048 * MEBIBYTE
    rss_bytes: int = 400 * MEBIBYTE
    cpu_seconds: int = 15
    wall_seconds: float = 20.0
    start_seconds: float = 60.0
    open_files: int = 64
    jobs_per_child: int = 200
    reply_bytes: int = 512 * MEBIBYTE
    reply_header_bytes: int = 16 * MEBIBYTE
    resident_templates: int = 8


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counters since the pool was opened, and the state of this moment (`children`, `running`, `waiting`)."""

    workers: int
    children: int
    running: int
    waiting: int
    jobs: int
    failed: int
    retried: int
    deaths: int
    timeouts: int
    recycled: int
    server_starts: int
    max_rss_bytes: int
