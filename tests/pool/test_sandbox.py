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


_WITHOUT = """
import sys
from tirage.engine.errors import RenderProblem
from tirage.pool import Job, Pool, probe, seccomp
import struct

# A filter that answers ENOSYS to the named calls: this process then runs on a kernel without them.
def op(code, value, yes=0, no=0):
    return struct.pack("<HBBI", code, yes, no, value)

missing = [int(number) for number in sys.argv[2].split(",")]
code = op(0x20, 0) + b"".join(op(0x15, number, no=1) + op(0x06, 0x00050026) for number in missing)
seccomp.install_program(code + op(0x06, 0x7FFF0000))
report = probe()
print(report.level, report.landlock, report.seccomp, len(report.reasons))
try:
    Pool(handler="pool_handlers:handle", sandbox="strict")
except RenderProblem as error:
    print(error.code)
with Pool(handler="pool_handlers:handle", workers=1, python_path=[sys.argv[1]]) as pool:
    reply = pool.submit(Job("t", "w", {"value": "works"})).result(30)
    print(reply.header["value"], pool.sandbox_report.level)
"""


@pytest.mark.check(174)
@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("missing", "expected"),
    [("444", "degraded 0 True 1"), ("317,277", "degraded 7 False 1"), ("444,317,277", "degraded 0 False 2")],
)
def test_a_lesser_kernel(missing: str, expected: str) -> None:
    """Without Landlock or seccomp `strict` refuses to start, `best-effort` renders and says that it is degraded."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(Path(__file__).parent), missing],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = done.stdout.splitlines()
    kernel = str(probe().landlock) if expected.split()[1] == "7" else "0"
    level, _, has_seccomp, reasons = expected.split()
    assert said == [f"{level} {kernel} {has_seccomp} {reasons}", "pool_unavailable", "works degraded"]
