"""Strings with `{{ placeholders }}`: compiled once per template, expanded for every row, values always literal."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tirage.engine.errors import Problem
from tirage.engine.template import Json, Pattern, PatternTree, Placeholder, Variable
from tirage.engine.values.color import parse_color

MAX_INTEGER = 2**53
"""Beyond it, other readers of the same JSON see another number (RFC 8259, 6)."""
_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_LITERAL = re.compile(r"""(?:"([^"]{0,1000})"|'([^']{0,1000})')\Z""")


def compile_pattern(text: str) -> Pattern | str:
    """Split a string at its placeholders; a string without any comes back as it is.

    `{{ "…" }}` is a literal, so `{{ "{{" }}` writes two braces. Raises ValueError saying what is wrong.
    """
    if "{{" not in text:
        return text
    parts: list[str | Placeholder] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        end = _closing(text, start + 2)
        inner = text[start + 2 : end].strip()
        if literal := _LITERAL.match(inner):
            parts.append(literal[1] if literal[1] is not None else literal[2])
        elif _NAME.match(inner):
            parts.append(Placeholder(inner))
        else:
            shown = inner if len(inner) <= 40 else inner[:40] + "…"
            raise ValueError(f"{shown!r} is not the name of a variable")
        position = end + 2
    if position < len(text):
        parts.append(text[position:])
    return Pattern(tuple(parts))


def _closing(text: str, start: int) -> int:
    """Where the `}}` of a placeholder stands, past one that is quoted."""
    stripped = start
    while stripped < len(text) and text[stripped] in " \t\n":
        stripped += 1
    if stripped < len(text) and text[stripped] in "\"'":
        quoted = text.find(text[stripped], stripped + 1)
        if quoted >= 0:
            start = quoted
    end = text.find("}}", start)
    if end < 0:
        raise ValueError("a placeholder that begins with '{{' does not end with '}}'")
    return end


def compile_tree(value: Any, pointer: str) -> tuple[PatternTree, list[Problem]]:
    """Compile every string in a JSON value; problems come back with their pointers."""
    problems: list[Problem] = []

    def walk(node: Any, at: str) -> PatternTree:
        if isinstance(node, str):
            try:
                return compile_pattern(node)
            except ValueError as error:
                problems.append(
                    Problem("placeholder_invalid", f"{error}.", at, 'Write {{ "{{" }} where two braces are meant.')
                )
                return node
        if isinstance(node, list | tuple):
            return tuple(walk(item, f"{at}/{index}") for index, item in enumerate(node))
        if isinstance(node, dict):
            return {key: walk(item, f"{at}/{key.replace('~', '~0').replace('/', '~1')}") for key, item in node.items()}
        return node  # type: ignore[no-any-return]

    return walk(value, pointer), problems


def placeholders(tree: PatternTree) -> Iterator[str]:
    """The names of the variables in a compiled value, in order, repeated as they are."""
    if isinstance(tree, Pattern):
        yield from (part.name for part in tree.parts if isinstance(part, Placeholder))
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from placeholders(item)
    elif isinstance(tree, tuple):
        for item in tree:
            yield from placeholders(item)


def expand(tree: PatternTree, values: Mapping[str, Json], *, escape: bool = False) -> Any:
    """The value with every placeholder replaced; what is but one placeholder keeps the type of its variable.

    With `escape`, values are written as HTML text, for properties that are read as markup.
    """
    if isinstance(tree, Pattern):
        if tree.single is not None and not escape:
            return values.get(tree.single)
        return "".join(
            part if isinstance(part, str) else _text(values.get(part.name), escape=escape) for part in tree.parts
        )
    if isinstance(tree, Mapping):
        return {key: expand(item, values, escape=escape) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return [expand(item, values, escape=escape) for item in tree]
    return tree


def _text(value: Json, *, escape: bool) -> str:
    written = text_of(value)
    return html.escape(written, quote=False) if escape else written


def text_of(value: Json) -> str:
    """How a value reads in a text: numbers without a trailing `.0`, booleans as in JSON, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def defaults_of(variables: Iterable[Variable]) -> dict[str, Json]:
    """Each variable's value where no row says anything."""
    return {variable.name: variable.default for variable in variables}


def misfit(variable: Variable, value: Json) -> str | None:
    """Why a value cannot be one of a variable's type, or None where it can."""
    if isinstance(value, list | dict):
        return "takes a single value, not a list or an object"
    text = text_of(value)
    if variable.type == "number" and not is_number(value):
        return f"takes a number, not {text[:40]!r}"
    if variable.type == "boolean" and text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        return f"takes true or false, not {text[:40]!r}"
    if variable.type == "color":
        try:
            parse_color(text)
        except ValueError:
            return f"takes a colour such as #1a73e8, not {text[:40]!r}"
    return None


def is_number(value: object) -> bool:
    """Whether a row's value is a finite number as tables and JSON write it: Python also reads `1_000` and `nan`."""
    if isinstance(value, str):
        return len(value) <= 400 and _NUMBER.match(value) is not None and math.isfinite(float(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= MAX_INTEGER if isinstance(value, int) else math.isfinite(value)
