"""Standard error that nobody waits for: text in, written by a thread of its own; what is not read in time is lost.

A pipe whose reader stands still (a log collector that hangs, a terminal that was stopped) blocks whoever writes into
it. In a service that would be the event loop, and with it every request and the order to stop.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

MOST_CHARACTERS = 4_000_000
"""How much may wait for the reader; a line that finds no room is counted and lost."""
GATHER_SECONDS = 0.1
"""How long lines are gathered before they are written together."""
FLUSH_SECONDS = 1.0
"""How long the end of the process waits for the reader."""

log = logging.getLogger(__name__)


class Outlet(io.TextIOBase):
    """A text stream onto a descriptor. `write` never blocks; `flush` waits for the reader, but not for long."""

    def __init__(self, descriptor: int, *, most: int = MOST_CHARACTERS) -> None:
        self._descriptor = descriptor
        self._most = most
        self._waiting: deque[str] = deque()
        self._held = 0
        self._lost = 0
        self._closing = False
        self._stands_still = False
        self._change = threading.Condition()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tirage-outlet", daemon=True)
        self._thread.start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8, as logs are."""
        return "utf-8"

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal is written to."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Put a text in line, or lose it where the line is full."""
        with self._change:
            if self._held + len(text) > self._most:
                self._lost += 1
                return len(text)
            first = not self._held
            self._waiting.append(text)
            self._held += len(text)
            if first:
                self._change.notify_all()
        return len(text)

    def flush(self) -> None:
        """Wait until all is written, for `FLUSH_SECONDS` at most, and but once for a reader that stands still."""
        until = monotonic() + FLUSH_SECONDS
        self._hurry.set()
        with self._change:
            while self._held and not self._stands_still:
                self._stands_still = not self._change.wait(max(0.0, until - monotonic()))

    def close(self) -> None:
        """Flush, and end the thread where it is not held by its reader."""
        if self._closing:
            return
        self.flush()
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(0.1)
        super().close()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._held and not self._closing:
                    self._change.wait()
                if not self._held:
                    return
            self._hurry.wait(GATHER_SECONDS)
            self._hurry.clear()
            with self._change:
                text = "".join(self._waiting)
                self._waiting.clear()
            self._put(text.encode("utf-8", "replace"))
            with self._change:
                # What is being written counts as waiting: `flush` waits for it.
                self._held -= len(text)
                self._stands_still = False
                lost, self._lost = self._lost, 0
                self._change.notify_all()
            if lost:
                log.warning("%d lines of the log were lost: nobody read them in time.", lost)

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        with suppress(OSError):  # the reader is gone, or its disk is full: nothing here depends on it
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


@contextmanager
def unblocked() -> Iterator[None]:
    """Within this, standard error is an Outlet: whoever reads it may stop without stopping this process."""
    before = sys.stderr
    try:
        descriptor = before.fileno()
    except (AttributeError, OSError):  # there is none, or it was replaced by something in memory
        yield
        return
    before.flush()
    outlet = Outlet(descriptor)
    sys.stderr = outlet
    try:
        yield
    finally:
        sys.stderr = before
        outlet.close()
