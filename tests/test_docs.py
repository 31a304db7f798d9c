"""The documentation is true: its examples run, its templates parse, and all that can be set or go wrong is in it.

A page's examples run in order, in one empty folder. A block with a title (`title="card.json"`) is that file.
A `console` block is commands after `$ ` and what they print, `…` standing for anything; a command that fails is
followed by `$ echo $?`. A `python` block is a script. A `json` block is a template, a part of one, a layer, or any
other JSON; a template that is called wrong in its title has to be wrong. Blocks of other languages are not run.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.harness.serving import serving

from tirage.engine.errors import TemplateProblem
from tirage.engine.formats import FORMATS
from tirage.engine.layer import properties_of
from tirage.engine.layers import BY_TYPE, LAYER_TYPES
from tirage.engine.parse import parse
from tirage.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = ("README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")))
SERVED = "<!-- The examples of this page are run with a service"
"""Begins pages whose examples find a running service in TIRAGE_URL and a key in TIRAGE_API_KEY."""
_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_VARIABLE = re.compile(r"\{\{ *(\w+) *\}\}")
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s#]+)[^)]*\)|!\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
# Who gives a problem or warning its code: as a call's first argument, or first in a pair that is appended.
_TELLERS = frozenset(
    [
        "Problem",
        "Warning_",
        "PydanticCustomError",
        "problem",
        "_problem",
        "add",
        "warn",
        "append",
        "_refuse",
        "_render",
        "_CellError",
        "_Refused",
    ]
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced example: its language, the file that it is (or empty), and its text."""

    language: str
    title: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced examples of a page in order."""
    for indent, language, about, text in _FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        title = _TITLE.search(about)
        lines = (line.removeprefix(indent) for line in text.splitlines(keepends=True))
        yield Block(language, title[1] if title else "", "".join(lines))


def runnable(page: str) -> bool:
    """Whether a page has an example that is run."""
    return any(block.language in ("console", "python") for block in blocks(page))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `tirage` and `python` are those under test, and nothing of the user's is touched."""
    home = tmp_path_factory.mktemp("home")
    for name, start in (("tirage", '-c "from tirage.cli import main; main()"'), ("python", "")):
        program = home / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start} "$@"\n')
        program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIRAGE_", "XDG_"))}
    return {**kept, "HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "100"}


@cache
def served() -> dict[str, str]:
    """Where a service with a worker answers, started for the pages that need one; it ends with this process."""
    running = ExitStack()
    atexit.register(running.close)
    folder = running.enter_context(TemporaryDirectory(prefix="tirage-docs-", ignore_cleanup_errors=True))
    service = running.enter_context(serving(Path(folder), TIRAGE_BATCH_WORKERS="1", TIRAGE_CACHE_SIZE="0"))
    return {"TIRAGE_URL": service.base, "TIRAGE_API_KEY": service.key or ""}


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)])
def test_examples_run(page: str, tmp_path: Path, environment: dict[str, str]) -> None:
    """Every command and script of the page does what the page says."""
    if SERVED in (ROOT / page).read_text(encoding="utf-8"):
        environment = environment | served()
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        if block.language == "console":
            follow(block, tmp_path, environment)
        elif block.language == "python":
            done = subprocess.run(
                [sys.executable, "-c", block.text], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{page}: a script fails\n{block.text}\n{done.stderr}"


def follow(block: Block, folder: Path, environment: dict[str, str]) -> None:
    """Run the commands of a console block and compare what they print."""
    steps = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not steps[0].strip(), "a console block begins with a command"
    status, printed = 0, ""
    for step in steps[1:]:
        command, _, expected = step.partition("\n")
        while command.endswith("\\"):
            line, _, expected = expected.partition("\n")
            command = command[:-1] + line.removeprefix("> ")
        if command == "echo $?":
            printed, status = str(status), 0
        else:
            assert status == 0, f"before {command!r} came an error that the page does not tell\n{printed}"
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            printed, status = done.stdout, done.returncode
        missing = unprinted(expected, printed)
        assert not missing, f"{command!r} does not print {missing!r} but\n{printed}"
    assert status == 0, f"the last command failed with {status}\n{printed}"


def unprinted(expected: str, printed: str) -> str:
    """The first expected line that is not among the printed ones, in order; empty where all are."""
    lines = iter(printed.splitlines())
    for wanted in filter(str.strip, expected.splitlines()):
        if wanted.strip() == "…":
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("…"))))
        if not any(pattern.fullmatch(line.rstrip()) for line in lines):
            return wanted
    return ""


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.language == "json" for block in blocks(page))])
def test_templates_parse(page: str) -> None:
    """Every JSON block is JSON, and every template, part of one and layer in it is right."""
    for block in blocks(page):
        if block.language == "json":
            value = json.loads(block.text)
            document = as_document(value) if isinstance(value, dict) else None
            if document is not None and block.title.startswith("wrong"):
                with pytest.raises(TemplateProblem):
                    parse(document)
            elif document is not None:
                parse(document)


def as_document(value: dict[str, Any]) -> dict[str, Any] | None:
    """A template, a part of one or a layer as a template; None for other JSON."""
    if value.get("type") in BY_TYPE:
        value = {"layers": [value]}
    if not value.keys() & {"layers", "pages", "variables", "background"}:
        return None
    sizes = {} if "pages" in value else {"width": 1000, "height": 1000}
    document = {**sizes, **value}
    if "variables" not in document:
        names = sorted(set(_VARIABLE.findall(json.dumps(document))))
        document["variables"] = [{"name": name} for name in names]
    return document


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link and picture exists."""
    home = (ROOT / page).parent
    targets = [target for found in _LINK.findall((ROOT / page).read_text(encoding="utf-8")) for target in found]
    dead = [target for target in targets if target and ":" not in target and not (home / target).exists()]
    assert dead == []


def test_the_site_can_be_built(tmp_path: Path) -> None:
    """The documentation site builds without a warning: every page, link and anchor is there."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "tutorial" / "first-card.html").is_file()


def test_paths_of_the_source_exist() -> None:
    """Every file and folder that the pages on the code name is there, from the checkout's top or the package's."""
    named = set()
    for page in ("ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        named |= set(re.findall(r"`((?:\.?[\w-]+/)+(?:[\w.-]+)?)`", text))
    assert len(named) > 30
    built = {"site/", "out/", "assets/", "src/tirage/fonts/", "src/tirage/icons/"}
    homes = (ROOT, ROOT / "src" / "tirage", ROOT / "src" / "tirage" / "engine")
    assert [path for path in sorted(named - built) if not any((home / path).exists() for home in homes)] == []


@pytest.fixture(scope="session")
def reference() -> str:
    """All pages of the reference."""
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md")))


def test_settings_are_documented(reference: str) -> None:
    """Each setting's variable is in the reference."""
    assert [each.variable for each in SETTINGS if f"`{each.variable}`" not in reference] == []


def test_formats_are_documented(reference: str) -> None:
    """Each output format is in the reference."""
    assert [each.name for each in FORMATS if f"`{each.name}`" not in reference] == []


@pytest.mark.parametrize("kind", LAYER_TYPES, ids=lambda kind: kind.__name__)
def test_layer_properties_are_documented(kind: Any, reference: str) -> None:
    """Each property of each layer type is in the reference."""
    assert [name for name in properties_of(kind) if f"`{name}`" not in reference] == []


def test_options_are_documented(reference: str) -> None:
    """Each command of the command line, and each of its options, is in the reference."""
    import typer

    from tirage.cli.app import app

    missing = []
    commands = getattr(typer.main.get_command(app), "commands", {})
    assert "render" in commands
    for name, command in commands.items():
        options = [each for parameter in command.params for each in parameter.opts if each.startswith("--")]
        missing += [f"{name} {each}" for each in options if each not in reference]
        missing += [name] if f"tirage {name}" not in reference else []
    assert missing == []


def sources() -> list[Path]:
    """The package's modules under version control; all of them where there is no repository."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--", "src/tirage/*.py"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        return [path for name in listed if name and (path := ROOT / name).is_file()]
    return list((ROOT / "src" / "tirage").rglob("*.py"))


def codes() -> set[str]:
    """The codes that the source gives to problems and warnings."""
    found = set()
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                first = node.args[0]
                if isinstance(first, ast.Tuple) and first.elts:
                    first = first.elts[0]
                code = first.value if isinstance(first, ast.Constant) else None
                if name in _TELLERS and isinstance(code, str) and _CODE.fullmatch(code):
                    found.add(code)
    return found


def test_error_codes_are_documented(reference: str) -> None:
    """Each code of a problem or warning is in the reference."""
    assert len(codes()) > 50
    assert [code for code in sorted(codes()) if f"`{code}`" not in reference] == []
