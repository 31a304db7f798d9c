"""A whole installation → what does not hold of the eight things that must, whatever died on the way."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tirage.actions.event_types import BATCH_FINISHED
from tirage.assets.providers.shelf import PREFIX as GENERATED
from tirage.blobs.port import About, Blobs
from tirage.blobs.problems import StorageProblem
from tirage.clock import Clock
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.dump import snapshot
from tirage.db.integrity import broken_relations
from tirage.engine.errors import RenderProblem
from tirage.pool.job import Job
from tirage.pool.supervisor import Pool
from tirage.store import audit
from tirage.store.audit import Finding, KeptPicture

INVARIANTS = {
    "i1": "every finished row has one picture of its own, whose object is there, whole and readable",
    "i2": "every object belongs to a record",
    "i3": "the counts of a batch are those of its rows",
    "i4": "no chunk of rows is held by a dead worker, no batch under way is forgotten",
    "i5": "every batch that has ended has its event, once each",
    "i6": "usage counts every picture",
    "i7": "no reference leads into another tenant",
    "i8": "the database's tables and indexes are sound",
}
"""What is proved, by its number."""
GRACE = timedelta(hours=1)
"""An object is written before its record: a younger one may be waiting for it."""
PATIENCE = 3_600.0
_APART = ("probe/", f"{GENERATED}/")
"""Objects that have no record on purpose: of the readiness probe, and pictures of providers, which are a cache."""
_AT_ONCE = 500
_READERS = 8
_TINY = 16
_DECODED = frozenset({"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/apng"})
_SMALLER = re.compile(r"(.*)-(?:thumb-2x|thumb|regular|preview)\.[a-z0-9]+")
_OF_DESIGN = re.compile(r"[^/]+/templates/([^/]+)/.*")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not hold: which of INVARIANTS, of what, and how."""

    invariant: str
    subject: str
    told: str


@dataclass(slots=True)
class FsckReport:
    """What was looked at and found. `sweepable` are objects without a record: harmless, and safe to remove."""

    pictures: int = 0
    objects: int = 0
    bytes_read: int = 0
    violations: list[Violation] = field(default_factory=list)
    sweepable: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether everything holds."""
        return not self.violations


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is looked into. Without a pool nothing is decoded; `quick` reads no object, only whether it is there."""

    address: DatabaseAddress
    database: Database
    blobs: Blobs
    clock: Clock
    pool: Pool | None = None
    quick: bool = False


async def fsck(
    inspected: Inspected, *, sweep: bool = False, told: Callable[[str], None] = lambda _: None
) -> FsckReport:
    """Prove all invariants of an installation; the service may run. `told` hears what is looked at next.

    With `sweep` the objects that no record names are removed. Raises DatabaseRefused, DatabaseUnavailable,
    StorageProblem where the storage as a whole does not answer.
    """
    report = FsckReport()
    for number, text in INVARIANTS.items():
        told(f"{number}: {text}")
        if number == "i1":
            await _pictures(inspected, report)
        elif number == "i2":
            await _objects(inspected, report, sweep=sweep)
        elif number == "i8":
            found = await asyncio.to_thread(lambda: list(broken_relations(inspected.address)))
            report.violations += [Violation("i8", each.name, each.told) for each in found]
        else:
            report.violations += [_of(number, each) for each in await _rows(inspected, number)]
    return report


async def _rows(inspected: Inspected, number: str) -> list[Finding]:
    async with inspected.database.system(deadline=PATIENCE) as system:
        if number == "i3":
            return await audit.wrong_counters(system)
        if number == "i4":
            return await audit.stale_leases(system, inspected.clock.now())
        if number == "i5":
            return await audit.missing_events(system, BATCH_FINISHED)
        if number == "i6":
            return await audit.wrong_usage(system)
        return await audit.crossing_references(system)


async def _pictures(inspected: Inspected, report: FsckReport) -> None:
    async with inspected.database.system(deadline=PATIENCE) as system:
        report.violations += [_of("i1", each) for each in await audit.rows_without_picture(system)]
    after = ""
    while True:
        async with inspected.database.system(deadline=PATIENCE) as system:
            found = await audit.pictures(system, after, _AT_ONCE)
        if not found:
            return
        after = found[-1].id
        places = asyncio.Semaphore(_READERS)
        told = await asyncio.gather(*(_picture(inspected, report, places, each) for each in found))
        wrong = {each.id: text for each, text in zip(found, told, strict=True) if text}
        async with inspected.database.system() as system:
            # One that was removed meanwhile took its object along.
            still = await audit.still_recorded(system, list(wrong))
        report.violations += [Violation("i1", f"picture {uid}", wrong[uid]) for uid in wrong if uid in still]
        report.pictures += len(found)


async def _picture(inspected: Inspected, report: FsckReport, places: asyncio.Semaphore, kept: KeptPicture) -> str:
    """What is wrong with the object of a record; empty where nothing is."""
    async with places:
        try:
            if inspected.quick:
                size = (await inspected.blobs.head(kept.blob_key)).size
                return "" if size == kept.size else f"has {size} bytes in storage; {kept.size} were written"
            data = await (await inspected.blobs.get(kept.blob_key)).read()
        except StorageProblem as error:
            if error.code != "storage_not_found":
                raise
            return f"has no object {kept.blob_key}"
        report.bytes_read += len(data)
        sha256 = hashlib.sha256(data).digest()
        if sha256 != kept.sha256:
            return f"has other bytes in {kept.blob_key} than were written"
        if inspected.pool is not None and kept.media_type in _DECODED:
            header = {"kind": "shrink", "width": _TINY, "format": "png"}
            job = Job(f"shrink {kept.workspace_id}", kept.workspace_id, header, [data])
            try:
                await asyncio.wrap_future(inspected.pool.submit(job))
            except RenderProblem as error:
                return f"cannot be decoded: {error.problems[0].message}"
    return ""


async def _objects(inspected: Inspected, report: FsckReport, *, sweep: bool) -> None:
    """The keys in storage and those that records name, both in order, beside each other."""
    born_before = inspected.clock.now() - GRACE
    suspects: list[About] = []
    # Listed after the snapshot: whatever a record of then names is still there, or was removed on purpose.
    with snapshot(inspected.address) as taken:
        named = _Sorted(taken.objects())
        async for about in inspected.blobs.list():
            report.objects += 1
            if about.key.startswith(_APART) or named.holds(about.key) or about.modified > born_before:
                continue
            suspects.append(about)
            if len(suspects) >= _AT_ONCE:
                await _judge(inspected, report, suspects, sweep=sweep)
                suspects = []
    await _judge(inspected, report, suspects, sweep=sweep)


async def _judge(inspected: Inspected, report: FsckReport, suspects: Sequence[About], *, sweep: bool) -> None:
    if not suspects:
        return
    designs = {matched[1] for each in suspects if (matched := _OF_DESIGN.fullmatch(each.key))}
    async with inspected.database.system(deadline=PATIENCE) as system:
        kept = await audit.tables_to_read(system, [each.key for each in suspects])
        there = await audit.designs_there(system, sorted(designs))
    for each in suspects:
        matched = _OF_DESIGN.fullmatch(each.key)
        if each.key in kept or (matched and matched[1] in there):
            continue
        if sweep:
            await inspected.blobs.delete(each.key)
            report.sweepable.append(each.key)
        else:
            report.violations.append(Violation("i2", each.key, "is an object that no record names; --sweep removes it"))


class _Sorted:
    """Sorted keys, asked in order whether they hold one or what a smaller version was made of."""

    def __init__(self, keys: Iterator[str]) -> None:
        self._keys = keys
        self._next = next(keys, None)

    def holds(self, key: str) -> bool:
        """Whether the key is among them, or that of the picture whose smaller version it is."""
        matched = _SMALLER.fullmatch(key)
        while self._next is not None and self._next < key:
            self._next = next(self._keys, None)
        if self._next is None:
            return False
        # "a-thumb.png" sorts before "a.png", and nothing that a record names lies between them.
        return self._next == key or bool(matched and self._next.startswith(f"{matched[1]}."))


def _of(number: str, found: Finding) -> Violation:
    return Violation(number, found.subject, f"{found.told} (workspace {found.workspace_id})")
