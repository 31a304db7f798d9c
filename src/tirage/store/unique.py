"""New wire ids: short ones clash now and then, so the unique index decides and the insert is repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tirage.ids import new_uid

T = TypeVar("T")

TRIES = 8
"""Ids have 40 random bits: with a billion rows one insert in a thousand clashes once, eight times never."""


async def with_new_uid(insert: Callable[[str], Awaitable[T | None]], *, new: Callable[[], str] = new_uid) -> T:
    """What `insert` gives for an id that nobody has. It is given a new id until its result is not None.

    The insert says ON CONFLICT DO NOTHING: that waits for a concurrent insert of the same id, and, unlike an error,
    leaves the transaction usable.
    """
    for _ in range(TRIES):
        made = await insert(new())
        if made is not None:
            return made
    raise RuntimeError(f"{TRIES} new ids in a row were taken: the source of randomness is broken.")
