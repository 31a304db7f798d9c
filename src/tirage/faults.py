"""Fault points: named places at which a test lets the process die, fail or stall."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

Kind = Literal["kill", "error", "delay"]
VARIABLE = "FAULTS"
"""`name:nth:kill|error|delay`, several joined by commas; `delay` takes seconds as a fourth part, 1 by default."""


class InjectedFault(RuntimeError):
    """The failure that a fault point of the kind `error` raises."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault: at the nth passage of a point (1 is the first)."""

    name: str
    nth: int
    kind: Kind
    seconds: float = 1.0


def read_faults(text: str) -> tuple[Fault, ...]:
    """The plan in the variable's text. Raises ValueError where it cannot be read: a typo must not pass for a pass."""
    plan = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        parts = entry.split(":")
        if len(parts) not in (3, 4) or parts[2] not in get_args(Kind) or not parts[1].isdecimal():
            raise ValueError(f"{VARIABLE} holds {entry!r}; it takes name:nth:kill|error|delay[:seconds].")
        seconds = float(parts[3]) if len(parts) == 4 else 1.0
        plan.append(Fault(parts[0], int(parts[1]), cast("Kind", parts[2]), seconds))
    return tuple(plan)


class FaultPlan:
    """Counts the passages of each point and does what was planned for one."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._passages: dict[str, int] = {}
        self._lock = threading.Lock()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> FaultPlan:
        """The plan that the environment asks for; empty nearly always."""
        given = os.environ if environment is None else environment
        return cls(read_faults(given.get(VARIABLE, "")))

    def pass_by(self, name: str) -> None:
        """Pass a point: die by SIGKILL, raise InjectedFault or sleep where that was planned for this passage."""
        if not self._faults:
            return
        with self._lock:
            count = self._passages[name] = self._passages.get(name, 0) + 1
        for each in self._faults:
            if each.name != name or each.nth != count:
                continue
            if each.kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if each.kind == "error":
                raise InjectedFault(f"The fault point {name} was told to fail at passage {count}.")
            time.sleep(each.seconds)


_plan = FaultPlan.of_environment()


def fault(name: str) -> None:
    """Pass the fault point of this name; nothing happens unless `FAULTS` names it."""
    _plan.pass_by(name)
