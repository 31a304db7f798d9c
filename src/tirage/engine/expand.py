"""Strings with `{{ placeholders }}`: compiled once per template, expanded for every row, values always literal."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from tirage.engine.errors import Problem
from tirage.engine.expressions.compile import Expression, compile_expression
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope
from tirage.engine.expressions.scope import text_of as text_of
from tirage.engine.template import Json, Pattern, PatternTree, Placeholder, Variable
from tirage.engine.values.color import parse_color

MAX_INTEGER = 2**53
"""Beyond it, other readers of the same JSON see another number (RFC 8259, 6)."""
_NUMBER = re.compile(r"[ \t]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None"})
"""Names that the grammar gives a meaning of their own."""
_LITERAL = re.compile(r"""(?:"([^"]{0,1000})"|'([^']{0,1000})')\Z""")


def compile_pattern(text: str) -> Pattern | str:
    """Split a string at its placeholders; a string without any comes back as it is.

    `{{ "…" }}` is a literal, so `{{ "{{" }}` writes two braces. Raises ValueError saying what is wrong.
    """
    if "{{" not in text:
        return text
    parts: list[str | Placeholder | Expression] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        end = _closing(text, start + 2)
        inner = text[start + 2 : end].strip()
        if literal := _LITERAL.match(inner):
            parts.append(literal[1] if literal[1] is not None else literal[2])
        elif _NAME.match(inner) and inner not in _CONSTANTS:
            parts.append(Placeholder(inner))
        else:
            try:
                parts.append(compile_expression(inner))
            except ExpressionError as error:
                shown = inner if len(inner) <= 40 else inner[:40] + "…"
                raise ValueError(f"{{{{ {shown} }}}} is no expression: {error}") from None
        position = end + 2
    if position < len(text):
        parts.append(text[position:])
    return Pattern(tuple(parts))


def _closing(text: str, start: int) -> int:
    """Where the `}}` of a placeholder stands, past those in quotes and the ends of objects."""
    depth, quote, place = 0, "", start
    while place < len(text):
        character = text[place]
        if quote:
            if character == "\\":
                place += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif text.startswith("}}", place):
            return place
        place += 1
    # An apostrophe opened what never closes: the first end is meant, and the parser says what is wrong before it.
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
        for part in tree.parts:
            if isinstance(part, Placeholder):
                yield part.name
            elif isinstance(part, Expression):
                yield from sorted(part.names)
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from placeholders(item)
    elif isinstance(tree, tuple):
        for item in tree:
            yield from placeholders(item)


def plain_names(tree: PatternTree) -> Iterator[str]:
    """The variables that stand as they are: without a value for one of them there is nothing to put in."""
    if isinstance(tree, Pattern):
        yield from (part.name for part in tree.parts if isinstance(part, Placeholder))
    elif isinstance(tree, Mapping | tuple):
        for item in tree.values() if isinstance(tree, Mapping) else tree:
            yield from plain_names(item)


def expand(tree: PatternTree, scope: Scope, *, escape: bool = False) -> Any:
    """The value with every placeholder replaced; what is but one placeholder or expression keeps its type.

    With `escape`, values are written as HTML text, for properties that are read as markup. Raises ExpressionError with
    the text of the expression that has no value.
    """
    if isinstance(tree, Pattern):
        if not escape and len(tree.parts) == 1 and not isinstance(tree.parts[0], str):
            return _part(tree.parts[0], scope)
        return "".join(
            part if isinstance(part, str) else _text(_part(part, scope), escape=escape) for part in tree.parts
        )
    if isinstance(tree, Mapping):
        return {key: expand(item, scope, escape=escape) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return [expand(item, scope, escape=escape) for item in tree]
    return tree


def _part(part: Placeholder | Expression, scope: Scope) -> Any:
    if isinstance(part, Placeholder):
        return scope.values.get(part.name)
    try:
        return part.value(scope)
    except ExpressionError as error:
        shown = part.source if len(part.source) <= 60 else part.source[:60] + "…"
        raise ExpressionError(f"{{{{ {shown} }}}} has no value: {error}") from None


def _text(value: Json, *, escape: bool) -> str:
    written = text_of(value)
    return html.escape(written, quote=False) if escape else written


def defaults_of(variables: Iterable[Variable]) -> dict[str, Json]:
    """Each variable's value where no row says anything."""
    return {variable.name: as_json(variable.default) for variable in variables}


def as_json(value: Any) -> Json:
    """A value of the frozen document as JSON has it: tuples are lists."""
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return {key: as_json(each) for key, each in value.items()} if isinstance(value, dict) else value


def misfit(variable: Variable, value: Json) -> str | None:
    """Why a value cannot be one of a variable's type, or None where it can."""
    if variable.type in ("list", "object"):
        return _misfit_structure(variable, value)
    if isinstance(value, list | dict):
        return "takes a single value, not a list or an object"
    text = text_of(value)
    if variable.choices and text not in [text_of(each) for each in variable.choices]:
        return f"is {text[:40]!r}, but must be one of {', '.join(text_of(each) for each in variable.choices[:20])}"
    if variable.max_length is not None and len(text) > variable.max_length:
        return f"has {len(text)} characters, but may have {variable.max_length}"
    if variable.pattern and not _matches(variable.pattern, text):
        return f"is {text[:40]!r}, which does not match {variable.pattern[:60]!r}"
    if variable.type == "number" and not is_number(value):
        return f"takes a number, not {text[:40]!r}"
    if variable.type == "number" and (reason := _outside(variable, float(text))):
        return f"is {text[:40]}, but must be {reason}"
    if variable.type == "date":
        try:
            datetime.fromisoformat(text.strip())
        except ValueError:
            return f"takes a date such as 2026-11-23, not {text[:40]!r}"
    if variable.type == "boolean" and text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        return f"takes true or false, not {text[:40]!r}"
    if variable.type == "color":
        try:
            parse_color(text)
        except ValueError:
            return f"takes a colour such as #1a73e8, not {text[:40]!r}"
    return None


def structured(value: Json) -> Json:
    """A list or object, read from JSON where a cell writes it so. Raises ValueError."""
    if isinstance(value, str):
        read: Json = orjson.loads(value)
        return read
    return value


def _misfit_structure(variable: Variable, value: Json) -> str | None:
    try:
        read = structured(value)
    except ValueError:
        read = None
    wanted = list if variable.type == "list" else dict
    if not isinstance(read, wanted):
        return f"takes {'a list' if wanted is list else 'an object'}, as JSON where it is a cell"
    if isinstance(read, list) and (reason := _outside(variable, len(read))):
        return f"has {len(read)} items, but must have {reason}"
    return None


def _outside(variable: Variable, number: float) -> str | None:
    """The bound that a number breaks."""
    if variable.min is not None and number < variable.min:
        return f"at least {variable.min:g}"
    if variable.max is not None and number > variable.max:
        return f"at most {variable.max:g}"
    return None


def pattern_problem(pattern: str) -> str | None:
    """Why a text is no regular expression, or None."""
    try:
        _compiled(pattern)
    except ValueError as error:
        return str(error)
    return None


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    """RE2 runs in linear time whatever the pattern and the text. Raises ValueError."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None


def is_number(value: object) -> bool:
    """Whether a row's value is a finite number as tables and JSON write it: Python also reads `1_000` and `nan`."""
    if isinstance(value, str):
        return len(value) <= 400 and _NUMBER.match(value) is not None and math.isfinite(float(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= MAX_INTEGER if isinstance(value, int) else math.isfinite(value)
