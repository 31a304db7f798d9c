"""Whether the walls hold on this machine: a child that tries to get out → what it managed."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tirage.pool.job import Job
from tirage.pool.sandbox import Mode
from tirage.pool.supervisor import Pool


def holes(sandbox: Mode = "best-effort") -> tuple[str, ...]:
    """The attempts, by name, that a child got through with; empty where the sandbox is complete.

    Starts a pool of one child for it. Raises `RenderProblem` `pool_unavailable` where none can be started.
    """
    with tempfile.NamedTemporaryFile() as target:
        job = Job("selftest", "selftest", {"foreign": target.name, "parent": os.getpid()})
        with Pool(handler="tirage.pool.selftest:handle", workers=1, sandbox=sandbox) as pool:
            return tuple(pool.submit(job).result().header["succeeded"])


def handle(header: dict[str, Any], parts: list[bytes]) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """The handler of that child. Nothing it tries does harm where it succeeds."""
    return {"succeeded": [name for name, attempt in _attempts(header).items() if _succeeds(attempt)]}, ()


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _attempts(header: dict[str, Any]) -> dict[str, Callable[[], object]]:
    foreign = Path(header["foreign"])
    return {
        "read a file": foreign.read_bytes,
        "write a file": lambda: foreign.write_bytes(b"x"),
        "change a file's mode": lambda: foreign.chmod(0o600),
        "open a socket": socket.socket,
        "start a process": _start_process,
        "signal its parent": lambda: os.kill(header["parent"], 0),
    }


def _start_process() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
