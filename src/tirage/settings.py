"""The one table of settings: name, default, unit and sentence; each is read from an environment variable."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Sandbox = Literal["strict", "best-effort", "off"]
PREFIX = "TIRAGE_"


class SettingsInvalid(ValueError):
    """Settings that cannot be used: (code, variable, sentence) of each."""

    def __init__(self, faults: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(" ".join(sentence for _, _, sentence in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `unit` is empty for words and paths; `choices` are the words that are taken."""

    name: str
    variable: str
    default: str | int | float | bool
    unit: str
    sentence: str
    least: float = 0
    choices: tuple[str, ...] = ()


def _about(unit: str, sentence: str, least: float = 0) -> dict[str, Any]:
    return {"unit": unit, "sentence": sentence, "least": least}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values that hold for this process."""

    workers: int = field(
        default=0, metadata=_about("processes", "How many pictures are drawn at once; 0 means one for each core.")
    )
    sandbox: Sandbox = field(
        default="best-effort",
        metadata=_about("", "Whether drawing processes must (strict), should or need not (off) be walled in."),
    )
    worker_memory: int = field(
        default=2048, metadata=_about("MiB", "How much address space a drawing process may have.", 512)
    )
    worker_resident: int = field(
        default=400, metadata=_about("MiB", "Above this size in memory a drawing process is replaced.", 100)
    )
    picture_seconds: float = field(default=20.0, metadata=_about("s", "How long one picture may take.", 0.1))
    picture_cpu_seconds: int = field(
        default=15, metadata=_about("s", "How much processor time one picture may take.", 1)
    )
    fetch_seconds: float = field(
        default=30.0, metadata=_about("s", "How long a row waits for its remote pictures.", 0.1)
    )
    look_ahead: int = field(
        default=64, metadata=_about("rows", "How many rows ahead of the drawing remote pictures are fetched.", 1)
    )
    cache_dir: str = field(
        default="", metadata=_about("", "Where fetched pictures are kept; empty means the user's cache folder.")
    )
    cache_size: int = field(
        default=2000, metadata=_about("MB", "How much room the kept pictures may take on disk; 0 keeps none.")
    )
    fonts_dir: str = field(
        default="", metadata=_about("", "The folder of the user's own fonts; empty means the user's data folder.")
    )
    debug: bool = field(default=False, metadata=_about("", "Whether errors are shown with their tracebacks."))


_DEFAULTS = Settings()
_CHOICES: dict[str, tuple[str, ...]] = {"sandbox": get_args(Sandbox)}

SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        each.name,
        f"{PREFIX}{each.name.upper()}",
        getattr(_DEFAULTS, each.name),
        **each.metadata,
        choices=_CHOICES.get(each.name, ()),
    )
    for each in fields(Settings)
)
"""The table that the reference page is made from."""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of the environment. Raises SettingsInvalid with every one that cannot be used."""
    given = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    known = {each.variable for each in SETTINGS}
    faults = []
    for name in sorted(given):
        # Other programs of the house have variables of their own; only what is almost a setting is a slip.
        if name.startswith(PREFIX) and name not in known and (near := _near(name, known)):
            faults.append(("setting_unknown", name, f"There is no setting {name[:60]}. Did you mean {near}?"))
    for each in SETTINGS:
        text = given.get(each.variable, "").strip()
        if not text:
            continue
        try:
            values[each.name] = _value(each, text)
        except ValueError as error:
            faults.append(("setting_invalid", each.variable, f"{each.variable} is {text[:60]!r}, but {error}."))
    if faults:
        raise SettingsInvalid(tuple(faults))
    return Settings(**values)


def _near(name: str, known: set[str]) -> str:
    return next(iter(difflib.get_close_matches(name[:60], known, n=1, cutoff=0.85)), "")


def _value(setting: Setting, text: str) -> str | int | float | bool:
    if isinstance(setting.default, bool):
        if text.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise ValueError("it takes 1 or 0")
        return text.lower() in ("1", "true", "yes", "on")
    if isinstance(setting.default, str):
        if setting.choices and text not in setting.choices:
            raise ValueError(f"it takes {', '.join(setting.choices)}")
        return text
    kind = type(setting.default)
    try:
        number = kind(text)
    except ValueError:
        raise ValueError("it takes a whole number" if kind is int else "it takes a number") from None
    if not setting.least <= number < 1e9:
        raise ValueError(f"it must be {setting.least:g} or more")
    return number
