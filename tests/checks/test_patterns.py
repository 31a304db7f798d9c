"""No regular expression of the package can be made to try every partition of a text: the clock of an attack."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tirage
from tirage.assets.content import picture_type
from tirage.engine.errors import ResourceProblem
from tirage.engine.svg.shapes import NotExact, transform_of

ROOT = Path(tirage.__file__).parent
_CALLS = {"compile", "fullmatch", "match", "search", "sub", "split", "findall", "finditer"}


def backtracks(pattern: str | bytes, flags: int = 0) -> bool:
    """Whether an unbounded repetition stands in another one, where neither is possessive or atomic."""

    def nested(tree: Any, inside: bool) -> bool:
        for code, value in tree:
            if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
                unbounded = value[1] == codes.MAXREPEAT
                found = (unbounded and inside) or nested(value[2], inside or unbounded)
            elif code == codes.POSSESSIVE_REPEAT:
                found = nested(value[2], False)
            elif code == codes.ATOMIC_GROUP:
                found = nested(value, False)
            elif code == codes.SUBPATTERN:
                found = nested(value[3], inside)
            elif code == codes.BRANCH:
                found = any(nested(each, inside) for each in value[1])
            else:
                found = code in (codes.ASSERT, codes.ASSERT_NOT) and nested(value[1], False)
            if found:
                return True
        return False

    return nested(parser.parse(pattern, flags), False)


def literals() -> Iterator[tuple[str, str | bytes]]:
    """The patterns that stand in calls of `re`, with their places."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _CALLS and node.args:
                module = getattr(getattr(node.func, "value", None), "id", "")
                first = node.args[0]
                if module == "re" and isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", first.value


def held(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The compiled patterns in a value."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict | list | tuple | set | frozenset) and depth < 3:
        for each in value.values() if isinstance(value, dict) else value:
            yield from held(each, depth + 1)


@pytest.mark.check(117)
def test_no_pattern_repeats_a_repetition() -> None:
    """Of all literals and all module-wide values; the rule knows what it looks for."""
    assert backtracks("(a+)+") and backtracks("(?:<!--.*?-->\\s*)*x") and backtracks("((a|b+)*c)")
    assert not backtracks("(?:a++)*+") and not backtracks("(?:(?>a.*?b)\\s*+)*+") and not backtracks("a*b*")
    found = {place: pattern for place, pattern in literals() if backtracks(pattern)}
    count = 0
    for info in pkgutil.walk_packages(tirage.__path__, "tirage."):
        if not info.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(info.name)).items():
                for each in held(value):
                    count += 1
                    if backtracks(each.pattern, 0 if isinstance(each.pattern, bytes) else each.flags):
                        found[f"{info.name}.{name}"] = each.pattern
    assert found == {} and count > 80


@pytest.mark.check(117)
def test_what_could_be_divided_in_many_ways_is_read_once() -> None:
    """Comments before what is no page, and digits that are no list of numbers: each would have taken years."""
    with pytest.raises(ResourceProblem, match="no picture"):
        picture_type(b"<!---->" * 140 + b"x")
    with pytest.raises(ResourceProblem, match="web page"):
        picture_type(b" <!-- a --><!----> <HTML lang=en>")
    with pytest.raises(NotExact):
        transform_of(f"translate({'1' * 4000}x)")
