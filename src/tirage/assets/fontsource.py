"""The bundled and the user's fonts as the engine's source of faces."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from functools import cached_property

from tirage.assets.fonts import FontFace, bundled, load, user_fonts
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.resources import FaceInfo, FontRef


class LibraryFonts:
    """Faces from disk, each file mapped when first used; the user's come before bundled ones of the same family."""

    @cached_property
    def _by_key(self) -> dict[str, FontFace]:
        return {face.sha256: face for face in (*user_fonts(), *bundled().faces)}

    @cached_property
    def _faces(self) -> tuple[FaceInfo, ...]:
        return tuple(
            FaceInfo(
                key=face.sha256,
                family=face.family,
                weight=face.weight,
                italic=face.italic,
                coverage=face.coverage,
                color=face.color,
                postscript=face.postscript,
            )
            for face in self._by_key.values()
        )

    def faces(self) -> Sequence[FaceInfo]:
        """Every face there is."""
        return self._faces

    def fallback(self) -> Sequence[str]:
        """The families of the index that stand in for missing characters, best first."""
        return bundled().fallback

    def load(self, key: str) -> bytes | mmap.mmap:
        """A read-only map of the font file. Raises ResourceProblem `font_missing`."""
        face = self._by_key.get(key)
        if face is None:
            raise ResourceProblem(Problem("font_missing", f"No font file has the key {key[:80]!r}."))
        return load(face)

    def serving(self, refs: Iterable[FontRef]) -> frozenset[str]:
        """The keys of all files that may set text for these wishes: their families' faces and the fallback's."""
        wanted = {ref.family.casefold() for ref in refs} | {name.casefold() for name in self.fallback()}
        return frozenset(key for family in wanted for key in self._families.get(family, ()))

    @cached_property
    def _families(self) -> dict[str, tuple[str, ...]]:
        families: dict[str, tuple[str, ...]] = {}
        for face in self._by_key.values():
            name = face.family.casefold()
            families[name] = (*families.get(name, ()), face.sha256)
        return families
