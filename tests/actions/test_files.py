"""Files are there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tirage.actions.files import flush_folder, lock_folder, make_folder, sweep_parts, write_whole
from tirage.engine.errors import RenderProblem


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """Nothing but the file is left in the folder."""
    for data in (b"first", b"second"):
        write_whole(tmp_path / "a.png", data)
    flush_folder(tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.png", b"second")]


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """A name that is a folder, and a folder that is a file, are problems with the name in them."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(RenderProblem, match="taken") as caught:
        write_whole(tmp_path / "taken", b"x")
    assert caught.value.code == "file_not_written"
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RenderProblem, match="file"):
        make_folder(tmp_path / "file" / "below")


def test_only_parts_of_dead_processes_are_swept(tmp_path: Path) -> None:
    """A half file of a process that runs stays; one of a process that has ended goes."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = tmp_path / f".tirage-{os.getppid()}-1.part"
    dead = tmp_path / f".tirage-{ended.pid}-1.part"
    other = tmp_path / "picture.part"
    for path in (alive, dead, other):
        path.write_bytes(b"half")
    sweep_parts(tmp_path)
    assert alive.exists() and other.exists() and not dead.exists()


def test_one_run_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    """While one process holds the folder another is refused; afterwards it is free."""
    code = (
        f"from pathlib import Path; from tirage.actions.files import lock_folder; lock_folder(Path({str(tmp_path)!r}))"
    )
    command = [sys.executable, "-c", code]
    handle = lock_folder(tmp_path)
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "Another run is writing" in refused.stderr
    os.close(handle)
    assert subprocess.run(command, check=False).returncode == 0
