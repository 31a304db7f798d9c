"""The problems object storage can have: one stable code each, and whether the same call may succeed later."""

from __future__ import annotations

from typing import Literal

from tirage.engine.errors import Problem, TirageError

Code = Literal[
    "storage_corrupt",
    "storage_denied",
    "storage_exists",
    "storage_full",
    "storage_key_invalid",
    "storage_location_invalid",
    "storage_not_found",
    "storage_unavailable",
]

# What an operator, or time, can mend while the work waits.
_PASSING = frozenset({"storage_corrupt", "storage_denied", "storage_full", "storage_unavailable"})


class StorageProblem(TirageError):
    """An object could not be stored, read or removed."""


def problem(code: Code, message: str, hint: str | None = None) -> StorageProblem:
    """The error to raise. `message` may name a key, never a credential or a signed address."""
    return StorageProblem(Problem(code, message, hint=hint), retryable=code in _PASSING)
