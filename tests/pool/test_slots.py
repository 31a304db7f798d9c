"""Jobs go to the child that suits them best, and never to one of another workspace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tirage.pool.job import Job, PoolLimits, Reply
from tirage.pool.poison import Poison
from tirage.pool.slots import PATIENCE, Pairing, Slot, Task, choose

LIMITS = PoolLimits(resident_templates=2, jobs_per_child=5)


def _new_task(template: str = "t", workspace: str = "w", *parts: bytes, resident: tuple[bytes, ...] = ()) -> Task:
    future: Future[Reply] = Future()
    return Task(1, Job(template, workspace, {}, parts, resident), b"{}", future)


@pytest.fixture
def channel() -> Iterator[socket.socket]:
    """One end of a pair; nothing is sent on it."""
    left, right = socket.socketpair()
    with left, right:
        yield left


def _served(channel: socket.socket, *tasks: Task, busy: bool = False) -> Slot:
    slot = Slot.open(1, channel, LIMITS)
    for one in tasks:
        slot.take(one, LIMITS)
    if not busy:
        slot.tasks.clear()
    return slot


def test_prefers_the_child_that_knows_the_template(channel: socket.socket) -> None:
    """Of two free children the one with the template is chosen, whatever their order."""
    other, knows = _served(channel, _new_task("x")), _served(channel, _new_task("t"))
    assert choose([_new_task("t")], [other, knows], room=1, prefetch=0) == Pairing(0, knows)


def test_lets_a_fitting_job_pass(channel: socket.socket) -> None:
    """A job further back whose template the free child holds goes first."""
    slot = _served(channel, _new_task("b"))
    assert choose([_new_task("a"), _new_task("b")], [slot], room=0, prefetch=0) == Pairing(1, slot)


def test_the_head_of_the_line_is_not_passed_for_ever(channel: socket.socket) -> None:
    """After a number of others the head goes next, fitting or not."""
    head, slot = _new_task("a"), _served(channel, _new_task("b"))
    head.passed_over = PATIENCE
    assert choose([head, _new_task("b")], [slot], room=0, prefetch=0) == Pairing(0, slot)


def test_another_workspace_gets_another_child(channel: socket.socket) -> None:
    """A child that served one workspace is replaced, not reused; with room a further one is started instead."""
    slot = _served(channel, _new_task(workspace="a"))
    assert choose([_new_task(workspace="b")], [slot], room=0, prefetch=1) == Pairing(0, None, slot)
    assert choose([_new_task(workspace="b")], [slot], room=1, prefetch=1) == Pairing(0, None)
    busy = _served(channel, _new_task(workspace="a"), busy=True)
    assert choose([_new_task(workspace="b")], [busy], room=0, prefetch=1) is None


def test_prefetch(channel: socket.socket) -> None:
    """A job waits in a busy child only if that is allowed, nothing is free and the child is not full."""
    busy = _served(channel, _new_task(), busy=True)
    assert choose([_new_task()], [busy], room=0, prefetch=0) is None
    assert choose([_new_task()], [busy], room=0, prefetch=1) == Pairing(0, busy)
    assert choose([_new_task()], [busy], room=1, prefetch=1) == Pairing(0, None)
    full = _served(channel, _new_task(), _new_task(), busy=True)
    assert choose([_new_task()], [full], room=0, prefetch=1) is None


def test_a_retry_gets_a_fresh_child(channel: socket.socket) -> None:
    """After a death the job is tried in a child that has served nobody."""
    again, used = _new_task(), _served(channel, _new_task())
    again.needs_fresh = True
    assert choose([again], [used], room=0, prefetch=1) == Pairing(0, None, used)


def test_resident_parts_travel_once_and_are_dropped_in_turn(channel: socket.socket) -> None:
    """The bytes of a template are sent to a child once; the template not used for longest is told to be dropped."""
    slot = Slot.open(1, channel, LIMITS)

    def sent(one: Task) -> bytes:
        slot.outgoing.clear()
        slot.take(one, LIMITS)
        return b"".join(buffer for packet in slot.outgoing for buffer in packet.pending)

    first, again = sent(_new_task("a", resident=(b"PICTURE",))), sent(_new_task("a", resident=(b"PICTURE",)))
    assert (first.count(b"PICTURE"), again.count(b"PICTURE")) == (1, 0)
    sent(_new_task("b"))
    sent(_new_task("a", resident=(b"PICTURE",)))
    assert b'"drop":["b"]' in sent(_new_task("c"))


def test_retires_after_its_share_of_jobs(channel: socket.socket) -> None:
    """With the last job that a child may get it is marked to be replaced, and gets no more."""
    share = LIMITS.jobs_per_child
    assert not _served(channel, *[_new_task() for _ in range(share - 1)]).retiring
    slot = _served(channel, *[_new_task() for _ in range(share)])
    assert slot.retiring
    assert choose([_new_task()], [slot], room=0, prefetch=1) is None


def test_poison_remembers_inputs_by_content() -> None:
    """Two deaths of the same bytes forbid them; one byte less or another template is another input."""
    poison = Poison()
    bad = _new_task("t", "w", b"bad")
    assert not poison.forbids(bad)
    assert not poison.blame(bad)
    assert not poison.forbids(bad)
    assert poison.blame(_new_task("t", "other workspace", b"bad"))
    assert poison.forbids(_new_task("t", "w", b"bad"))
    assert not poison.forbids(_new_task("t", "w", b"bar"))
    assert not poison.forbids(_new_task("u", "w", b"bad"))
