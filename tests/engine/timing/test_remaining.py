"""What is left until a moment, in whole units, wherever that moment is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.errors import ResourceProblem
from tirage.engine.timing.remaining import MAX_DAYS, UNITS, Unit, later, seconds_left, split, unit_name

LENGTHS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@pytest.mark.parametrize(
    ("target", "zone", "now", "seconds"),
    [
        ("2026-12-24T18:00", "UTC", "2026-12-24T17:00:00+00:00", 3600),
        ("2026-12-24T18:00", "Europe/Berlin", "2026-12-24T17:00:00+00:00", 0),
        ("2026-07-01T12:00", "Europe/Berlin", "2026-07-01T09:00:00+00:00", 3600),
        ("2026-12-24T18:00-05:00", "Europe/Berlin", "2026-12-24T22:00:00+00:00", 3600),
        ("2026-12-25", "Asia/Kolkata", "2026-12-24T18:00:00+00:00", 1800),
        ("2026-12-24 18:00:30", "UTC", "2026-12-24T18:00:00", 30),
        ("2026-12-24T18:00", "UTC", "2026-12-24T18:00:01", 0),
        ("2026-12-24T18:00", "UTC", "2026-12-24T17:59:59.400000", 1),
    ],
)
def test_the_time_that_is_left(target: str, zone: str, now: str, seconds: int) -> None:
    """A target without an offset is meant in its zone, summer time and all; what has passed leaves nothing."""
    assert seconds_left(target, zone, now) == seconds


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    """From midnight to midnight in Berlin."""
    assert seconds_left("2026-03-30", "Europe/Berlin", "2026-03-28T23:00:00Z") == 23 * 3600
    assert seconds_left("2026-10-26", "Europe/Berlin", "2026-10-24T22:00:00Z") == 25 * 3600


def test_a_zone_that_is_none_is_told_with_the_nearest() -> None:
    """The hint names it."""
    with pytest.raises(ResourceProblem) as caught:
        seconds_left("2026-12-24", "Europe/Berln", "2026-11-23")
    assert (caught.value.code, caught.value.problems[0].closest) == ("time_zone_unknown", "Europe/Berlin")


@given(st.integers(0, MAX_DAYS * 86_400), st.sets(st.sampled_from(UNITS), min_size=1))
def test_parts_are_the_whole(seconds: int, units: set[Unit]) -> None:
    """Together the units are the seconds, but for what is less than the smallest; all but the largest are bounded."""
    parts = split(seconds, sorted(units))
    smallest = min(LENGTHS[unit] for unit in units)
    assert sum(part.value * LENGTHS[part.unit] for part in parts) == seconds // smallest * smallest
    assert [part.unit for part in parts] == [unit for unit in UNITS if unit in units]
    for above, below in pairwise(parts):
        assert below.value < LENGTHS[above.unit] // LENGTHS[below.unit]


def test_names_of_units_follow_language_and_number() -> None:
    """Plural forms without the number; a dual is a word of its own."""
    assert [unit_name("days", count, "long", "pl") for count in (1, 2, 5)] == ["dzień", "dni", "dni"]
    assert [unit_name("seconds", count, "long", "en") for count in (0, 1, 2)] == ["seconds", "second", "seconds"]
    assert unit_name("hours", 2, "long", "ar") == "ساعتان"
    assert unit_name("minutes", 7, "narrow", "en") == "m"


def test_later_keeps_the_offset() -> None:
    """A moment of no offset is one of UTC."""
    assert later("2026-12-31T23:59:59+01:00", 1.5) == "2027-01-01T00:00:00.500000+01:00"
    assert later("2026-12-31T23:59:59", 1) == "2027-01-01T00:00:00+00:00"
