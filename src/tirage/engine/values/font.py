"""Font weights and family lists as CSS writes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError


def _weight(value: object) -> object:
    if not isinstance(value, str):
        return value
    number = {"normal": 400, "bold": 700}.get(value) or (int(value) if value.isdecimal() and len(value) < 5 else 0)
    if not number:
        raise PydanticCustomError("weight_invalid", "a font weight is a number from 1 to 1000, normal or bold")
    return number


FontWeight = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_weight)]


def split_families(families: str) -> tuple[str, ...]:
    """The names of a font-family list, without quotes, best first."""
    return tuple(name for part in families.split(",") if (name := part.strip().strip("'\"")))
