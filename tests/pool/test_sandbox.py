"""A child that was taken over reaches nothing: no files, no network, no other process, no secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tirage.pool import Pool, probe
from tirage.pool.selftest import holes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")

Open = Callable[..., Pool]
Ask = Callable[..., Any]


@pytest.fixture
def complete() -> None:
    """Skips where this machine cannot put up all walls."""
    report = probe()
    if report.level != "strict":
        pytest.skip("; ".join(report.reasons))


@pytest.mark.check(166, 167, 168, 169)
@pytest.mark.usefixtures("complete")
def test_escapes(open_pool: Open, ask: Ask, tmp_path: Path) -> None:
    """Every attempt to read, write, connect, start or touch another process is refused."""
    foreign = tmp_path / "asset"
    foreign.write_bytes(b"another tenant's")
    pool = open_pool(sandbox="strict")
    outcome = ask(pool, "escape", parent=os.getpid(), foreign=str(foreign)).header
    assert len(outcome) >= 30
    assert [name for name, what in outcome.items() if what == "succeeded"] == []
    reading = [what for name, what in outcome.items() if name.startswith(("read", "list", "write", "create", "remove"))]
    assert all("Permission" in what for what in reading)
    assert foreign.read_bytes() == b"another tenant's"
    assert not Path("/tmp/tirage-escape").exists()


@pytest.mark.check(173)
def test_surroundings(open_pool: Open, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A child sees no secret of the parent's environment and no open file but its channel."""
    monkeypatch.setenv("TIRAGE_SECRET_KEY", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    with (tmp_path / "open").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        inspected = ask(open_pool(), "inspect").header
    assert "s3cret" not in repr(inspected["environment"])
    assert {"VIPS_CONCURRENCY", "OMP_NUM_THREADS"} <= inspected["environment"].keys()
    assert inspected["descriptors"][:3] == [0, 1, 2]
    assert len(inspected["descriptors"]) == 4
    assert inspected["limits"] == {"RLIMIT_CORE": 0, "RLIMIT_AS": 2 << 30}


@pytest.mark.usefixtures("complete")
def test_selftest() -> None:
    """The self-test finds no hole in a complete sandbox, and finds all of them without one."""
    assert holes() == ()
    assert len(holes("off")) == 6 - 1  # no file can be written: that limit stands without the walls


def test_readable_folders(open_pool: Open, ask: Ask, tmp_path: Path) -> None:
    """What is named as readable can be read, and still not be written."""
    (tmp_path / "font.ttf").write_bytes(b"font")
    pool = open_pool(readable=[str(tmp_path)])
    outcome = ask(pool, "escape", parent=os.getpid(), foreign=str(tmp_path / "font.ttf")).header
    assert outcome["read a foreign file"] == "succeeded"
    if probe().landlock:
        assert outcome["write a file"] != "succeeded"


# A filter that answers ENOSYS to the named calls: the process then runs on a kernel without them.
_WITHOUT = """
import struct, sys
from tirage.engine.errors import RenderProblem
from tirage.pool import Job, Pool, probe, seccomp

def op(code, value, yes=0, no=0):
    return struct.pack("<HBBI", code, yes, no, value)

missing = [int(number) for number in sys.argv[2].split(",")]
code = op(0x20, 0) + b"".join(op(0x15, number, no=1) + op(0x06, 0x00050026) for number in missing)
seccomp.install_program(code + op(0x06, 0x7FFF0000))
report = probe()
print(report.level, report.landlock, report.seccomp, len(report.reasons))
for mode in ("strict", "best-effort"):
    try:
        with Pool(handler="pool_handlers:handle", workers=1, python_path=[sys.argv[1]], sandbox=mode) as pool:
            print(pool.submit(Job("t", "w", {"value": "works"})).result(30).header["value"])
    except RenderProblem as error:
        print(error.code)
"""


def _on_a_lesser_kernel(missing: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(Path(__file__).parent), missing],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.check(174)
@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("missing", "has_landlock", "has_seccomp"),
    [("444", False, True), ("317,277", True, False), ("444,317,277", False, False)],
)
def test_a_lesser_kernel(missing: str, has_landlock: bool, has_seccomp: bool) -> None:
    """Without Landlock or seccomp `strict` refuses to start, `best-effort` renders, and the report says why."""
    version = probe().landlock if has_landlock else 0
    reasons = [has_landlock, has_seccomp].count(False)
    assert _on_a_lesser_kernel(missing) == [f"degraded {version} {has_seccomp} {reasons}", "pool_unavailable", "works"]


@pytest.mark.check(174)
@pytest.mark.usefixtures("complete")
def test_a_wall_that_fails_late() -> None:
    """Where a kernel offers Landlock but does not let the child enter it, `strict` refuses just the same."""
    said = _on_a_lesser_kernel("446")
    assert said == [f"strict {probe().landlock} True 0", "pool_unavailable", "works"]
