"""Font files: the bundled ones, a user's own folder, any TTF, OTF, WOFF or WOFF2 file → faces with what they cover."""

from __future__ import annotations

import hashlib
import io
import math
import mmap
import os
import shutil
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import platformdirs

from tirage.engine.errors import Problem, ResourceProblem

MAX_FONT_BYTES = 64 * 1024 * 1024
MAX_GLYPHS = 65_535  # the most an OpenType font can number (OpenType 1.9, maxp)
MAX_FACES = 64  # faces in one collection file
SANITISE_SECONDS = 20  # the largest bundled font, 25 MB, takes 0.2 s
SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"})
PACKED = frozenset({".woff", ".woff2"})
MAX_RANGES = 20_000  # the widest of the bundled fonts has 2,400
BUNDLED_DIR = Path(__file__).resolve().parent.parent / "fonts"

Coverage = tuple[tuple[int, int], ...]
Axes = tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class FontFace:
    """One face of a family: its file, its style, the code points it has glyphs for.

    `weight` is the CSS weight 1–1000, `coverage` inclusive code point ranges in rising order, `scripts` the OpenType
    script tags of GSUB and GPOS, `index` the face's number inside a collection file (0 elsewhere), `axes` those of a
    variable font as (tag, least, default, most), `style` the name of the face within its family.
    """

    family: str
    weight: int
    italic: bool
    path: Path
    sha256: str
    coverage: Coverage = field(repr=False)
    color: bool
    postscript: str
    scripts: tuple[str, ...] = ()
    size: int = 0
    index: int = 0
    axes: Axes = ()
    style: str = "Regular"

    def covers(self, code_point: int) -> bool:
        """Whether the face has a glyph for the code point."""
        place = bisect_right(self.coverage, code_point, key=_low) - 1
        return place >= 0 and code_point <= self.coverage[place][1]


def _low(pair: tuple[int, int]) -> int:
    return pair[0]


@dataclass(frozen=True, slots=True)
class FontIndex:
    """All bundled faces, and the families asked for a glyph that the wished family lacks, in order.

    `roles` says what each fallback family is for (`base`, `arabic`, …, `symbols`, `math`, `emoji`).
    """

    faces: tuple[FontFace, ...]
    fallback: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]]

    def families(self) -> tuple[str, ...]:
        """The family names, each once, in the order of the index."""
        return tuple(dict.fromkeys(face.family for face in self.faces))

    def family(self, name: str) -> tuple[FontFace, ...]:
        """The faces of the family of that name (upper and lower case count alike); empty if there is none."""
        wanted = name.casefold()
        return tuple(face for face in self.faces if face.family.casefold() == wanted)


@lru_cache(maxsize=1)
def bundled() -> FontIndex:
    """The fonts that come with Tirage.

    Raises ResourceProblem `fonts_missing` in a source checkout whose fonts are not built yet.
    """
    index_file = BUNDLED_DIR / "index.json"
    try:
        index: dict[str, Any] = orjson.loads(index_file.read_bytes())
    except FileNotFoundError:
        raise ResourceProblem(
            Problem(
                "fonts_missing",
                f"The bundled fonts are not in {BUNDLED_DIR}.",
                hint="In a source checkout run `pip install -e .` or `python build-fonts/build.py`; "
                "otherwise install the package again.",
            )
        ) from None
    coverages = [tuple(zip(flat[::2], flat[1::2], strict=True)) for flat in index["coverages"]]
    faces = tuple(
        FontFace(
            family=entry["family"],
            weight=entry["weight"],
            italic=entry["italic"],
            path=BUNDLED_DIR / entry["file"],
            sha256=entry["sha256"],
            coverage=coverages[entry["coverage"]],
            color=entry["color"],
            postscript=entry["postscript"],
            scripts=tuple(entry["scripts"]),
            size=entry["size"],
        )
        for entry in index["faces"]
    )
    roles: dict[str, tuple[str, ...]] = {}
    for entry in index["fallback"]:
        roles[entry["role"]] = (*roles.get(entry["role"], ()), entry["family"])
    return FontIndex(faces, tuple(entry["family"] for entry in index["fallback"]), roles)


def families() -> tuple[str, ...]:
    """The names of the bundled families, then those of the user's own fonts."""
    return tuple(dict.fromkeys((*bundled().families(), *(face.family for face in user_fonts()))))


_mapped: dict[tuple[Path, str], mmap.mmap] = {}


def load(face: FontFace) -> mmap.mmap:
    """The face's file as a read-only memory map, kept for the life of the process.

    A map is a buffer (`skia.Data.MakeWithoutCopy` and `memoryview` take it, `bytes(…)` copies it), its pages are
    shared by all processes that map the file, and only pages that are touched cost memory. HarfBuzz has its own way
    to the same: `uharfbuzz.Blob.from_file_path(str(face.path))`.
    """
    key = (face.path, face.sha256)
    if key not in _mapped:
        try:
            with face.path.open("rb") as file:
                _mapped[key] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise _rejected(face.path, f"it cannot be read ({error})") from error
    return _mapped[key]


def user_dir() -> Path:
    """The folder of the user's own fonts: `TIRAGE_FONTS_DIR`, else `tirage/fonts` in the user's data folder."""
    own = os.environ.get("TIRAGE_FONTS_DIR")
    return Path(own) if own else Path(platformdirs.user_data_dir("tirage", appauthor=False)) / "fonts"


def user_fonts() -> tuple[FontFace, ...]:
    """The faces in the user's folder, by file name. A file that is no usable font is left out, never an error."""
    folder = user_dir()
    faces: list[FontFace] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.lower() in SUFFIXES:
            with suppress(ResourceProblem, OSError):
                faces += _read_known(path, path.stat().st_mtime_ns)
    return tuple(faces)


@lru_cache(maxsize=256)
def _read_known(path: Path, changed: int) -> tuple[FontFace, ...]:
    """`read_face`, remembered as long as the file's time of change stays."""
    return read_face(path)


def add(file: Path) -> tuple[FontFace, ...]:
    """Copy a font into the user's folder and give its faces there.

    Where the OpenType sanitiser is installed, what it wrote is stored, not the file itself: tables that it does not
    know or that are damaged are gone. WOFF2 is stored unpacked, as HarfBuzz wants it.
    Raises ResourceProblem `font_rejected` for a file that is no usable font.
    """
    faces = read_face(file)
    folder = user_dir()
    folder.mkdir(parents=True, exist_ok=True)
    # The name tells family and content: the same file twice is one, and two files of one name do not collide.
    stem = "".join(c if c.isalnum() else "-" for c in faces[0].postscript or file.stem)[:80]
    suffix = ".ttf" if file.suffix.lower() in PACKED else file.suffix.lower()
    target = folder / f"{stem}-{faces[0].sha256[:8]}{suffix}"
    handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        if len(faces) > 1:
            shutil.copyfile(file, part)  # the sanitiser writes single faces; each of these was checked
        elif not sanitise(file, 0, part):
            part.write_bytes(unpack(file))
        with part.open("rb+") as stored:
            os.fsync(stored.fileno())
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return read_face(target)


def sanitise(file: Path, number: int, target: Path | None = None) -> bool:
    """Let the OpenType sanitiser check a face, and write it to `target` if given; False where it is not installed.

    It is a program of its own, so that a font that crashes it harms nothing.
    Raises ResourceProblem `font_rejected` for a font that it refuses.
    """
    try:
        from ots import OTS_SANITIZE
    except ImportError:
        return False
    # Without a target the face number cannot be said: the program's arguments are font, target, number.
    command = [OTS_SANITIZE, str(file.absolute()), str(target or os.devnull), str(number)]
    try:
        result = subprocess.run(command, capture_output=True, timeout=SANITISE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _rejected(file, "checking it takes too long") from None
    if result.returncode:
        lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _rejected(file, f"the OpenType sanitiser refuses it ({lines[0] if lines else 'it crashed'})")
    return True


def unpack(file: Path) -> bytes:
    """A font as fontTools writes it, without the compression of WOFF and WOFF2."""
    from fontTools.ttLib import TTFont

    made = io.BytesIO()
    with TTFont(file) as font:
        font.flavor = None
        font.save(made)
    return made.getvalue()


def read_face(path: Path) -> tuple[FontFace, ...]:
    """The faces of a TTF, OTF, TTC, WOFF or WOFF2 file, after the OpenType sanitiser (where installed) has passed each.

    Raises ResourceProblem `font_rejected` if the file is missing, too large, damaged, or no font.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _rejected(path, f"it cannot be read ({error.strerror})") from error
    if size <= 12:
        raise _rejected(path, f"it has {size} bytes, which is no font")
    if size > MAX_FONT_BYTES:
        raise _rejected(path, f"it has {size:,} bytes; a font may have up to {MAX_FONT_BYTES:,}")
    sanitise(path, 0)  # before anything is unpacked or parsed in this process
    faces = describe(path)
    for face in faces[1:]:
        sanitise(path, face.index)
    return faces


def describe(path: Path) -> tuple[FontFace, ...]:
    """The faces of a font file that the sanitiser has passed. Raises ResourceProblem `font_rejected`."""
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return tuple(_describe(font, path, sha256, len(data), number) for number, font in enumerate(_open(path)))
    except ResourceProblem:
        raise
    except ImportError as error:
        raise _rejected(path, f"this kind of font needs another package: {error}") from error
    except Exception as error:  # fontTools raises whatever a damaged table trips over: KeyError, struct.error, …
        raise _rejected(path, f"it is damaged or no font ({type(error).__name__}: {error})"[:300]) from error


def _open(path: Path) -> Iterator[Any]:
    from fontTools.ttLib import TTCollection, TTFont

    with path.open("rb") as file:
        if file.read(4) == b"ttcf":
            collection = TTCollection(path, lazy=True)
            if len(collection.fonts) > MAX_FACES:
                raise _rejected(path, f"the collection has {len(collection.fonts)} faces; {MAX_FACES} are the limit")
            yield from collection.fonts
            return
    with TTFont(path, lazy=True) as font:
        yield font


def _describe(font: Any, path: Path, sha256: str, size: int, number: int) -> FontFace:
    missing = [tag for tag in ("cmap", "head", "hhea", "hmtx", "maxp", "name") if tag not in font]
    if missing:
        raise _rejected(path, f"the tables {', '.join(missing)} are missing")
    if not any(tag in font for tag in ("glyf", "CFF ", "CFF2", "COLR", "CBDT", "sbix")):
        raise _rejected(path, "it has no glyph outlines")
    glyphs = font["maxp"].numGlyphs
    cmap = font.getBestCmap()
    if not cmap or not 0 < glyphs <= MAX_GLYPHS or not 16 <= font["head"].unitsPerEm <= 16_384:
        raise _rejected(path, "it maps no characters, or its head or maxp table is out of bounds")
    if font["hhea"].numberOfHMetrics > glyphs or len(font["hmtx"].metrics) > glyphs:
        raise _rejected(path, "its horizontal metrics do not fit its glyphs")
    if "glyf" in font:
        _ = font["loca"], font["glyf"]
    scripts: set[str] = set()
    for tag in ("GSUB", "GPOS"):
        if tag in font and font[tag].table.ScriptList is not None:
            scripts.update(record.ScriptTag.strip() for record in font[tag].table.ScriptList.ScriptRecord)
    names = font["name"]
    coverage = _coverage(cmap)
    if len(coverage) > MAX_RANGES:
        raise _rejected(path, f"its characters lie in {len(coverage)} ranges; {MAX_RANGES} are the limit")
    os2 = font.get("OS/2")
    return FontFace(
        family=_name(names.getBestFamilyName()) or path.stem,
        weight=min(max(int(os2.usWeightClass), 1), 1000) if os2 is not None else 400,
        italic=bool(font["head"].macStyle & 2 or (os2 is not None and os2.fsSelection & 1)),
        path=path,
        sha256=sha256,
        coverage=coverage,
        color=any(tag in font for tag in ("COLR", "CBDT", "sbix", "SVG ")),
        postscript=_name(names.getDebugName(6)) or path.stem,
        scripts=tuple(sorted(scripts)),
        size=size,
        index=number,
        axes=_axes(font, path),
        style=_name(names.getBestSubFamilyName()) or "Regular",
    )


def _axes(font: Any, path: Path) -> Axes:
    """The axes of a variable font (OpenType 1.9, fvar), weights within the bounds of CSS."""
    if "fvar" not in font:
        return ()
    found: dict[str, tuple[str, float, float, float]] = {}
    for axis in font["fvar"].axes:
        values = (float(axis.minValue), float(axis.defaultValue), float(axis.maxValue))
        if not all(map(math.isfinite, values)) or not values[0] <= values[1] <= values[2]:
            raise _rejected(path, f"its axis {axis.axisTag!r} is not in order")
        if axis.axisTag == "wght":
            values = tuple(min(max(each, 1.0), 1000.0) for each in values)  # type: ignore[assignment]
        found.setdefault(str(axis.axisTag), (str(axis.axisTag), *values))
    return tuple(found.values())


def _name(text: object) -> str:
    """A name out of a font: printable, at most 200 characters."""
    return "".join(each for each in str(text or "") if each.isprintable()).strip()[:200]


def _coverage(cmap: Mapping[int, str]) -> Coverage:
    ranges: list[tuple[int, int]] = []
    for code in sorted(cmap):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return tuple(ranges)


def _rejected(path: Path, why: str) -> ResourceProblem:
    return ResourceProblem(
        Problem(
            "font_rejected",
            f"The font {path.name} cannot be used: {why}.",
            hint="Use a whole TTF, OTF, WOFF or WOFF2 file of the font.",
        )
    )
