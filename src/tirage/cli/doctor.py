"""`tirage doctor`: whether everything that is needed is here and works, and what to do where it is not."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tirage import __version__
from tirage.cli.console import OK, SOME_FAILED, ending, result, result_json, stop
from tirage.engine.errors import TirageError

if TYPE_CHECKING:
    from tirage.settings import Settings

LIBRARIES = (
    ("skia-python", "from tirage.engine.skia_loader import skia"),
    ("uharfbuzz", "import uharfbuzz"),
    ("pyicu-wheels", "import icu; icu.BreakIterator.createLineInstance(icu.Locale('en'))"),
    ("pyvips", "import pyvips; pyvips.Image.black(1, 1)"),
    ("simplejpeg", "import simplejpeg"),
    ("lxml", "import lxml.etree"),
    ("pydantic", "import pydantic"),
    ("orjson", "import orjson"),
    ("httpcore", "import httpcore"),
    ("openpyxl", "import openpyxl"),
    ("fonttools", "import fontTools.ttLib"),
    ("faker", "import faker"),
)
"""Distributions, and what shows that each works."""
_MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}
_TRIAL = """{"name": "Trial", "width": 120, "height": 60, "background": "#1a73e8", "layers": [
  {"type": "text", "name": "t", "text": "Aa ש 猫", "width": 120, "height": 60, "fontSize": 24}]}""".encode()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `ok`, a `note` that limits nothing essential, or `bad`."""

    state: Literal["ok", "note", "bad"]
    name: str
    text: str


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the findings for programs, and nothing else.")] = False,
) -> None:
    """Look whether everything that is needed is here and works. Ends with 1 where it does not."""
    with ending(json):
        findings: list[Finding] = []
        for finding in _examine():
            findings.append(finding)
            if not json:
                mark, colour = _MARKS[finding.state]
                result(f"{finding.name}: {finding.text}", mark, colour)
        ill = any(each.state == "bad" for each in findings)
        if json:
            result_json({"ok": not ill, "findings": [asdict(each) for each in findings]})
        stop(SOME_FAILED if ill else OK)


def _examine() -> Iterator[Finding]:
    from tirage.cli.options import settings_of_environment

    yield Finding("ok", "tirage", __version__)
    yield Finding("ok", "Python", f"{platform.python_version()} ({sys.executable})")
    yield _system()
    broken = False
    for finding in _libraries():
        broken = broken or finding.state == "bad"
        yield finding
    try:
        settings = settings_of_environment()
    except TirageError as error:
        yield Finding("bad", "settings", str(error))
        return
    yield from _fonts(settings)
    yield _icons()
    yield _cache(settings)
    yield from _sandbox(settings)
    if not broken:
        yield _trial(settings)


def _system() -> Finding:
    system = f"{platform.system()} {platform.machine()}"
    libc = " ".join(platform.libc_ver()).strip()
    if platform.system() == "Linux" and not libc:
        return Finding(
            "note", "system", f"{system}; only systems with glibc are supported, and this one seems to lack it"
        )
    known = platform.system() in ("Linux", "Darwin")
    return Finding("ok" if known else "note", "system", f"{system} {libc}".strip() + ("" if known else " (untested)"))


def _libraries() -> Iterator[Finding]:
    """All are loaded in one process of their own; those that it did not come to are tried one by one.

    A library that crashes is told, and harms nothing.
    """
    said = _load([(name, code) for name, code in LIBRARIES if _version(name)])
    for name, code in LIBRARIES:
        version = _version(name)
        if version is None:
            yield Finding("bad", name, f"is not installed; run {Path(sys.executable).name} -m pip install {name}")
            continue
        fault = said[name] if name in said else _load([(name, code)]).get(name, "crashes when loaded; install it again")
        yield Finding("bad" if fault else "ok", name, f"{version}: {fault}" if fault else version)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


_LOADER = """
import sys
names, codes = sys.argv[1::2], sys.argv[2::2]
for name, code in zip(names, codes):
    try:
        exec(code, {})
        fault = ""
    except BaseException as error:
        fault = (" ".join(str(error).split()) or type(error).__name__)[:400]
    print(name, fault, flush=True)
"""


def _load(libraries: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What was wrong with each library, empty for those that load; those behind a crash are missing."""
    command = [sys.executable, "-c", _LOADER, *(word for pair in libraries for word in pair)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    lines = (line.partition(" ") for line in done.stdout.splitlines())
    return {name: fault for name, _, fault in lines}


def _fonts(settings: Settings) -> Iterator[Finding]:
    from tirage.assets.fonts import bundled, user_fonts
    from tirage.context import fonts_folder

    try:
        index = bundled()
    except TirageError as error:
        yield Finding("bad", "fonts", str(error))
        return
    absent = [face.path.name for face in index.faces if not face.path.is_file()]
    if absent:
        yield Finding("bad", "fonts", f"{len(absent)} of {len(index.faces)} files are missing ({absent[0]}); reinstall")
    else:
        yield Finding("ok", "fonts", f"{len(index.families())} families, {len(index.faces)} faces come along")
    own = user_fonts()
    folder = fonts_folder(settings)
    yield Finding("ok", "own fonts", f"{len(own)} faces in {folder}" if own else f"none in {folder}")


def _icons() -> Finding:
    from tirage.engine.icons import names

    try:
        return Finding("ok", "icons", f"{len(names())} come along")
    except TirageError as error:
        return Finding("bad", "icons", str(error))


def _cache(settings: Settings) -> Finding:
    from tirage.context import cache_folder

    folder = cache_folder(settings)
    if folder is None:
        return Finding("ok", "cache", "fetched pictures are not kept")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("note", "cache", f"{folder} cannot be written ({error.strerror}); remote pictures are not kept")
    return Finding("ok", "cache", str(folder))


def _sandbox(settings: Settings) -> Iterator[Finding]:
    from tirage.pool import probe
    from tirage.pool.selftest import holes

    if settings.sandbox == "off":
        yield Finding("note", "sandbox", "is switched off by TIRAGE_SANDBOX")
        return
    report = probe()
    missing = "; ".join(report.reasons)
    if report.level == "strict":
        yield Finding("ok", "sandbox", f"complete (Landlock {report.landlock}, seccomp, limits)")
    else:
        yield Finding("bad" if settings.sandbox == "strict" else "note", "sandbox", f"partial: {missing}")
    try:
        open_ways = holes(settings.sandbox)
    except TirageError as error:
        yield Finding("bad", "walls", str(error))
        return
    if open_ways:
        state: Literal["bad", "note"] = "bad" if report.level == "strict" else "note"
        yield Finding(state, "walls", f"a drawing process can {', '.join(open_ways)}")
    else:
        yield Finding("ok", "walls", "a drawing process that tried to get out did not")


def _trial(settings: Settings) -> Finding:
    from tirage.actions.render_image import render_image
    from tirage.actions.row_jobs import Folders, Output, RowJobs
    from tirage.actions.templates import LoadedTemplate
    from tirage.context import Context
    from tirage.engine.parse import parse

    started = perf_counter()
    home = Path(os.curdir)
    try:
        with Context(settings, workers=1) as context:
            loaded = LoadedTemplate(parse(_TRIAL), _TRIAL, home, "trial")
            drawn = render_image(context, RowJobs(context, loaded, Folders(home, ()), Output()), {})
    except TirageError as error:
        return Finding("bad", "trial picture", str(error))
    if not drawn.files or not drawn.files[0].data.startswith(b"\x89PNG") or drawn.warnings:
        told = "; ".join(each.message for each in drawn.warnings)
        return Finding("bad", "trial picture", told or "what came back is no PNG")
    return Finding("ok", "trial picture", f"drawn {1000 * (perf_counter() - started):.0f} ms after a cold start")
