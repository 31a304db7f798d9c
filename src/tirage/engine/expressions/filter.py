"""What a filter of expressions is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import number, shown


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: what it takes beside the value, what it does, an example with its result (locale `en`)."""

    name: str
    arguments: str
    sentence: str
    example: str
    result: str
    work: Callable[..., Any]


def count_of(value: Any, most: int) -> int:
    """A whole number from 0 to `most`. Raises ExpressionError."""
    made = number(value)
    if made != int(made) or not 0 <= made <= most:
        raise ExpressionError(f"{shown(value)} is no whole number from 0 to {most}")
    return int(made)
