"""Why a child ended: wait status, memory and what the parent knows → one word, by which its job is judged."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from enum import Enum, auto

from tirage.pool.forkserver import EXIT_SANDBOX
from tirage.pool.job import PoolLimits

_NEAR_LIMIT = 0.8  # a death with this part of the memory limit resident is called a lack of memory


class Verdict(Enum):
    """What is said of a job whose child ended under it."""

    WALL_TIME = auto()
    CPU_TIME = auto()
    MEMORY = auto()
    CRASH = auto()
    OUTSIDE = auto()  # somebody killed the child, or the fork server: not the job's fault
    SANDBOX = auto()


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a child: `status` as wait gives it (None: unknown), `rss` its largest resident size in bytes.

    `timed_out` and `lied` tell that the parent killed it, and why.
    """

    status: int | None
    rss: int
    timed_out: bool
    lied: bool


def judge(ending: Ending, limits: PoolLimits) -> Verdict:
    """The reason that fits best; memory can be told only from how full it was."""
    if ending.timed_out:
        return Verdict.WALL_TIME
    if ending.status is None:
        return Verdict.OUTSIDE
    if os.WIFEXITED(ending.status):
        return Verdict.SANDBOX if os.WEXITSTATUS(ending.status) == EXIT_SANDBOX else Verdict.CRASH
    ended_by = os.WTERMSIG(ending.status)
    if ended_by == signal.SIGXCPU:
        return Verdict.CPU_TIME
    if ending.rss > _NEAR_LIMIT * limits.memory_bytes:
        return Verdict.MEMORY
    if ended_by == signal.SIGKILL and not ending.lied:
        return Verdict.OUTSIDE
    return Verdict.CRASH
