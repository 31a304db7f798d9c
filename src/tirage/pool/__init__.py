"""Bounded render slots over sandboxed child processes: jobs in, replies or problems out.

The names load on first use, so that the fork server and the children import only what they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tirage.pool.job import Job, PoolLimits, PoolStats, Reply
    from tirage.pool.sandbox import SandboxReport, probe
    from tirage.pool.supervisor import Pool

__all__ = ["Job", "Pool", "PoolLimits", "PoolStats", "Reply", "SandboxReport", "probe"]

_HOMES = {
    "Job": "tirage.pool.job",
    "Pool": "tirage.pool.supervisor",
    "PoolLimits": "tirage.pool.job",
    "PoolStats": "tirage.pool.job",
    "Reply": "tirage.pool.job",
    "SandboxReport": "tirage.pool.sandbox",
    "probe": "tirage.pool.sandbox",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
