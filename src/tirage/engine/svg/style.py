"""The cascade over a drawing: style sheets → rules, and an element with its parent's style → its own style."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import tinycss2

from tirage.engine.svg.allow import PROPERTIES, declarations
from tirage.engine.values.css import nested_too_deep, text_of

_SIMPLE = re.compile(r"(\*|[A-Za-z][\w-]*)?((?:[.#][A-Za-z_][\w-]*+)*+)")

INHERITED = MappingProxyType(
    {
        "clip-rule": "nonzero",
        "color": "black",
        "fill": "black",
        "fill-opacity": "1",
        "fill-rule": "nonzero",
        "marker-end": "none",
        "marker-mid": "none",
        "marker-start": "none",
        "paint-order": "normal",
        "shape-rendering": "auto",
        "stroke": "none",
        "stroke-dasharray": "none",
        "stroke-dashoffset": "0",
        "stroke-linecap": "butt",
        "stroke-linejoin": "miter",
        "stroke-miterlimit": "4",
        "stroke-opacity": "1",
        "stroke-width": "1",
        "visibility": "visible",
    }
)
"""Initial values of the inherited properties that shapes have (SVG 2, property index)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a style sheet. `tag` is None for any; a rule whose selector is not `simple` may match anything."""

    simple: bool
    tag: str | None
    ids: frozenset[str]
    classes: frozenset[str]
    declared: tuple[tuple[str, str, bool], ...]
    selector: str

    @property
    def weight(self) -> tuple[int, int, int]:
        """The specificity (Selectors 3, section 9)."""
        return len(self.ids), len(self.classes), int(self.tag is not None)

    def matches(self, element: Any) -> bool:
        """Whether the rule applies to an element; true where only a full CSS engine could tell."""
        if not self.simple:
            return True
        if self.tag is not None and self.tag != local_name(element):
            return False
        if self.ids and self.ids != {element.get("id")}:
            return False
        return not self.classes or self.classes <= set((element.get("class") or "").split())

    @property
    def css(self) -> str:
        """The rule written back."""
        body = ";".join(f"{name}:{value}{' !important' if bang else ''}" for name, value, bang in self.declared)
        return f"{self.selector}{{{body}}}"


@dataclass(frozen=True, slots=True)
class Style:
    """The values of one element: `inherited` pass on to its children, `own` do not."""

    inherited: MappingProxyType[str, str] = field(default_factory=lambda: INHERITED)
    own: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, name: str, initial: str = "") -> str:
        """The value of a property."""
        return self.inherited.get(name) or self.own.get(name, initial)


def local_name(element: Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def parse_sheet(text: str) -> list[Rule]:
    """The rules of a style sheet that may stay; at-rules, which import, load fonts or depend on media, are dropped."""
    rules: list[Rule] = []
    for node in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if node.type != "qualified-rule" or nested_too_deep(node.prelude):
            continue
        declared = tuple(declarations(tinycss2.parse_blocks_contents(node.content, skip_comments=True)))
        for selector in text_of(node.prelude).split(","):
            rules.append(_rule(selector.strip(), declared))
    return rules


def _rule(selector: str, declared: tuple[tuple[str, str, bool], ...]) -> Rule:
    found = _SIMPLE.fullmatch(selector)
    if not selector or found is None or found[0] == "":
        return Rule(False, None, frozenset(), frozenset(), declared, selector)
    parts = re.findall(r"[.#][^.#]+", found[2])
    return Rule(
        True,
        found[1] if found[1] and found[1] != "*" else None,
        frozenset(part[1:] for part in parts if part[0] == "#"),
        frozenset(part[1:] for part in parts if part[0] == "."),
        declared,
        selector,
    )


def computed(element: Any, parent: Style, rules: Sequence[Rule]) -> Style:
    """The style of an element: presentation attributes, then rules by specificity, then the `style` attribute."""
    values = {name: value for name, value in element.attrib.items() if name in PROPERTIES}
    matching = [rule for rule in rules if rule.matches(element)]
    urgent: dict[str, str] = {}
    for rule in sorted(matching, key=lambda rule: rule.weight):
        _apply(rule.declared, values, urgent)
    if text := element.get("style"):
        _apply(tuple(declarations(tinycss2.parse_blocks_contents(text, skip_comments=True))), values, urgent)
    values |= urgent
    if "marker" in values:
        marker = values.pop("marker")
        values = {"marker-start": marker, "marker-mid": marker, "marker-end": marker} | values
    inherited = dict(parent.inherited)
    own: dict[str, str] = {}
    for name, value in values.items():
        value = value.strip()
        if name not in inherited:
            own[name] = parent.own.get(name, "") if value == "inherit" else value
        elif value != "inherit":
            inherited[name] = INHERITED[name] if value == "initial" else value
    if inherited["color"].lower() == "currentcolor":
        inherited["color"] = parent.inherited["color"]
    return Style(MappingProxyType(inherited), MappingProxyType(own))


def _apply(declared: tuple[tuple[str, str, bool], ...], values: dict[str, str], urgent: dict[str, str]) -> None:
    for name, value, important in declared:
        (urgent if important else values)[name] = value
