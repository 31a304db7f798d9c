"""Pools of children that run the handlers beside this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tirage.pool import Job, Pool

OpenPool = Callable[..., Pool]


@pytest.fixture
def open_pool() -> Iterator[OpenPool]:
    """Opens pools over `pool_handlers` and closes them after the test."""
    opened: list[Pool] = []

    def open_one(**options: Any) -> Pool:
        pool = Pool(
            **{
                "handler": "pool_handlers:handle",
                "python_path": [str(Path(__file__).parent)],
                "workers": 1,
                **options,
            }
        )
        opened.append(pool)
        return pool

    yield open_one
    for pool in opened:
        pool.close()


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Runs one action of the handlers in a pool and gives its reply, or raises."""

    def run(
        pool: Pool, do: str, *parts: bytes, template: str = "template", workspace: str = "workspace", **more: Any
    ) -> Any:
        return pool.submit(Job(template, workspace, {"do": do, **more}, parts)).result(30)

    return run


@pytest.fixture
def session_members() -> Callable[[int], set[int]]:
    """The living processes of a session; a fork server leads one, so these are it and its children."""

    def find(session: int) -> set[int]:
        found: set[int] = set()
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            orphaned_and_ended = fields[0] == "Z" and fields[1] == "1"  # init's to reap
            if int(fields[3]) == session and not orphaned_and_ended:
                found.add(int(entry.parent.name))
        return found

    return find
