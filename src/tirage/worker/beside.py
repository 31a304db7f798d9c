"""Settings → worker processes beside the service: started with it, started again when they die, ended with it."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

from tirage.settings import Settings, as_environment

END_SECONDS = 15.0
"""How long a worker may take to finish what it draws before it is killed; its rows are then another's.

A chunk is made for three seconds; on a machine without a free core a worker, which stands back, would take minutes.
"""
_STEADY_SECONDS = 60.0
_LONGEST_PAUSE = 30.0
log = logging.getLogger(__name__)


class WorkersBeside:
    """So many worker processes with the service's own settings, for as long as the context lasts.

    Each holds the reading end of a pipe as its standard input: it ends by itself when this process is gone, however
    that ended, and finishes the pictures in work first. On its standard output it says when it begins to take jobs.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        self._environment = os.environ | as_environment(settings)
        self._ending = threading.Event()
        self._keepers = [
            threading.Thread(target=self._keep, name=f"tirage-worker-{number}", daemon=True) for number in range(count)
        ]

    def __enter__(self) -> Self:
        for keeper in self._keepers:
            keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self) -> None:
        pause = 1.0
        while not self._ending.is_set():
            begun = time.monotonic()
            process = self._start()
            while process.poll() is None and not self._ending.wait(0.5):
                pass
            if self._ending.is_set():
                _end(process)
                return
            # One that dies at once again and again (no memory, say) is not started in a tight circle.
            pause = 1.0 if time.monotonic() - begun > _STEADY_SECONDS else min(2 * pause, _LONGEST_PAUSE)
            log.warning("A worker ended with %s; another is started in %.0f s.", process.returncode, pause)
            _end(process)
            self._ending.wait(pause)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tirage", "worker", "--beside"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches the service alone, which ends its workers
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    said = select.poll()  # not select(), which knows no descriptor beyond 1,023
    said.register(process.stdout, select.POLLIN)
    if not said.poll(0):
        process.kill()  # it has not said that it takes jobs: there is nothing to finish
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
