"""Build the bundled icons: a pinned npm package → src/tirage/icons/ with index.json, its licence and a stamp.

Run by the build hook (hatch_build.py) like the fonts, or by hand: `python build-fonts/icons.py` (needs Node).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "tirage" / "icons"
PACKAGE = "lucide-static"
STAMP = ".stamp"
SHAPES = ("path", "circle", "ellipse", "line", "polyline", "polygon", "rect")


class IconBuildError(Exception):
    """The icons cannot be built; the message says what to do."""


def fingerprint() -> str:
    """SHA-256 over what decides the result: lock file and this program."""
    digest = hashlib.sha256()
    for name in ("icons/package-lock.json", "icons.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def is_built(target: Path = TARGET) -> bool:
    """Whether `target` holds the icons of exactly this lock file."""
    stamp = target / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == fingerprint()


def build(target: Path = TARGET) -> None:
    """Make `target` hold the icons if it does not yet; it is replaced whole, so a broken run leaves no half."""
    if is_built(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tirage-icons-") as scratch:
        package = _install(Path(scratch))
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            _collect(package, fresh)
            (fresh / STAMP).write_text(fingerprint() + "\n", encoding="ascii")
            _fonts()._replace(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _install(scratch: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / "icons" / name, scratch / name)
    command, environment = _fonts()._npm()
    result = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise IconBuildError(
            f"npm could not fetch the icons (exit {result.returncode}). Check that npm reaches its package registry, "
            f"then install again.\n{result.stderr.strip()}"
        )
    return scratch / "node_modules" / PACKAGE


def _fonts() -> ModuleType:
    """The build of the fonts, which knows where Node is and how a folder is replaced."""
    spec = importlib.util.spec_from_file_location("tirage_build_fonts", HERE / "build.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(HERE / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _collect(package: Path, target: Path) -> None:
    licence = package / "LICENSE"
    text = licence.read_text(encoding="utf-8") if licence.is_file() else ""
    if not text.startswith("ISC License"):
        raise IconBuildError(f"{PACKAGE}: its licence is no longer the ISC licence; icons without it are not bundled.")
    nodes = json.loads((package / "icon-nodes.json").read_text(encoding="utf-8"))
    icons = {name: _paths([(tag, given) for tag, given in parts]) for name, parts in sorted(nodes.items())}
    by_paths = {tuple(paths): name for name, paths in icons.items()}
    aliases: dict[str, str] = {}
    for file in sorted((package / "icons").glob("*.svg")):
        if file.stem not in icons:  # an older name is a copy of the drawing
            root = ElementTree.parse(file).getroot()
            paths = _paths([(each.tag.rpartition("}")[2], each.attrib) for each in root])
            if tuple(paths) not in by_paths:
                raise IconBuildError(f"{PACKAGE}: {file.name} is neither an icon nor another name of one.")
            aliases[file.stem] = by_paths[tuple(paths)]
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    target.mkdir(parents=True)
    (target / "LICENSE.txt").write_text(text, encoding="utf-8")
    copyright_line = next(line for line in text.splitlines() if line.startswith("Copyright"))
    index = {"package": PACKAGE, "version": version, "licence": "ISC AND MIT", "copyright": copyright_line,
             "icons": icons, "aliases": aliases}  # fmt: skip
    (target / "index.json").write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")


def _paths(parts: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """The stroked outlines of an icon as one string of path data, and where there are any, the filled ones."""
    stroked, filled = [], []
    for tag, given in parts:
        if tag not in SHAPES:
            raise IconBuildError(f"{PACKAGE}: an icon has an element {tag}, which is not known here.")
        data = _path(tag, given)
        stroked.append(data)
        if given.get("fill", "none") != "none":
            filled.append(data)
    return [" ".join(stroked), " ".join(filled)] if filled else [" ".join(stroked)]


def _path(tag: str, given: Mapping[str, str]) -> str:
    """A basic shape as path data (SVG 2, 10)."""

    def number(name: str, default: float = 0.0) -> float:
        return float(given.get(name, default))

    if tag == "path":
        return _absolute(given["d"].strip())
    if tag == "line":
        return f"M{number('x1'):g} {number('y1'):g}L{number('x2'):g} {number('y2'):g}"
    if tag in ("polyline", "polygon"):
        return f"M{given['points'].strip()}" + ("Z" if tag == "polygon" else "")
    if tag in ("circle", "ellipse"):
        across, down = (number("r"), number("r")) if tag == "circle" else (number("rx"), number("ry"))
        x, y = number("cx"), number("cy")
        half = f"A{across:g} {down:g} 0 1 1"
        return f"M{x - across:g} {y:g}{half} {x + across:g} {y:g}{half} {x - across:g} {y:g}Z"
    x, y, width, height = number("x"), number("y"), number("width"), number("height")
    r = min(number("rx", number("ry")), width / 2, height / 2)
    if r <= 0:
        return f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}Z"
    turn = f"a{r:g} {r:g} 0 0 1"
    return (
        f"M{x + r:g} {y:g}h{width - 2 * r:g}{turn} {r:g} {r:g}v{height - 2 * r:g}{turn} {-r:g} {r:g}"
        f"h{2 * r - width:g}{turn} {-r:g} {-r:g}v{2 * r - height:g}{turn} {r:g} {-r:g}Z"
    )


def _absolute(data: str) -> str:
    """Path data whose first move is absolute: it stands behind other data. What follows that move stays relative."""
    if data.startswith("M"):
        return data
    number = r"[\s,]*(-?(?:\d+\.?\d*|\.\d+))"
    found = re.match("m" + number + number, data)
    if found is None:
        raise IconBuildError(f"{PACKAGE}: path data begin with {data[:20]!r}, which is not known here.")
    rest = data[found.end() :].lstrip(" ,")
    return f"M{found[1]} {found[2]}" + ("l" if re.match(r"[-.\d]", rest) else "") + rest


if __name__ == "__main__":
    try:
        build()
    except IconBuildError as error:
        sys.exit(str(error))
    print(f"{TARGET} is built.")
