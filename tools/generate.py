"""The code → the reference pages and JSON Schemas of docs/reference; with --check, whether they are up to date."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from tirage.actions.schemas import report_schema, template_schema
from tirage.cli.app import app
from tirage.engine.formats import FORMATS
from tirage.engine.layer import Layer
from tirage.engine.layers import LAYER_TYPES
from tirage.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tirage"
TARGET = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/generate.py from the code; change the code, then run `make generate`. -->\n\n"

_CODE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_CALLS = frozenset(
    {"Problem", "problem", "_problem", "Warning_", "warn", "add", "_refuse", "_Refused", "_CellError", "_render"}
    | {"PydanticCustomError"}
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


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def cli_page() -> str:
    """Every command with its arguments and options."""
    root: Any = typer.main.get_command(app)
    parts = [f"{NOTE}# Command line\n\n{root.help}\n"]
    parts += [_command(f"tirage {name}", command) for name, command in _commands(root)]
    codes = [
        ("0", "All is well."),
        ("1", "Some rows failed, or would fail or lose something (`tirage check`); `errors.csv` lists them."),
        ("2", "The call, the template or the table is wrong; nothing was drawn."),
        ("130", "Interrupted. No half file is left; the same command with `--resume` goes on."),
    ]
    parts.append(f"## Exit codes\n\n{table(('Code', 'Meaning'), codes)}")
    return "\n".join(parts)


def _commands(group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", each) for inner, each in _commands(command))
        else:
            yield name, command


def _command(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([name, *(each.metavar if each.required else f"[{each.metavar}]" for each in arguments)])
    text = f"## {name}\n\n```\n{usage}{' [OPTIONS]' if options else ''}\n```\n\n{command.help}\n"
    rows = [(f"`{each.metavar}`", each.help or "", "") for each in arguments]
    for each in options:
        shown = "" if each.default in (None, False, (), []) else f"`{each.default}`"
        value = f" {each.metavar}" if each.metavar else ""
        rows.append((f"`{', '.join(each.opts)}{value}`", each.help or "", shown))
    return f"{text}\n{table(('', 'Meaning', 'Default'), rows)}" if rows else text


def settings_page() -> str:
    """The table of settings."""
    rows = [
        (
            f"`{each.variable}`",
            each.sentence + (f" One of {', '.join(f'`{word}`' for word in each.choices)}." if each.choices else ""),
            f"`{int(each.default) if isinstance(each.default, bool) else each.default}`" if each.default != "" else "",
            each.unit,
        )
        for each in SETTINGS
    ]
    intro = (
        "Settings are read from the environment. A variable that begins with `TIRAGE_` and is none of these is refused."
    )
    return f"{NOTE}# Settings\n\n{intro}\n\n{table(('Variable', 'Meaning', 'Default', 'Unit'), rows)}"


def layers_page() -> str:
    """The layer types with their properties."""
    definitions = template_schema()["$defs"]
    shared = {info.alias or name for name, info in Layer.model_fields.items()}
    own = {kind.__name__: definitions[kind.__name__]["properties"] for kind in LAYER_TYPES}
    first = next(iter(own.values()))
    parts = [
        f"{NOTE}# Layers\n\nA column named like a layer sets its main property; a column `layer.property` any other. "
        "Lengths are px, or percentages of the parent.\n",
        "## All layers\n",
        table(
            ("Property", "Values", "Default", "Meaning"),
            _properties({key: first[key] for key in first if key in shared}),
        ),
    ]
    for kind in LAYER_TYPES:
        main = f" Its main property is `{kind.main}`." if kind.main else ""
        own_ones = {key: value for key, value in own[kind.__name__].items() if key not in shared}
        parts.append(f"## {kind.model_fields['type'].default}\n\n{_first_paragraph(kind)}{main}\n")
        parts.append(table(("Property", "Values", "Default", "Meaning"), _properties(own_ones)))
        if kind.synonyms:
            same = ", ".join(f"`{key}` is `{value}`" for key, value in sorted(kind.synonyms.items()))
            parts.append(f"Other names: {same}.\n")
    for name in sorted(definitions.keys() - own.keys()):
        parts.append(f"## {name}\n\n{definitions[name].get('description', '')}\n")
        rows = _properties(definitions[name].get("properties", {}))
        parts.append(table(("Property", "Values", "Default", "Meaning"), rows))
    return "\n".join(parts)


def _first_paragraph(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _properties(properties: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key, member in properties.items():
        default = member.get("default")
        shown = "" if default in (None, "", [], {}) else f"`{json.dumps(default, ensure_ascii=False)}`"
        rows.append((f"`{key}`", _values(member), shown, member.get("description", "")))
    return rows


def _values(member: dict[str, Any]) -> str:
    """What a member takes, in a few words."""
    if "$ref" in member:
        name = member["$ref"].rsplit("/", 1)[1]
        name = next((kind.model_fields["type"].default for kind in LAYER_TYPES if kind.__name__ == name), name)
        return f"[{name}](#{name.lower()})"
    if "const" in member:
        return f"`{member['const']}`"
    if "enum" in member:
        return ", ".join(f"`{each}`" for each in member["enum"])
    for key in ("anyOf", "oneOf"):
        if key in member:
            found = [_values(each) for each in member[key] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(each for each in found if each))
    if member.get("type") == "array":
        return f"list of {_values(member.get('items', {}))}".removesuffix(" of ")
    kind = member.get("type", "")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if member.get("examples"):
        return f"{text} such as `{member['examples'][0]}`"
    return text + _bounds(member)


def _bounds(member: dict[str, Any]) -> str:
    low, high = member.get("minimum"), member.get("maximum")
    if low is not None and high is not None:
        return f" {low:g}–{high:g}"
    return f" from {low:g}" if low is not None else f" to {high:g}" if high is not None else ""


def formats_page() -> str:
    """The output formats with what they can do."""
    rows = [
        (
            f"`{each.name}`",
            ", ".join(f"`{alias}`" for alias in each.aliases),
            f"`.{each.extension}`",
            f"`{each.media_type}`",
            "yes" if each.alpha else "no",
            str(each.quality) if each.quality is not None else "none",
            "outlines" if each.vector else "pixels",
            "one file" if each.multipage else "one file each",
        )
        for each in FORMATS
    ]
    head = ("Name", "Also", "Ending", "Media type", "Transparency", "Quality unless asked", "Holds", "Several pages")
    return f"{NOTE}# Formats\n\n{table(head, rows)}"


def expressions_page() -> str:
    """The language between double braces: limits, functions, tests, and every filter with its example."""
    from tirage.engine.expressions import limits
    from tirage.engine.expressions.compile import FUNCTIONS, TESTS
    from tirage.engine.expressions.filters import FILTERS

    intro = f"""# Expressions

Between `{{{{` and `}}}}` stands the name of a variable, or an expression over variables:

| | |
| --- | --- |
| Values | `12.5` `'text'` `true` `false` `none` `[1, 2]` `{{'a': 1}}` |
| Arithmetic | `+` `-` `*` `/` `//` `%` `**`; `~` joins texts |
| Comparison | `==` `!=` `<` `<=` `>` `>=` `in` `not in` |
| Logic | `and` `or` `not`, `x if condition else y` |
| Members | `item.title`, `item['title']`, `list[0]`, `text[:3]` |
| Functions | {" ".join(f"`{name}`" for name in FUNCTIONS)} |
| Tests | {" ".join(f"`is {name}`" for name in TESTS)} |

Texts that write numbers count as numbers, as in a table they do. `false`, `no`, `off`, `0` and the empty text count as
no. What is not there is nothing: empty in a text, no in a condition. A property that is only one expression takes its
value as it is: a number for `fontSize`, yes or no for `visible`.

An expression has at most {limits.MAX_CHARACTERS:,} characters and {limits.MAX_DEPTH} levels; texts that it makes
have at most {limits.MAX_TEXT:,} characters, lists {limits.MAX_ITEMS:,} items. It reads the row and nothing else.

## Filters

`value | filter` or `value | filter(argument)`; numbers, dates and words follow the locale of the template.
"""
    rows = [
        (f"`{each.name}`", each.arguments, each.sentence, f"`{each.example}`".replace("|", "\\|"), f"`{each.result}`")
        for each in FILTERS.values()
    ]
    return f"{NOTE}{intro}\n{table(('Filter', 'Takes', 'Gives', 'Example', 'Result'), rows)}"


def errors_page() -> str:
    """Every code of a problem or a warning."""
    parts = [
        f"{NOTE}# Problems and warnings\n\nCodes are stable: programs may rely on them. The sentences are for people "
        "and may change; `…` stands for what differs from case to case.\n"
    ]
    codes = sorted(_codes(), key=lambda each: each.code)
    for area in dict.fromkeys(area for _, area in _AREAS):
        rows = [(f"`{each.code}`", each.message or "Told with what was found.") for each in codes if each.area == area]
        if rows:
            parts.append(f"## {area}\n\n{table(('Code', 'Sentence'), rows)}")
    return "\n".join(parts)


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


def pages() -> dict[str, str]:
    """The generated files of docs/reference by name."""
    return {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "layers.md": layers_page(),
        "formats.md": formats_page(),
        "expressions.md": expressions_page(),
        "errors.md": errors_page(),
        "template.schema.json": json.dumps(template_schema(), indent=2, ensure_ascii=False) + "\n",
        "report.schema.json": json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n",
    }


def main() -> int:
    """Write the files, or compare them with `--check`; exit code 1 if one is out of date."""
    stale = []
    for name, text in pages().items():
        path = TARGET / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            TARGET.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"docs/reference is out of date ({', '.join(stale)}): run `make generate`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
