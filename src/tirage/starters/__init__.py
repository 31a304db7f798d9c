"""The starter templates: a folder each, with a template and the pictures that it shows until a row brings others."""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path

_HOME = Path(__file__).parent


class StarterUnknown(LookupError):
    """No starter has this name; `closest` is the nearest one that there is."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No starter is called {name[:100]!r}.")
        self.name = name
        near = difflib.get_close_matches(name[:100].lower(), names(), n=1, cutoff=0.6)
        self.closest: str | None = near[0] if near else None


@cache
def names() -> tuple[str, ...]:
    """The starters' names in alphabetical order."""
    return tuple(sorted(found.parent.name for found in _HOME.glob("*/template.json")))


def path(name: str) -> Path:
    """The template's file; its pictures lie beside it. Raises StarterUnknown."""
    if name not in names():
        raise StarterUnknown(name)
    return _HOME / name / "template.json"


def describe(name: str) -> str:
    """One sentence on what a starter is for. Raises StarterUnknown."""
    return str(json.loads(path(name).read_bytes()).get("description", ""))
