"""Command line → drawing processes that warm up while the rest of the program is still being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tirage.pool import Pool

_DRAWING = frozenset({"render", "check"})
_pool: tuple[int | None, Pool] | None = None


def begin(arguments: Sequence[str]) -> None:
    """Start the pool where the command is one that draws; whatever is wrong is told later, by the command itself."""
    global _pool
    if not arguments or arguments[0] not in _DRAWING or {"--help", "-h"} & set(arguments):
        return
    from tirage.context import start_pool
    from tirage.engine.errors import TirageError
    from tirage.settings import SettingsInvalid, read_settings

    try:
        workers = _workers(arguments)
        _pool = workers, start_pool(read_settings(), workers)
    except (SettingsInvalid, TirageError, ValueError, OSError):
        return


def take_pool(workers: int | None) -> Pool | None:
    """The pool that was started, if it is of this size; one of another size is closed."""
    global _pool
    started, _pool = _pool, None
    if started is None:
        return None
    if started[0] == workers:
        return started[1]
    started[1].close()
    return None


def _workers(arguments: Sequence[str]) -> int | None:
    """What `--workers` says, before the command line is read in earnest."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = argument.partition("=")
        if name == "--workers":
            return int(value if equals else following)
    return None
