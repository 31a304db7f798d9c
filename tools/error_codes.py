"""The package's source → every code of a problem or a warning, with the sentence that it comes with."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tirage"

_CODE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+|unauthorized")
_CALLS = frozenset(
    {"Problem", "problem", "_problem", "Warning_", "warn", "add", "_refuse", "_Refused", "_CellError", "_render"}
    | {"PydanticCustomError", "Refused"}
)
"""What makes a problem or a warning: calls whose first two arguments are a code and a message."""
_AREAS = (
    ("engine/svg", "Pictures"),
    ("engine/images", "Pictures"),
    ("engine/text", "Text and fonts"),
    ("assets/font", "Text and fonts"),
    ("engine/bind", "Rows"),
    ("engine", "Templates and output"),
    ("assets", "Sources of pictures"),
    ("tables", "Tables"),
    ("pool", "Drawing"),
    ("api", "Requests"),
    ("store", "Requests"),
    ("links", "Links"),
    ("actions", "Commands"),
    ("cli", "Commands"),
    ("db", "Database"),
    ("blobs", "Storage"),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A code, where it comes from, and the sentence it comes with; `…` stands for what differs."""

    area: str
    code: str
    message: str


AREAS = tuple(dict.fromkeys(area for _, area in _AREAS))
"""In the order of the page."""


def all_codes() -> list[Code]:
    """Every code of a problem or a warning, by its name."""
    return sorted(_codes(), key=lambda each: each.code)


def _codes() -> Iterator[Code]:
    """Each code once: with the first of its sentences, in the order of the files' names."""
    seen: dict[str, Code] = {}
    for path in _sources():
        place = path.relative_to(PACKAGE).as_posix()
        area = next((name for prefix, name in _AREAS if place.startswith(prefix)), "Commands")
        for code, message in _literals(ast.parse(path.read_text(encoding="utf-8"))):
            if code not in seen or not seen[code].message:
                seen[code] = Code(area, code, message)
    yield from seen.values()


def _sources() -> list[Path]:
    """The package's modules under version control; all of them where there is no repository."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--", "src/tirage/*.py"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted(path for name in listed if name and (path := ROOT / name).is_file())
    return sorted(PACKAGE.rglob("*.py"))


def _literals(tree: ast.Module) -> Iterator[tuple[str, str]]:
    variables = _assigned(tree)
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "of" and getattr(getattr(node.func, "value", None), "id", "") == "NotFound":
                what = _text(node.args[0])
                yield f"{what}_not_found", f"There is no {what.replace('_', ' ')} …."
            named = {each.arg: each.value for each in node.keywords}
            if name in _CALLS:
                given = [*node.args[:2], *(named[key] for key in ("code", "message") if key in named)]
        elif isinstance(node, ast.Tuple):
            given = node.elts[:2]  # the text engine gathers its warnings as pairs
        if len(given) == 2 and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            code, message = given[0].value, _sentence(given[1], variables)
            if _CODE.fullmatch(code) and (message or isinstance(node, ast.Call)):
                yield code, message


def _assigned(tree: ast.Module) -> dict[str, list[tuple[int, ast.expr]]]:
    """The line and value of every assignment to a name, in the order of the lines."""
    found: dict[str, list[tuple[int, ast.expr]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append((node.lineno, node.value))
    return {name: sorted(values, key=lambda each: each[0]) for name, values in found.items()}


def _sentence(node: ast.expr, variables: dict[str, list[tuple[int, ast.expr]]]) -> str:
    """What is told, `…` for what is put into it; empty where that cannot be read from the code."""
    if isinstance(node, ast.Name):
        before = [value for line, value in variables.get(node.id, []) if line < node.lineno]
        node = before[-1] if before else node
    text = re.sub("…+", "…", _text(node)).replace("{shown}", "…")
    return text if " " in text else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return "…"
