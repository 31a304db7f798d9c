"""The code → the reference pages and JSON Schemas of docs/reference; with --check, whether they are up to date."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import checks_page
import typer.main
from error_codes import AREAS, all_codes

from tirage.actions.schemas import report_schema, template_schema
from tirage.api.errors import STATUSES
from tirage.cli.app import app
from tirage.engine.formats import FORMATS
from tirage.engine.layer import Layer
from tirage.engine.layers import LAYER_TYPES
from tirage.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/generate.py from the code; change the code, then run `make generate`. -->\n\n"


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
    codes = all_codes()
    for area in AREAS:
        rows = [(f"`{each.code}`", each.message or "Told with what was found.") for each in codes if each.area == area]
        if rows:
            parts.append(f"## {area}\n\n{table(('Code', 'Sentence'), rows)}")
    return "\n".join(parts)


def codes_json() -> str:
    """Every code with its sentence, and its status where it has one of its own: what the page /docs lists."""
    told = [{"code": each.code, "sentence": each.message, "status": STATUSES.get(each.code)} for each in all_codes()]
    return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in told) + "\n]\n"


def pages() -> dict[str, str]:
    """The generated files by name, relative to docs/reference."""
    return {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "layers.md": layers_page(),
        "formats.md": formats_page(),
        "expressions.md": expressions_page(),
        "errors.md": errors_page(),
        "../explanation/checks.md": NOTE + checks_page.page(),
        "../../src/tirage/api/static/codes.json": codes_json(),
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
        print(f"Generated files are out of date ({', '.join(stale)}): run `make generate`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
