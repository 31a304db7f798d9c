"""A target, its zone and the present moment → days, hours, minutes and seconds left, and their names in a locale."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Literal

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.expressions import localised

Unit = Literal["days", "hours", "minutes", "seconds"]
UNITS: tuple[Unit, ...] = ("days", "hours", "minutes", "seconds")
_SECONDS: dict[str, int] = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
MAX_DAYS = 99_999
"""What is further away is shown as so many days."""


@dataclass(frozen=True, slots=True)
class Part:
    """How many of one unit are left."""

    unit: Unit
    value: int


def seconds_left(target: str, zone: str, now: str) -> int:
    """Whole seconds from `now` to `target` (ISO 8601), 0 where it has passed.

    A target that names no offset is meant in the `zone` (IANA); `now` without one is UTC. Raises ResourceProblem
    `time_zone_unknown`.
    """
    # A second that has begun counts until it is over, so that zero is shown from the target on and not before.
    return max(0, ceil((_instant(target, zone) - _instant(now, "UTC")).total_seconds()))


def split(seconds: int, units: Sequence[Unit]) -> tuple[Part, ...]:
    """The seconds by unit, largest first, which takes all beyond it; what is below the smallest is cut."""
    left, parts = min(seconds, MAX_DAYS * 86_400), []
    for unit in (each for each in UNITS if each in units):
        value, left = divmod(left, _SECONDS[unit])
        parts.append(Part(unit, value))
    return tuple(parts)


def later(moment: str, seconds: float) -> str:
    """A moment so many seconds after another one (ISO 8601, UTC where it names no offset)."""
    return (_instant(moment, "UTC") + timedelta(seconds=seconds)).isoformat()


def _instant(text: str, zone: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC) - _offset(zone, text)


@lru_cache(maxsize=256)
def _offset(zone: str, local: str) -> timedelta:
    """How far a zone's clocks are ahead of UTC when they show `local`; before the step where they skip that time."""
    if zone == "UTC":
        return timedelta()
    import icu

    known = icu.TimeZone.createTimeZone(zone)
    if known.getID() == "Etc/Unknown":
        near = difflib.get_close_matches(zone, list(icu.TimeZone.createEnumeration()), n=1)
        message = f"There is no time zone {zone[:60]!r}."
        hint = f"Did you mean {near[0]!r}?" if near else "Use a name such as Europe/Berlin or America/New_York."
        raise ResourceProblem(
            Problem("time_zone_unknown", message, "/timeZone", hint, closest=near[0] if near else None)
        )
    raw, saving = known.getOffset(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp(), True)
    return timedelta(milliseconds=raw + saving)


@lru_cache(maxsize=4096)
def unit_name(unit: Unit, value: int, width: str, locale: str) -> str:
    """The name of a unit beside a number, such as `days` or `Tag`, without the number itself."""
    import icu

    widths = {"long": "FULL_NAME", "short": "SHORT", "narrow": "NARROW"}
    measured = (
        icu.NumberFormatter.withLocale(icu.Locale.forLanguageTag(locale.replace("_", "-")))
        .unit(icu.MeasureUnit.forIdentifier(unit.removesuffix("s")))
        .unitWidth(getattr(icu.UNumberUnitWidth, widths[width]))
    )
    # Some languages say one or two of a thing without the number.
    return str(measured.formatInt(value)).replace(localised.number_text(value, None, locale), "").strip()
