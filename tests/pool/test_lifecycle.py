"""Nothing stays behind: not after closing, not after Ctrl-C, not when the parent is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tirage.engine.errors import RenderProblem
from tirage.pool import Job, Pool

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

Open = Callable[..., Pool]
Ask = Callable[..., Any]
Members = Callable[[int], set[int]]

_PARENT = """
import sys
from tirage.pool import Job, Pool
with Pool(handler="pool_handlers:handle", workers=2, python_path=[sys.argv[1]]) as pool:
    print(pool.submit(Job("t", "w", {})).result(30).header["server"], flush=True)
    busy = [pool.submit(Job("t", "w", {"do": "sleep"})) for _ in range(4)]
    while pool.stats().running < 2:
        pass
    print("busy", flush=True)
    busy[0].result()
"""


def _start_parent() -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    server = int(process.stdout.readline())
    assert process.stdout.readline() == "busy\n"
    return process, server


def _wait_until(true: Callable[[], bool]) -> bool:
    for _ in range(500):
        if true():
            return True
        time.sleep(0.02)
    return False


def test_close_leaves_no_process(open_pool: Open, ask: Ask, session_members: Members) -> None:
    """Closing ends busy and idle children and the fork server, and reaps them; their jobs fail with `pool_closed`."""
    pool = open_pool(workers=3)
    server = ask(pool, "echo").header["server"]
    busy = [pool.submit(Job("t", "w", {"do": "sleep"})) for _ in range(9)]
    assert _wait_until(lambda: pool.stats().running == 3)
    assert _wait_until(lambda: len(session_members(server)) == 4)
    assert pool.stats().deaths == 0
    pool.close()
    assert session_members(server) == set()
    for future in busy:
        with pytest.raises(RenderProblem) as caught:
            future.result(0)
        assert caught.value.code == "pool_closed"
    with pytest.raises(RenderProblem):
        pool.submit(Job("t", "w", {}))
    pool.close()


def test_close_from_a_callback(open_pool: Open, ask: Ask, session_members: Members) -> None:
    """A future's callback, which runs in the pool's own thread, may close the pool."""
    pool = open_pool()
    server = ask(pool, "echo").header["server"]
    future = pool.submit(Job("t", "w", {}))
    future.add_done_callback(lambda _: pool.close())
    future.result(10)
    assert _wait_until(lambda: not session_members(server))


def test_no_descriptors_are_lost() -> None:
    """Opening and closing pools leaves as many open files as before."""

    def once() -> int:
        with Pool(
            handler="pool_handlers:handle", workers=2, python_path=[str(Path(__file__).parent)], warm=["json"]
        ) as pool:
            assert all(outcome for _, outcome in pool.map(Job("t", f"w{n % 3}", {}) for n in range(9)))
        return len(list(Path("/proc/self/fd").iterdir()))

    first = once()
    assert [once() for _ in range(3)] == [first] * 3


def test_killed_parent(session_members: Members) -> None:
    """When the parent is killed with -9, fork server and children, busy ones too, are gone soon."""
    process, server = _start_parent()
    assert _wait_until(lambda: len(session_members(server)) == 3)
    process.kill()
    process.communicate()
    assert _wait_until(lambda: not session_members(server))


def test_interrupt(session_members: Members) -> None:
    """Ctrl-C ends the parent with KeyboardInterrupt and takes the children with it; they print nothing themselves."""
    process, server = _start_parent()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert errors.count("KeyboardInterrupt") == 1
    assert session_members(server) == set()


def test_interrupt_does_not_reach_children(open_pool: Open, ask: Ask) -> None:
    """A SIGINT sent to a child or to the fork server itself is ignored."""
    pool = open_pool()
    first = ask(pool, "echo").header
    os.kill(first["pid"], signal.SIGINT)
    os.kill(first["server"], signal.SIGINT)
    assert ask(pool, "echo").header["pid"] == first["pid"]
    assert pool.stats().deaths == 0
