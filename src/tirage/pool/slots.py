"""Which child gets which job: tasks and slots in, the cheapest allowed pairing out."""

from __future__ import annotations

import hashlib
import os
import socket
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice

import orjson

from tirage.pool.framing import FrameBounds, FrameReader, Kind, Packet, encode
from tirage.pool.job import Job, OpenFile, PoolLimits, Reply

WINDOW = 8  # how far behind the head of the line a better fitting job is looked for
PATIENCE = 16  # how often the head of the line lets others pass

# Costs of a pairing, best first.
_SEEN, _OPEN, _SPAWN, _REPLACE, _BEHIND = range(5)


@dataclass(slots=True, eq=False)
class Task:
    """A submitted job and what has happened to it."""

    id: int
    job: Job
    header: bytes
    future: Future[Reply]
    deaths: int = 0
    outside_kills: int = 0
    passed_over: int = 0
    needs_fresh: bool = False
    running: bool = False

    def outline(self) -> bytes:
        """A digest of everything but the contents of the parts; cheap."""
        digest = hashlib.blake2b(self.header, digest_size=16)
        digest.update(self.job.template_key.encode())
        digest.update(repr([_size(part) for part in (*self.job.resident, *self.job.parts)]).encode())
        return digest.digest()

    def fingerprint(self) -> bytes:
        """A digest of the whole input of the handler."""
        digest = hashlib.blake2b(self.outline(), digest_size=16)
        for part in (*self.job.resident, *self.job.parts):
            digest.update(part if isinstance(part, bytes) else os.pread(part.descriptor, part.size, 0))
        return digest.digest()


@dataclass(slots=True, eq=False)
class Slot:
    """A child as the parent sees it. `tasks[0]` is the one it works on; the others wait in its channel."""

    id: int
    channel: socket.socket
    reader: FrameReader
    tasks: deque[Task] = field(default_factory=deque)
    outgoing: deque[Packet] = field(default_factory=deque)
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict)
    workspace: str | None = None
    pid: int = 0
    assigned: int = 0
    deadline: float = 0.0
    weighed: float = 0.0
    retiring: bool = False
    dying: bool = False
    timed_out: bool = False
    lied: bool = False
    writing: bool = False

    @classmethod
    def open(cls, slot_id: int, channel: socket.socket, limits: PoolLimits) -> Slot:
        """A slot for a new child; replies beyond the limits are protocol errors."""
        bounds = FrameBounds(header_bytes=limits.reply_header_bytes, body_bytes=limits.reply_bytes)
        return cls(slot_id, channel, FrameReader(bounds))

    def take(self, task: Task, limits: PoolLimits) -> None:
        """Puts the task's frame into `outgoing`, its resident parts only if this child does not hold them."""
        job = task.job
        drop: list[str] = []
        fresh: Sequence[bytes] = ()
        if job.template_key in self.seen:
            self.seen.move_to_end(job.template_key)
        else:
            fresh = job.resident
            self.seen[job.template_key] = None
            while len(self.seen) > limits.resident_templates:
                drop.append(self.seen.popitem(last=False)[0])
        files = [(index, part) for index, part in enumerate(job.parts) if not isinstance(part, bytes)]
        envelope = orjson.dumps(
            {
                "key": job.template_key,
                "fresh": len(fresh),
                "drop": drop,
                "files": [(index, file.size) for index, file in files],
            }
        )
        parts = [part if isinstance(part, bytes) else b"" for part in job.parts]
        frame = encode(Kind.JOB, task.id, envelope, [task.header, *fresh, *parts])
        self.outgoing.append(Packet.of(frame, [file.descriptor for _, file in files]))
        self.workspace = job.workspace
        self.assigned += 1
        self.retiring = self.assigned >= limits.jobs_per_child
        self.tasks.append(task)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A decision: `slot` is None when a child has to be started; `replaces` is one to be retired for it."""

    index: int
    slot: Slot | None
    replaces: Slot | None = None


def choose(waiting: Sequence[Task] | deque[Task], slots: Iterable[Slot], *, room: int, prefetch: int) -> Pairing | None:
    """The cheapest pairing of one of the first waiting tasks; None when all must wait.

    A child that has seen the template comes first, then any free one of the workspace, then a new one, then one in the
    place of a free child of another workspace. Only when nothing is free, a task may wait in a busy child's channel.
    """
    window = 1 if waiting and waiting[0].passed_over >= PATIENCE else WINDOW
    alive = [slot for slot in slots if len(slot.tasks) <= prefetch and not slot.dying and not slot.retiring]
    if not alive and room <= 0:
        return None
    best: tuple[int, int] | None = None
    pairing: Pairing | None = None
    looked_at: set[tuple[str, str, bool]] = set()
    for index, task in enumerate(islice(waiting, window)):
        kind = (task.job.template_key, task.job.workspace, task.needs_fresh)
        if kind in looked_at:  # it fits as well as the one before it: a batch has one template
            continue
        looked_at.add(kind)
        cost, found = _cheapest(task, index, alive, room, prefetch)
        if found is not None and (best is None or (cost, index) < best):
            best, pairing = (cost, index), found
            if cost == _SEEN:
                break
    return pairing


def _cheapest(task: Task, index: int, alive: list[Slot], room: int, prefetch: int) -> tuple[int, Pairing | None]:
    options: list[tuple[int, int, Pairing]] = []
    for slot in alive:
        if not slot.tasks:
            if slot.assigned == 0:
                options.append((_OPEN, 1, Pairing(index, slot)))
            elif task.needs_fresh or slot.workspace != task.job.workspace:
                options.append((_REPLACE, -slot.assigned, Pairing(index, None, slot)))
            else:
                options.append((_SEEN if task.job.template_key in slot.seen else _OPEN, 0, Pairing(index, slot)))
        elif slot.workspace == task.job.workspace and not task.needs_fresh:
            unseen = task.job.template_key not in slot.seen
            options.append((_BEHIND, 2 * len(slot.tasks) + unseen, Pairing(index, slot)))
    if room > 0:
        options.append((_SPAWN, 0, Pairing(index, None)))
    if not options:
        return 0, None
    cost, _, pairing = min(options, key=lambda option: option[:2])
    return cost, pairing


def _size(part: bytes | OpenFile) -> int:
    return len(part) if isinstance(part, bytes) else part.size
