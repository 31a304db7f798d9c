"""A workspace's own fonts → those that a row may be set with, and their bytes for its drawing job."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from tirage.assets.fontsource import NO_FONTS, FontPack, face_of
from tirage.blobs import StorageProblem
from tirage.context import Service
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.resources import FaceInfo, FontRef
from tirage.store import fonts

MOST_BYTES = 48_000_000
"""Font files that are kept in memory for the next row."""
MOST_IN_JOB = 64_000_000
"""The most that the fonts of one row may have together: a drawing process holds them beside its pictures."""
_MOST_SHELVES = 1_000


@dataclass(frozen=True, slots=True)
class OwnFont:
    """One font of a workspace and where its file lies."""

    face: FaceInfo
    blob_key: str
    size: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """The fonts of a workspace at one moment, by family; `mark` tells them from those of another moment."""

    mark: str = ""
    families: dict[str, tuple[OwnFont, ...]] = field(default_factory=dict)

    def serving(self, refs: Iterable[FontRef]) -> tuple[OwnFont, ...]:
        """The fonts of the families that are wished for, in the order of their keys."""
        wanted = {ref.family.strip().casefold() for ref in refs}
        found = [own for family in wanted for own in self.families.get(family, ())]
        return tuple(sorted(found, key=lambda own: own.face.key))


NO_SHELF = Shelf()


class OwnFonts:
    """The shelves and font files that were used last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._shelves: OrderedDict[tuple[str, str], Shelf] = OrderedDict()
        self._files: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def shelf(self, service: Service, workspace: str, mark: str) -> Shelf:
        """The fonts of a workspace that have this mark (`fonts.mark`)."""
        if not mark:
            return NO_SHELF
        held = self._shelves.get((workspace, mark))
        if held is None:
            async with service.database.workspace(workspace) as tx:
                stored = await fonts.list_fonts(tx)
            families: dict[str, tuple[OwnFont, ...]] = {}
            for each in stored:
                face = face_of(each.sha256.hex(), orjson.loads(each.face))
                name = face.family.casefold()
                families[name] = (*families.get(name, ()), OwnFont(face, each.blob_key, each.size))
            held = self._shelves[workspace, mark] = Shelf(mark, families)
            if len(self._shelves) > _MOST_SHELVES:
                self._shelves.popitem(last=False)
        self._shelves.move_to_end((workspace, mark))
        return held

    async def pack(self, service: Service, workspace: str, shelf: Shelf, refs: Iterable[FontRef]) -> FontPack:
        """What a job needs to set text for these wishes.

        Raises ResourceProblem `fonts_too_large`, and `font_missing` for a font that was deleted a moment ago.
        """
        serving = shelf.serving(refs) if shelf.families else ()
        if not serving:
            return NO_FONTS
        size = sum(own.size for own in serving)
        if size > MOST_IN_JOB:
            message = (
                f"The fonts of the families that this picture asks for have {size // 1_000_000} MB; "
                f"{MOST_IN_JOB // 1_000_000} MB are the limit."
            )
            raise ResourceProblem(Problem("fonts_too_large", message, hint="Delete styles that no design uses."))
        return FontPack.of([(own.face, await self._file(service, workspace, own)) for own in serving])

    async def _file(self, service: Service, workspace: str, own: OwnFont) -> bytes:
        key = (workspace, own.face.key)
        data = self._files.get(key)
        if data is None:
            try:
                data = await (await service.blobs.get(own.blob_key)).read()
            except StorageProblem as error:
                if error.code != "storage_not_found":
                    raise
                message = f"The file of the font {own.face.family!r} is gone from the storage."
                problem = Problem("font_missing", message, hint="Try again; if it stays, upload the font again.")
                raise ResourceProblem(problem, retryable=True) from error
            self._files[key] = data
            self._size += len(data)
            while self._size > self._most and len(self._files) > 1:
                self._size -= len(self._files.popitem(last=False)[1])
        if key in self._files:
            self._files.move_to_end(key)
        return data
