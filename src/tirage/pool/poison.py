"""Inputs that end children: each death is remembered by the input's digest, and at the second it is not tried again."""

from __future__ import annotations

from collections import OrderedDict

from tirage.pool.slots import Task

_DEATHS = 2
_REMEMBERED = 10_000


class Poison:
    """The deadly inputs of one pool, the oldest forgotten first."""

    def __init__(self) -> None:
        self._deaths: OrderedDict[bytes, int] = OrderedDict()
        self._outlines: dict[bytes, bytes] = {}  # fingerprint → outline

    def blame(self, task: Task) -> bool:
        """Counts a death; True when the input has now had all its chances."""
        key = task.fingerprint()
        self._deaths[key] = self._deaths.pop(key, 0) + 1
        self._outlines[key] = task.outline()
        while len(self._deaths) > _REMEMBERED:
            forgotten, _ = self._deaths.popitem(last=False)
            del self._outlines[forgotten]
        return self._deaths[key] >= _DEATHS

    def forbids(self, task: Task) -> bool:
        """Whether this input has ended two children before. Cheap while there are no deadly inputs."""
        if not self._deaths or task.outline() not in self._outlines.values():
            return False
        return self._deaths.get(task.fingerprint(), 0) >= _DEATHS
