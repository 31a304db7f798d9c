"""The bundled and the user's fonts as the engine's source of faces."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

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
                axes=face.axes,
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


@dataclass(frozen=True, slots=True)
class FontPack:
    """Fonts that travel with a drawing job: their keys (SHA-256 of the files), faces as JSON, and bytes, in order.

    `names` are for people.
    """

    keys: tuple[str, ...]
    faces: bytes
    files: tuple[bytes, ...]
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, fonts: Sequence[tuple[FaceInfo, bytes]]) -> FontPack:
        """The pack of these faces, each with its file."""
        said = b"[" + b",".join(face_text(info).encode() for info, _ in fonts) + b"]"
        names = tuple(info.postscript or f"{info.family} {info.weight}" for info, _ in fonts)
        return cls(tuple(info.key for info, _ in fonts), said, tuple(data for _, data in fonts), names)

    @property
    def parts(self) -> tuple[bytes, ...]:
        """What travels; nothing where there are no fonts."""
        return (self.faces, *self.files) if self.keys else ()


NO_FONTS = FontPack((), b"[]", ())


class PackedFonts:
    """The faces of a pack before those of another source; their own come first where families share a name."""

    def __init__(self, pack: FontPack, base: LibraryFonts) -> None:
        told = orjson.loads(pack.faces)
        self._own = {
            key: (face_of(key, face), data) for key, face, data in zip(pack.keys, told, pack.files, strict=True)
        }
        self._base = base

    def faces(self) -> Sequence[FaceInfo]:
        """Every face there is."""
        own = tuple(info for info, _ in self._own.values())
        return own + tuple(info for info in self._base.faces() if info.key not in self._own)

    def fallback(self) -> Sequence[str]:
        """The families that stand in for missing characters: those of the other source."""
        return self._base.fallback()

    def load(self, key: str) -> bytes | mmap.mmap:
        """The font file. Raises ResourceProblem `font_missing`."""
        own = self._own.get(key)
        return own[1] if own is not None else self._base.load(key)


def face_text(info: FaceInfo) -> str:
    """A face as stores and jobs keep it, JSON text; its key is kept beside it."""
    flat = [code for pair in info.coverage for code in pair]
    members = {
        "family": info.family,
        "weight": info.weight,
        "italic": info.italic,
        "coverage": flat,
        "color": info.color,
        "axes": info.axes,
        "postscript": info.postscript,
    }
    return orjson.dumps(members).decode()


def face_of(key: str, told: dict[str, Any]) -> FaceInfo:
    """The face of that text, read as JSON."""
    flat = told["coverage"]
    return FaceInfo(
        key=key,
        family=told["family"],
        weight=told["weight"],
        italic=told["italic"],
        coverage=tuple(zip(flat[::2], flat[1::2], strict=True)),
        color=told["color"],
        axes=tuple((tag, low, default, high) for tag, low, default, high in told["axes"]),
        postscript=told["postscript"],
    )
