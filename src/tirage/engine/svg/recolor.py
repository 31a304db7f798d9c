"""Replaces colours of a drawing: Drawing and (from, to) pairs → a Drawing painted with the new ones."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import tinycss2
from pydantic_core import PydanticCustomError

from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.svg.allow import declarations
from tirage.engine.svg.read import Drawing
from tirage.engine.values.color import Color, parse_color

_COLORED = ("fill", "stroke", "stop-color", "color", "flood-color", "lighting-color")
_CURRENT = "currentcolor"


def recolored(drawing: Drawing, colors: Sequence[tuple[str, str]]) -> Drawing:
    """The drawing with each colour that equals a `from` (however it is written) replaced by its `to`.

    `currentColor` may be named too, and black also stands for shapes without any `fill`.
    Raises RenderProblem `color_invalid` for a `to` that is no colour.
    """
    table: dict[str | Color, str] = {}
    for old, new in colors:
        table.setdefault(_key(old), _written(new))
    root = copy.deepcopy(drawing.root)
    black = table.get(Color(0.0, 0.0, 0.0))
    if black is not None and root.get("fill") is None:
        root.set("fill", "black")
    for element in root.iter():
        for name in _COLORED:
            if (value := element.get(name)) is not None:
                element.set(name, _replaced(value, table))
        if text := element.get("style"):
            element.set("style", _replaced_style(text, table))
    rules = tuple(
        replace(rule, declared=tuple((name, _new(name, value, table), bang) for name, value, bang in rule.declared))
        for rule in drawing.rules
    )
    key = hashlib.sha256(f"{drawing.key} {sorted(map(str, table.items()))}".encode()).hexdigest()
    return Drawing(root, rules, key)


def _key(text: str) -> str | Color:
    text = text.strip()
    try:
        return parse_color(text)
    except PydanticCustomError:
        return text.lower()


def _written(text: str) -> str:
    try:
        return parse_color(text.strip()).css
    except PydanticCustomError as error:
        raise RenderProblem(
            Problem("color_invalid", f"{error.message()}.", hint="Each replaced colour needs a new one.")
        ) from None


def _replaced(value: str, table: dict[str | Color, str]) -> str:
    if value.strip().lower() == _CURRENT:
        return table.get(_CURRENT, value)
    return table.get(_key(value), value)


def _new(name: str, value: str, table: dict[str | Color, str]) -> str:
    return _replaced(value, table) if name in _COLORED else value


def _replaced_style(text: str, table: dict[str | Color, Any]) -> str:
    found = declarations(tinycss2.parse_blocks_contents(text, skip_comments=True))
    return ";".join(f"{name}:{_new(name, value, table)}{' !important' if bang else ''}" for name, value, bang in found)
