"""Secrets are compared in constant time, everywhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


SENSITIVE = re.compile(r"(^|_)(sig|signature|token|digest|mac|hmac|secret|password|expected_sig\w*)s?($|_)")
LENGTH = re.compile(r"_(bytes|size|length|prefix)$")


def comparisons(source: str) -> list[int]:
    """The lines in which something named like a secret is compared with == or !=, None and constants aside."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(each, (ast.Eq, ast.NotEq)) for each in node.ops):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) for side in sides):
                continue
            names = [getattr(side, "attr", getattr(side, "id", "")) for side in sides]
            names += [
                getattr(side.func, "attr", getattr(side.func, "id", "")) for side in sides if isinstance(side, ast.Call)
            ]
            if any(SENSITIVE.search(name.lower()) and not LENGTH.search(name.lower()) for name in names):
                found.append(node.lineno)
    return found


@pytest.mark.check(159)
def test_secrets_are_compared_in_constant_time() -> None:
    """Nowhere in the package is a signature, token or digest compared with ==; the rule catches what it should."""
    assert comparisons("if sig == x: ...\nif x != self.signature: ...\nif token() == y: ...\na.digest == b") == [
        1,
        2,
        3,
        4,
    ]
    assert comparisons("if kind == x: ...\nsig is None\nhmac.compare_digest(sig, x)\nsignal == y") == []
    guilty = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / "src" / "tirage").rglob("*.py"))
        if (lines := comparisons(path.read_text(encoding="utf-8")))
    }
    assert guilty == {}
    assert "compare_digest" in (ROOT / "src" / "tirage" / "links.py").read_text(encoding="utf-8")
