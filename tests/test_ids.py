"""Identifiers, keys, picture paths, clocks and fault points."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage import ids
from tirage.clock import OffsetClock, StillClock, SystemClock
from tirage.faults import Fault, FaultPlan, InjectedFault, read_faults

PARTS = st.lists(st.text(max_size=5), max_size=4)


def test_a_wire_id_is_ten_hexadecimal_digits() -> None:
    """New ids have the form that clients know, and that form is accepted on input."""
    made = {ids.new_uid() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{10}", uid) and ids.is_uid(uid) for uid in made)
    assert not any(ids.is_uid(bad) for bad in ("", "abc", "ABCDEF1234", "a" * 33, "abc def12", "abcdef\n"))


@pytest.mark.check(144)
def test_keys_have_the_published_form_and_verify_without_a_database() -> None:
    """Every new key matches the published pattern, its checksum verifies, and none comes twice."""
    keys = [
        ids.new_key("live" if number % 2 else "test")
        for number in range(1_000_000 if "TIRAGE_SOAK" in os.environ else 2_000)
    ]
    assert len({key.text for key in keys}) == len(keys)
    for key in keys:
        assert re.fullmatch(r"tir_(live|test)_[0-9A-Za-z]{36}", key.text)
        assert ids.verify_key_format(key.text)
        assert key.text.startswith(f"tir_{key.mode}_")


@pytest.mark.check(141)
@given(st.integers(0, 44), st.sampled_from("0aZ9_-"))
def test_a_key_with_one_other_character_does_not_verify(place: int, other: str) -> None:
    """The checksum catches every single wrong character."""
    text = ids.new_key().text
    changed = text[:place] + other + text[place + 1 :]
    assert ids.verify_key_format(changed) == (changed == text)
    assert not ids.verify_key_format(text[:-1])
    assert not ids.verify_key_format(text + "\n")


@pytest.mark.check(143)
def test_a_key_hides_itself() -> None:
    """The text of a key is neither in its repr nor derivable from what is stored; the ending is all that is shown."""
    key = ids.new_key()
    assert key.text not in repr(key) and key.text[9:-4] not in repr(key)
    assert len(key.hash) == 32 and key.ending == key.text[-4:]
    assert ids.read_key(key.text) == key
    assert ids.read_key(key.text[:-1] + "?") is None


@given(PARTS, PARTS)
def test_different_parts_give_different_paths(first: list[str], second: list[str]) -> None:
    """A path tells lists of parts apart even where their texts joined are equal, and is the same every time."""
    one, other = ids.picture_path(b"s", *first), ids.picture_path(b"s", *second)
    assert (one == other) == (first == second)
    assert re.fullmatch(r"[0-9a-f]{10}/[0-9a-f]{10}", one)
    assert ids.picture_path(b"t", *first) != one


def test_clocks() -> None:
    """The system's clock is in UTC; the others stand or run where a test puts them."""
    assert SystemClock().now().tzinfo is UTC
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    still = StillClock(noon)
    ahead = OffsetClock(timedelta(hours=1), still)
    still.advance(timedelta(minutes=5))
    ahead.advance(timedelta(hours=1))
    assert ahead.now() == noon + timedelta(hours=2, minutes=5)


def test_a_fault_strikes_at_its_passage_only() -> None:
    """The second passage of the named point fails; others pass."""
    plan = FaultPlan(read_faults("stored:2:error, other:1:error"))
    plan.pass_by("stored")
    with pytest.raises(InjectedFault, match="stored"):
        plan.pass_by("stored")
    plan.pass_by("stored")


def test_a_fault_kills_the_process() -> None:
    """The kind kill ends the process by SIGKILL, with no handler run."""
    code = "import atexit; atexit.register(print, 'handled'); from tirage.faults import fault; fault('a'); fault('a')"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"FAULTS": "a:2:kill"}, capture_output=True, check=False, text=True
    )
    assert ended.returncode == -9 and ended.stdout == ""


@pytest.mark.parametrize("text", ["a", "a:1", "a:x:kill", "a:1:explode", "a:1:delay:x"])
def test_a_plan_that_cannot_be_read_is_an_error(text: str) -> None:
    """A misspelt plan stops the process instead of testing nothing."""
    with pytest.raises(ValueError):
        read_faults(text)
    assert read_faults("a:1:delay:0.5") == (Fault("a", 1, "delay", 0.5),)
