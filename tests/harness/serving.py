"""`tirage serve` as a process of its own, started and ended as a person does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Running:
    """A service that was started, and what it said."""

    process: subprocess.Popen[str]
    said: str

    @property
    def base(self) -> str:
        """Its address."""
        found = re.search(r"answers at (\S+)", self.said)
        assert found, self.said
        return found[1]

    @property
    def key(self) -> str | None:
        """The key that it showed."""
        found = re.search(r"API key, shown this once: (\S+)", self.said)
        return found[1] if found else None


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command of the command line, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tirage", *arguments],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """A service on a free port, without workers for batches, ended with Ctrl-C where the test has not ended it."""
    environment = {"TIRAGE_BATCH_WORKERS": "0"} | environment
    process = subprocess.Popen(
        [sys.executable, "-m", "tirage", "serve", "--port=0", "--workers=1", "--data-dir", str(folder), *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    try:
        for line in process.stderr:
            said += line
            if line.startswith("Ctrl-C"):
                break
        yield Running(process, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(40)
        process.stderr.close()


def left_running(folder: Path) -> list[str]:
    """Processes that still have to do with a folder: the database's in it, the service's by its command line."""
    found = []
    for each in psutil.process_iter(["cmdline", "cwd"]):
        words = each.info["cmdline"] or []
        if each.pid != os.getpid() and (
            str(folder) in " ".join(words) or str(each.info["cwd"]).startswith(str(folder))
        ):
            found.append(" ".join(words)[:200])
    return found
