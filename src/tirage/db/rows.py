"""Rows → frozen dataclasses: columns are matched to fields by name, arrays become tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from psycopg.pq.abc import PGresult
from psycopg.rows import BaseRowFactory

T = TypeVar("T")


def record(kind: Callable[..., T]) -> BaseRowFactory[T]:
    """A row factory that builds a record of this kind. A column without a field is a TypeError at the first row."""

    def factory(cursor: Any) -> Callable[[Sequence[Any]], T]:
        return builder(kind, cursor.pgresult)

    return factory


def builder(kind: Callable[..., T], result: PGresult | None) -> Callable[[Sequence[Any]], T]:
    """Makes a record of the values of a row of a result."""
    names = [(result.fname(index) or b"").decode() for index in range(result.nfields)] if result else []

    def build(values: Sequence[Any]) -> T:
        given = [tuple(value) if isinstance(value, list) else value for value in values]
        return kind(**dict(zip(names, given, strict=True)))

    return build
