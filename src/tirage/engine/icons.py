"""The name of a bundled icon → its outlines in a square of 24 units."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.values.outline import Command, parse_path

UNITS = 24.0
"""The side of the square that icons are drawn in."""
# Part of the package like the code, made by the build hook: no input of a render.
_FILE = Path(__file__).resolve().parent.parent / "icons" / "index.json"


@dataclass(frozen=True, slots=True)
class Icon:
    """Outlines to be stroked, and those of them that are filled as well (dots, mostly)."""

    stroked: tuple[Command, ...]
    filled: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class _Index:
    icons: dict[str, list[str]]
    aliases: dict[str, str]


@cache
def _index() -> _Index:
    try:
        data = orjson.loads(_FILE.read_bytes())
        return _Index(data["icons"], data["aliases"])
    except (OSError, ValueError, KeyError):
        raise ResourceProblem(
            Problem("icons_missing", "The bundled icons are not here.", hint="Install Tirage again.")
        ) from None


def warm() -> None:
    """Read the icons, where files can still be read. Raises ResourceProblem `icons_missing`."""
    _index()


@cache
def names() -> tuple[str, ...]:
    """All names in alphabetical order, older names of an icon among them. Raises ResourceProblem `icons_missing`."""
    return tuple(sorted((*_index().icons, *_index().aliases)))


@cache
def icon(name: str) -> Icon:
    """The outlines of an icon. Raises ResourceProblem `icon_unknown` with the closest names."""
    index = _index()
    paths = index.icons.get(index.aliases.get(name, name))
    if paths is None:
        raise ResourceProblem(Problem("icon_unknown", f"No icon is called {name[:60]!r}{near(name)}.", "/icon"))
    return Icon(*(parse_path(path) for path in paths))


def near(name: str) -> str:
    """`; the closest are star, stars and star-off`, or nothing where no name is near."""
    found = difflib.get_close_matches(name[:60], names(), n=3, cutoff=0.6)
    if not found:
        return ""
    return "; the closest are " + " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))


def _validate(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("icon_unknown", "an icon is a name such as star")
    name = value.strip().lower().replace("_", "-").replace(" ", "-")
    if not name:
        return ""
    try:
        known = name in names()
    except ResourceProblem as problem:
        raise PydanticCustomError("icons_missing", "{reason}", {"reason": str(problem)}) from None
    if not known:
        text = f"no icon is called {value[:60]!r}{near(name)}"
        raise PydanticCustomError("icon_unknown", "{reason}", {"reason": text})
    return name


IconName = Annotated[
    str, PlainValidator(_validate), WithJsonSchema({"type": "string", "maxLength": 60}), Field(validate_default=False)
]
