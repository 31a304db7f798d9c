"""The settings of the service's commands: flags, environment, file; faults told as other problems are."""

from __future__ import annotations

from collections.abc import Mapping

from tirage.engine.errors import Problem, TirageError
from tirage.settings import Settings, SettingsInvalid, Told, read_settings, trace_settings


def read(flags: Mapping[str, str | None]) -> Settings:
    """The settings that hold with these flags. Raises TirageError with every fault."""
    try:
        return read_settings(flags=flags)
    except SettingsInvalid as error:
        raise _problem(error) from None


def trace(flags: Mapping[str, str | None]) -> tuple[Told, ...]:
    """The same, each with where it comes from."""
    try:
        return trace_settings(flags=flags)
    except SettingsInvalid as error:
        raise _problem(error) from None


def _problem(error: SettingsInvalid) -> TirageError:
    return TirageError([Problem(code, sentence, place) for code, place, sentence in error.faults])
