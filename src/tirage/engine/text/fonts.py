"""Families as wished → opened faces: matching by CSS Fonts 4, fallback by coverage, HarfBuzz and Skia handles."""

from __future__ import annotations

import mmap
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uharfbuzz as hb

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.resources import FaceInfo, FontSource
from tirage.engine.scene import Typeface
from tirage.engine.skia_loader import skia
from tirage.engine.text.characters import CORE, facts, wants_emoji

BOLD_FROM = 600  # CSS Fonts 4, 2.2: weights from here on may be synthesised by emboldening
SKEW = 0.25  # the tangent browsers use for a synthetic oblique
# What a generic family stands for among the bundled fonts; the first that exists serves.
GENERIC = {
    "serif": ("Source Serif 4", "Merriweather", "Lora"),
    "monospace": ("JetBrains Mono",),
    "cursive": ("Dancing Script", "Caveat"),
    "sans-serif": (),
    "system-ui": (),
    "ui-sans-serif": (),
    "fantasy": (),
    "emoji": (),
    "math": (),
}
_HAN = ("JP", "KR", "SC", "TC", "HK")  # how the names of the families for Han characters end
_MAX_PICKS = 20_000


@dataclass(slots=True)
class Face:
    """An opened face, or one instance of a variable font. Metrics are in font units, y upwards."""

    info: FaceInfo
    typeface: Typeface
    font: Any
    upem: int
    ascent: float
    descent: float
    underline: tuple[float, float]
    strike: tuple[float, float]
    data: bytes | mmap.mmap
    """The file; both libraries read it in place."""
    _extents: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)

    def extents(self, glyph: int) -> tuple[float, float, float, float]:
        """The ink of a glyph: left, bottom, right, top."""
        found = self._extents.get(glyph)
        if found is None:
            box = self.font.get_glyph_extents(glyph)
            if box is None:
                found = (0.0, 0.0, 0.0, 0.0)
            else:
                left, top = float(box.x_bearing), float(box.y_bearing)
                found = (left, top + box.height, left + box.width, top)
            self._extents[glyph] = found
        return found


def covers(info: FaceInfo, code: int) -> bool:
    """Whether a face has a glyph for a code point."""
    place = bisect_right(info.coverage, code, key=_low) - 1
    return place >= 0 and code <= info.coverage[place][1]


def _low(pair: tuple[int, int]) -> int:
    return pair[0]


def match_face(faces: Sequence[FaceInfo], weight: int, italic: bool) -> FaceInfo:
    """The face of one family that is nearest to the wish: posture first, then weight (CSS Fonts 4, 5.2)."""
    postures = [face for face in faces if face.italic == italic] or list(faces)
    return min(postures, key=lambda face: _distance(face, weight))


def _distance(face: FaceInfo, wish: int) -> tuple[int, float]:
    low, high = weight_range(face)
    if low <= wish <= high:
        return (0, 0.0)
    have = high if high < wish else low
    if 400 <= wish <= 500:
        # First up to 500, then lighter ones, then heavier ones.
        rank = 1 if wish < have <= 500 else 2 if have < wish else 3
    elif wish < 400:
        rank = 1 if have < wish else 2
    else:
        rank = 1 if have > wish else 2
    return (rank, abs(have - wish))


def weight_range(face: FaceInfo) -> tuple[float, float]:
    """The weights a face can take: one, or those of its `wght` axis."""
    for tag, low, _default, high in face.axes:
        if tag == "wght":
            return (low, high)
    return (face.weight, face.weight)


class FontBook:
    """All faces of a source, opened when first used and kept."""

    def __init__(self, source: FontSource) -> None:
        self._source = source
        self._families: dict[str, list[FaceInfo]] = {}
        self._by_key: dict[str, FaceInfo] = {}
        for face in source.faces():
            self._families.setdefault(face.family.casefold(), []).append(face)
            self._by_key.setdefault(face.key, face)
        self._fallback = tuple(source.fallback())
        self._open: dict[tuple[str, float | None], Face] = {}
        self._stacks: dict[tuple[tuple[str, ...], int, bool, str], FontStack] = {}

    def family(self, name: str) -> Sequence[FaceInfo]:
        """The faces of a family; none if there is no such family."""
        return self._families.get(name.strip().strip("\"'").casefold(), ())

    def typeface(self, key: str) -> Typeface:
        """The typeface of a font file. Raises ResourceProblem `font_missing`."""
        info = self._by_key.get(key)
        if info is None:
            raise ResourceProblem(
                Problem("font_missing", f"No font has the key {key[:80]!r}.", hint="Ask for a face of the font source.")
            )
        return self.open(info, None).typeface

    def open(self, info: FaceInfo, weight: int | None) -> Face:
        """The opened face; of a variable font the instance of that weight. Raises ResourceProblem `font_rejected`."""
        low, high = weight_range(info)
        place = None if weight is None or low == high else min(max(float(weight), low), high)
        face = self._open.get((info.key, place))
        if face is None:
            face = self._open[info.key, place] = _open(info, place, self._source.load(info.key))
        return face

    def last_resort(self, weight: int, italic: bool) -> FaceInfo | None:
        """The face whose .notdef box stands for what no font has."""
        faces = self.family(self._fallback[0]) if self._fallback else ()
        return match_face(faces, weight, italic) if faces else None

    def stack(self, families: tuple[str, ...], weight: int, italic: bool, cjk: str) -> FontStack:
        """The faces that serve a style, in order; `cjk` is the language whose Han forms come first."""
        key = (families, weight, italic, cjk)
        stack = self._stacks.get(key)
        if stack is None:
            if len(self._stacks) >= 512:
                self._stacks.clear()
            stack = self._stacks[key] = self._build(*key)
        return stack

    def _build(self, families: tuple[str, ...], weight: int, italic: bool, cjk: str) -> FontStack:
        names: list[str] = []
        missing: list[str] = []
        for name in families:
            generic = GENERIC.get(name.strip().casefold())
            if self.family(name):
                names.append(name)
            elif generic is not None:
                names += [each for each in generic if self.family(each)][:1]
            else:
                missing.append(name)
        names += self._ordered_fallback(cjk)
        infos = [match_face(faces, weight, italic) for name in dict.fromkeys(names) if (faces := self.family(name))]
        if not infos:
            infos = [match_face(faces, weight, italic) for faces in list(self._families.values())[:1]]
        if not infos:
            raise ResourceProblem(
                Problem("font_missing", "There is no font at all.", hint="Install the bundled fonts, or add one.")
            )
        return FontStack(self, tuple({info.key: info for info in infos}.values()), weight, italic, tuple(missing))

    def _ordered_fallback(self, cjk: str) -> list[str]:
        """The fallback families: those for Han with the wished region first; behind the symbols in other texts, whose
        stars and arrows should not be as wide as an ideograph."""
        names = list(self._fallback)
        if not cjk:
            names.sort(key=lambda name: (any(face.color for face in self.family(name)), name.endswith(_HAN)))
        regional = {"ja": ("JP",), "ko": ("KR",)}.get(cjk, ("SC", "TC", "HK"))
        han = iter(
            sorted((name for name in names if name.endswith(_HAN)), key=lambda name: not name.endswith(regional))
        )
        return [next(han) if name.endswith(_HAN) else name for name in names]


class FontStack:
    """The faces for one style in the order they are asked; remembers which face serves which cluster."""

    def __init__(
        self, book: FontBook, infos: tuple[FaceInfo, ...], weight: int, italic: bool, missing: tuple[str, ...]
    ) -> None:
        self.missing = missing
        self._book = book
        self._infos = infos
        self._weight = weight
        self._italic = italic
        self._picks: dict[str, tuple[Face, bool]] = {}
        self._simple: set[str] = set()
        self.primary = book.open(infos[0], weight)

    def serves(self, characters: Iterable[str]) -> bool:
        """Whether the first face has all these characters."""
        unknown = set(characters) - self._simple
        if not unknown:
            return True
        have = {each for each in unknown if facts(each).ignorable or covers(self.primary.info, ord(each))}
        self._simple |= have
        return len(have) == len(unknown)

    def pick(self, cluster: str) -> tuple[Face, bool]:
        """The face for a grapheme cluster, and whether any font really has it."""
        found = self._picks.get(cluster)
        if found is None:
            if len(self._picks) >= _MAX_PICKS:
                self._picks.clear()
            found = self._picks[cluster] = self._search(cluster)
        return found

    def _search(self, cluster: str) -> tuple[Face, bool]:
        wished = [each for each in cluster if not facts(each).ignorable]
        if not wished:
            return self.primary, True
        infos: Iterable[FaceInfo] = self._infos
        if wants_emoji(cluster):
            # The colour font first, then as any other text (UTS 51, 4).
            infos = sorted(self._infos, key=lambda info: not info.color)
        elif "\ufe0e" in cluster:
            infos = sorted(self._infos, key=lambda info: info.color)
        # Whole clusters first: composed or, where HarfBuzz can put the parts together, decomposed.
        core = CORE.get(facts(wished[0]).script, "")
        for characters in (*([[*wished, *core]] if core else []), wished, _decomposed(wished), wished[:1]):
            for info in infos:
                if all(covers(info, ord(each)) for each in characters):
                    return self._book.open(info, self._weight), True
        # The box of a general font: display fonts often have an empty one.
        box = self._book.last_resort(self._weight, self._italic) or self._infos[0]
        return self._book.open(box, self._weight), False

    def skew(self, face: Face) -> float:
        """The slant to synthesise in a face that has no italic."""
        return SKEW if self._italic and not face.info.italic and not face.info.color else 0.0

    def embolden(self, face: Face) -> bool:
        """Whether to synthesise bold."""
        light = weight_range(face.info)[1] < BOLD_FROM
        return self._weight >= BOLD_FROM and light and not face.info.color


def _decomposed(characters: Sequence[str]) -> list[str]:
    return list(unicodedata.normalize("NFD", "".join(characters)))


def _open(info: FaceInfo, weight: float | None, data: bytes | mmap.mmap) -> Face:
    hb_face = hb.Face(hb.Blob(data)) if isinstance(data, bytes) else _mapped_face(data)
    font = hb.Font(hb_face)
    handle = skia.Typeface.MakeFromData(skia.Data.MakeWithoutCopy(data))
    if handle is None or not hb_face.glyph_count:
        raise ResourceProblem(
            Problem(
                "font_rejected",
                f"The font {info.family} {info.weight} cannot be opened.",
                hint="Use a whole TTF or OTF file of the font.",
            )
        )
    key = info.key
    if weight is not None:
        # The same place on the axis in both libraries, or the advances would not fit the outlines.
        font.set_variations({"wght": weight})
        handle = _variation(handle, weight)
        key = f"{info.key}@wght={weight:g}"
    extents = font.get_font_extents("ltr")
    metric = font.get_metric_position_with_fallback
    tag = hb.OTMetricsTag
    return Face(
        info=info,
        typeface=Typeface(
            handle, key, info.family, info.weight if weight is None else round(weight), info.italic, info.color
        ),
        font=font,
        upem=int(hb_face.upem),
        ascent=float(extents.ascender),
        descent=float(-extents.descender),
        underline=(float(metric(tag.UNDERLINE_OFFSET)), float(metric(tag.UNDERLINE_SIZE))),
        strike=(float(metric(tag.STRIKEOUT_OFFSET)), float(metric(tag.STRIKEOUT_SIZE))),
        data=data,
    )


def _mapped_face(data: mmap.mmap) -> Any:
    """A HarfBuzz face that copies out of a mapped file only the tables it asks for (OpenType 1.9, table directory)."""
    tables: dict[str, tuple[int, int]] = {}
    # HarfBuzz goes on reading the bytes that the function gave; the closure keeps them as long as the face lives.
    read: dict[str, bytes] = {}
    for place in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, length = struct.unpack_from(">4sLLL", data, 12 + 16 * place)
        tables[tag.decode("latin-1")] = (offset, length)

    def table(_face: Any, tag: str, _context: Any) -> bytes | None:
        if tag not in tables:
            return None
        if tag not in read:
            offset, length = tables[tag]
            read[tag] = data[offset : offset + length]
        return read[tag]

    return hb.Face.create_for_tables(table, None)


def _variation(typeface: Any, weight: float) -> Any:
    position = skia.FontArguments.VariationPosition
    coordinates = position.Coordinates([position.Coordinate(int.from_bytes(b"wght", "big"), weight)])
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(position(coordinates))
    return typeface.makeClone(arguments) or typeface
