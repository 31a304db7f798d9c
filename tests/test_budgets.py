"""The house's measures: files stay short, importing stays cheap, and nothing names a package registry."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tirage"
LONGEST = 400
EXCUSE = "Longer than 400 lines because"
HEAVY = ("skia", "pyvips", "uharfbuzz", "icu")
# Put together here so that this file does not name them either.
REGISTRIES = tuple(".".join(parts) for parts in (("registry", "npmjs"), ("pythonhosted", "org"), ("pypi", "org")))


def tracked() -> list[Path]:
    """The files under version control, and new ones that are not ignored; all files where there is no repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
    tops = [ROOT / top for top in ("src", "tests", "tools", "docs", "build-fonts")]
    built = (PACKAGE / "fonts", PACKAGE / "web")
    return [
        path
        for top in tops
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not any(folder in path.parents for folder in built)
    ]


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def over(limit: int, paths: list[Path]) -> list[str]:
    """The files longer than the limit, each with its length."""
    return [f"{path.relative_to(ROOT)}: {lines(path)}" for path in paths if lines(path) > limit]


def test_the_painter_and_the_pipeline_fit_on_a_screen() -> None:
    """The pipeline has at most 120 lines, the painter 250."""
    assert over(120, [path for path in (PACKAGE / "engine").glob("render.py")]) == []
    assert over(250, [path for path in (PACKAGE / "engine").glob("paint.py")]) == []


def test_a_layer_type_is_short() -> None:
    """Each file of the layer types has at most 150 lines."""
    assert over(150, sorted((PACKAGE / "engine" / "layers").glob("*.py"))) == []


def test_no_file_is_long_without_an_excuse() -> None:
    """A Python file has at most 400 lines, unless its docstring begins to say why it needs more."""
    python = [path for path in tracked() if path.suffix == ".py"]
    assert python
    for path in python:
        if lines(path) > LONGEST:
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            assert EXCUSE in docstring, f"{path.relative_to(ROOT)} has {lines(path)} lines"


def test_every_module_says_what_it_is() -> None:
    """Each module of the package begins with a docstring."""
    modules = [path for path in tracked() if path.suffix == ".py" and PACKAGE in path.parents]
    silent = [path for path in modules if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


@pytest.mark.parametrize("module", ["tirage", "tirage.engine", "tirage.engine.errors"])
def test_importing_is_cheap(module: str) -> None:
    """Importing the package or the engine loads no native library: each is loaded where it is used."""
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_file_names_a_registry() -> None:
    """No file under version control names the host of a package registry: locks work behind any mirror."""
    guilty = []
    for path in tracked():
        text = path.read_bytes()
        guilty += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRIES if host.encode() in text]
    assert guilty == []


def test_nothing_is_called_utils() -> None:
    """There is no drawer for odds and ends: every module is named for what it does."""
    odd = {"utils", "util", "common", "helpers", "misc"}
    assert [path for path in PACKAGE.rglob("*") if path.stem in odd] == []


def test_no_deferred_work_is_left_in_comments() -> None:
    """No source line marks something as still to be done."""
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
    found = []
    for path in tracked():
        if path.suffix in {".py", ".ts", ".tsx", ".sh"}:
            text = path.read_text(encoding="utf-8")
            found += [f"{path.relative_to(ROOT)}: {mark}" for mark in marks if mark in text]
    assert found == []
