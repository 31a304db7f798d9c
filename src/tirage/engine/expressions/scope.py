"""What an expression may look at: the row's values, its locale, the moment of the render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tirage.engine.expressions.limits import ExpressionError


@dataclass(frozen=True, slots=True)
class Scope:
    """Values by name, as JSON; `now` is an input of the render, so that a repeated one gives the same."""

    values: Mapping[str, Any]
    locale: str = "en"
    now: datetime | None = None


def number(value: Any) -> int | float:
    """A number, or the number that a cell writes. Raises ExpressionError for anything else."""
    if isinstance(value, bool) or value is None or value == "":
        raise ExpressionError("there is no number" if not isinstance(value, bool) else "true and false are no numbers")
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) <= 40:
        text = value.strip()
        try:
            found = int(text) if text.lstrip("+-").isdecimal() else float(text)
        except ValueError:
            pass
        else:
            if "_" not in text and abs(found) <= 1e300:
                return found
    raise ExpressionError(f"{shown(value)} is no number")


def text(value: Any) -> str:
    """How a value reads in a text. Raises ExpressionError for lists and objects."""
    if isinstance(value, list | dict):
        raise ExpressionError(f"{shown(value)} is no text; join its items")
    return text_of(value)


def text_of(value: Any) -> str:
    """How a value reads in a text: numbers without a trailing `.0`, booleans as in JSON, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def truth(value: Any) -> bool:
    """Whether a value counts as yes: words that say no in a table do not (false, no, off, 0)."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "no", "off", "0")
    return bool(value)


def items(value: Any) -> list[Any]:
    """A list. Raises ExpressionError for anything else."""
    if not isinstance(value, list):
        raise ExpressionError(f"{shown(value)} is no list")
    return value


def shown(value: Any) -> str:
    """A value for an error message."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if value is None:
        return "nothing"
    written = text_of(value) if isinstance(value, bool) else repr(value)
    return written if len(written) <= 40 else written[:39] + "…"
