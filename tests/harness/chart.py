"""A Helm chart → its Kubernetes objects, by the part of Go's templates that our chart uses; `helm` is not needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_TERM = re.compile(r'"(?:[^"\\]|\\.)*"|\(|\)|\||:=|,|[^\s()|,]+')


class ChartError(Exception):
    """The template says something that Helm would refuse, or that is not understood here."""


@dataclass
class _Node:
    kind: str
    text: str = ""
    body: list[_Node] = field(default_factory=list)
    other: list[_Node] = field(default_factory=list)


def render(folder: Path, values: Mapping[str, Any] | None = None, release: str = "demo") -> list[dict[str, Any]]:
    """All objects of a chart in the order of its files, with these values over its own."""
    chart = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
    merged = _merged(yaml.safe_load((folder / "values.yaml").read_text(encoding="utf-8")), values or {})
    root = {
        "Values": merged,
        "Release": {"Name": release, "Namespace": "default"},
        "Chart": {"Name": chart["name"], "AppVersion": chart["appVersion"]},
    }
    defined: dict[str, list[_Node]] = {}
    files = sorted((folder / "templates").iterdir(), key=lambda path: (not path.name.startswith("_"), path.name))
    objects: list[dict[str, Any]] = []
    for path in files:
        nodes = _parse(path.read_text(encoding="utf-8"))
        for node in nodes:
            if node.kind == "define":
                defined[node.text.strip('"')] = node.body
        if path.suffix == ".yaml":
            text = _Run(root, defined).text(nodes, root, {})
            objects += [each for each in yaml.safe_load_all(text) if each]
        elif path.name == "NOTES.txt":
            _Run(root, defined).text(nodes, root, {})
    return objects


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, Mapping):
        return {**base, **{name: _merged(base.get(name), each) for name, each in over.items()}}
    return over


def _pieces(text: str) -> list[tuple[str, str]]:
    """Text and actions in turn; a hyphen takes the blanks beside it away."""
    pieces: list[tuple[str, str]] = []
    at, trim = 0, False
    for match in re.finditer(r"\{\{(-?)(.*?)(-?)\}\}", text, re.S):
        before = text[at : match.start()]
        before = before.lstrip() if trim else before
        pieces.append(("text", before.rstrip() if match[1] else before))
        pieces.append(("action", match[2].strip()))
        at, trim = match.end(), bool(match[3])
    tail = text[at:]
    pieces.append(("text", tail.lstrip() if trim else tail))
    return pieces


def _parse(text: str) -> list[_Node]:
    top: list[_Node] = []
    stack: list[tuple[_Node | None, list[_Node]]] = [(None, top)]
    for kind, piece in _pieces(text):
        here = stack[-1][1]
        if kind == "text":
            here.append(_Node("text", piece))
            continue
        word, _, rest = piece.partition(" ")
        if piece.startswith("/*"):
            continue
        if word in ("if", "range", "define"):
            node = _Node(word, rest.strip())
            here.append(node)
            stack.append((node, node.body))
        elif word == "else" and stack[-1][0] is not None and not rest:
            node_ = stack.pop()[0]
            assert node_ is not None
            stack.append((node_, node_.other))
        elif word == "end":
            if len(stack) == 1:
                raise ChartError("an end without a beginning")
            stack.pop()
        else:
            here.append(_Node("print", piece))
    if len(stack) > 1:
        raise ChartError("a block is not ended")
    return top


class _Run:
    def __init__(self, root: Mapping[str, Any], defined: Mapping[str, list[_Node]]) -> None:
        self._root = root
        self._defined = defined
        self._functions: Mapping[str, Callable[..., Any]] = {
            "quote": lambda value: json.dumps(str(value), ensure_ascii=False),
            "default": lambda other, value=None: value if value else other,
            "printf": lambda pattern, *values: pattern % values,
            "nindent": lambda width, text: (
                "\n" + "\n".join(" " * width + line if line else "" for line in text.split("\n"))
            ),
            "toYaml": lambda value: yaml.safe_dump(value, default_flow_style=False).rstrip("\n"),
            "not": lambda value: not value,
            "required": self._required,
        }

    def text(self, nodes: Sequence[_Node], dot: Any, names: Mapping[str, Any]) -> str:
        return "".join(self._node(node, dot, names) for node in nodes)

    def _node(self, node: _Node, dot: Any, names: Mapping[str, Any]) -> str:
        if node.kind == "text":
            return node.text
        if node.kind == "define":
            return ""
        if node.kind == "if":
            return self.text(node.body if self._value(node.text, dot, names) else node.other, dot, names)
        if node.kind == "range":
            declared, _, source = node.text.partition(":=")
            key, value = (each.strip() for each in declared.split(","))
            items = self._value(source.strip(), dot, names)
            return "".join(
                self.text(node.body, items[each], {**names, key: each, value: items[each]}) for each in sorted(items)
            )
        found = self._value(node.text, dot, names)
        if found is None:
            raise ChartError(f"{{{{ {node.text} }}}} is nothing")
        return {True: "true", False: "false"}.get(found, str(found)) if isinstance(found, bool) else str(found)

    def _value(self, text: str, dot: Any, names: Mapping[str, Any]) -> Any:
        terms = _TERM.findall(text)
        value, rest = self._pipeline(terms, dot, names)
        if rest:
            raise ChartError(f"{text!r} is not understood")
        return value

    def _pipeline(self, terms: list[str], dot: Any, names: Mapping[str, Any]) -> tuple[Any, list[str]]:
        value: Any = None
        first = True
        while True:
            command: list[Any] = []
            while terms and terms[0] not in ("|", ")"):
                term, terms = terms[0], terms[1:]
                if term == "(":
                    inner, terms = self._pipeline(terms, dot, names)
                    terms = terms[1:]
                    command.append((inner,))
                else:
                    command.append(term)
            value = self._command(command, dot, names, () if first else (value,))
            first = False
            if not terms or terms[0] == ")":
                return value, terms
            terms = terms[1:]

    def _command(self, command: Sequence[Any], dot: Any, names: Mapping[str, Any], piped: tuple[Any, ...]) -> Any:
        head, *rest = command
        arguments = [self._term(each, dot, names) for each in rest]
        if head == "include":
            return self.text(self._defined[arguments[0]], arguments[1], {})
        if isinstance(head, str) and head in self._functions:
            return self._functions[head](*arguments, *piped)
        if rest or piped:
            raise ChartError(f"there is no function {head!r}")
        return self._term(head, dot, names)

    def _term(self, term: Any, dot: Any, names: Mapping[str, Any]) -> Any:
        if isinstance(term, tuple):
            return term[0]
        if term.startswith('"'):
            return json.loads(term)
        if term.startswith("$"):
            return names[term]
        if term == ".":
            return dot
        if term.startswith("."):
            value = dot
            for name in term[1:].split("."):
                if not isinstance(value, Mapping):
                    raise ChartError(f"{term} leads nowhere")
                value = value.get(name)
            return value
        return int(term)

    @staticmethod
    def _required(message: str, value: Any = None) -> Any:
        if value in (None, ""):
            raise ChartError(message)
        return value
