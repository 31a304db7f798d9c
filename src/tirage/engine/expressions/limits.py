"""How much one expression may take, and the error that says which limit it met."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", str, list[Any])

MAX_CHARACTERS = 2_000
"""Of an expression."""
MAX_DEPTH = 40
"""Of parts within parts."""
MAX_TEXT = 100_000
"""Characters of a text that an expression makes."""
MAX_ITEMS = 10_000
"""Of a list that an expression makes."""
MAX_NUMBER = 1e15
"""Beyond it, neighbouring whole numbers cannot be told apart by all readers of JSON."""


class ExpressionError(ValueError):
    """Why an expression has no value for a row, or is none; a sentence without its full stop."""


def sized(value: T) -> T:
    """The value, if it is not too large. Raises ExpressionError."""
    room(value, len(value))
    return value


def room(kind: object, length: int) -> None:
    """Refuse a text or list of so many characters or items before it is made. Raises ExpressionError."""
    if isinstance(kind, str):
        if length > MAX_TEXT:
            raise ExpressionError(f"it makes a text of more than {MAX_TEXT} characters")
    elif length > MAX_ITEMS:
        raise ExpressionError(f"it makes a list of more than {MAX_ITEMS} items")


def finite(value: float) -> int | float:
    """The number, whole where it is one. Raises ExpressionError for infinities and what is beyond the limit."""
    if not abs(value) <= MAX_NUMBER:
        raise ExpressionError("it makes a number that is too large")
    return int(value) if value == int(value) else value
