"""The small part of CSS value syntax that fills, shadows and filters share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tinycss2
from pydantic_core import PydanticCustomError

MAX_CSS_CHARACTERS = 4096
MAX_CSS_DEPTH = 8
"""Brackets within brackets; real values have three. The library writes values back by recursion, without a limit."""
_ANGLES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}


def parse_values(text: str, code: str) -> list[tinycss2.ast.Node]:
    """The component values of a CSS text without white space and comments. Raises PydanticCustomError `code`."""
    if len(text) > MAX_CSS_CHARACTERS:
        raise PydanticCustomError(code, "this text is longer than 4096 characters")
    nodes = tinycss2.parse_component_value_list(text, skip_comments=True)
    if any(node.type == "error" for node in nodes):
        raise PydanticCustomError(code, "this is not a CSS value")
    if nested_too_deep(nodes):
        raise PydanticCustomError(code, "brackets are nested deeper than 8 levels")
    return without_space(nodes)


def nested_too_deep(nodes: Sequence[tinycss2.ast.Node]) -> bool:
    """Whether brackets stand in brackets beyond the limit."""
    level = list(nodes)
    for _ in range(MAX_CSS_DEPTH + 1):
        if not level:
            return False
        level = [
            child
            for node in level
            for child in getattr(node, "arguments", None) or getattr(node, "content", None) or ()
        ]
    return bool(level)


def without_space(nodes: Sequence[tinycss2.ast.Node]) -> list[tinycss2.ast.Node]:
    """The nodes that are neither white space nor comments."""
    return [node for node in nodes if node.type not in ("whitespace", "comment")]


def split_commas(nodes: Sequence[tinycss2.ast.Node]) -> list[list[tinycss2.ast.Node]]:
    """The nodes between commas, each part without white space."""
    parts: list[list[tinycss2.ast.Node]] = [[]]
    for node in nodes:
        if node.type == "literal" and node.value == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return [without_space(part) for part in parts]


def degrees(node: tinycss2.ast.Node) -> float | None:
    """An angle in degrees (a bare 0 is one), or None where the node is something else."""
    if node.type == "dimension" and node.lower_unit in _ANGLES:
        return float(node.value) * _ANGLES[node.lower_unit]
    return 0.0 if node.type == "number" and node.value == 0 else None


def pixels(node: tinycss2.ast.Node) -> float | None:
    """A length in px (bare numbers count as px, as everywhere in a template), or None."""
    if node.type == "dimension" and node.lower_unit == "px":
        return float(node.value)
    return float(node.value) if node.type == "number" else None


def amount(node: tinycss2.ast.Node) -> float | None:
    """A number, or a percentage as its fraction, or None."""
    if node.type == "percentage":
        return float(node.value) / 100
    return float(node.value) if node.type == "number" else None


def text_of(nodes: Sequence[tinycss2.ast.Node]) -> str:
    """The nodes written back as CSS."""
    return str(tinycss2.serialize(nodes)).strip()
