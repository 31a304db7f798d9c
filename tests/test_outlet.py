"""Standard error that nobody waits for: order, whole texts, a reader that stands still or is gone."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from tirage.outlet import Outlet

FILLED = 200_000
"""More than a pipe holds."""


def test_texts_arrive_in_order_and_whole() -> None:
    """What is written is read, whatever its size; closing waits for a reader that reads."""
    script = (
        "from tirage.outlet import unblocked\nimport sys\n"
        "with unblocked():\n"
        "    for number in range(2000): print(number, 'é' * 300, file=sys.stderr)\n"
        "print('after', file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, check=True).stderr.decode()
    assert told.splitlines() == [*(f"{number} {'é' * 300}" for number in range(2000)), "after"]


def test_a_reader_that_stands_still_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Writing goes on while the pipe is full, within bounds; once it is read again, the log tells what was lost."""
    reading, writing = os.pipe()
    outlet = Outlet(writing, most=2 * FILLED)
    outlet.write("x" * FILLED)
    outlet.flush()
    for _ in range(3):
        outlet.write("y" * (FILLED - 1) + "\n")
    with caplog.at_level(logging.WARNING), os.fdopen(reading, "rb") as reader:
        assert reader.read(2 * FILLED) == b"x" * FILLED + b"y" * (FILLED - 1) + b"\n"
        outlet.close()
    assert [each.getMessage() for each in caplog.records] == ["2 lines of the log were lost: nobody read them in time."]
    os.close(writing)


def test_a_reader_that_is_gone_is_no_fault() -> None:
    """The reader's end does not end the writer."""
    reading, writing = os.pipe()
    os.close(reading)
    outlet = Outlet(writing)
    outlet.write("nobody\n")
    outlet.close()
    assert outlet.closed
    os.close(writing)


def test_a_process_ends_while_its_reader_stands_still() -> None:
    """Neither the log nor the interpreter's end waits for a full pipe for good."""
    script = (
        "from tirage.outlet import unblocked\nimport sys\n"
        f"with unblocked(): print('x' * {FILLED}, file=sys.stderr, flush=True)\n"
        "print('done', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.read() == b"done\n"
    assert process.wait(20) == 0
    process.stderr.close()
    process.stdout.close()
