"""The embedded server: started, shared, adopted after a kill, stopped by the last who leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.embedded import EmbeddedServer, read_postmaster
from tirage.db.errors import DatabaseRefused, DatabaseUnavailable
from tirage.db.folder import lock_data_folder
from tirage.db.migrate import migrate

CHILD = """
import sys, time
from pathlib import Path
from tirage.db.embedded import EmbeddedServer
from tirage.db.folder import lock_data_folder
folder = Path(sys.argv[1])
lock = lock_data_folder(folder)
EmbeddedServer(folder, flush=False).start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a blank, an umlaut and a quote in its path; its server is stopped at the end."""
    top = Path(tempfile.mkdtemp(prefix="tirage-test-"))
    made = top / "my Däta 'folder'"
    yield made
    EmbeddedServer(made).stop()
    shutil.rmtree(top)


def asks(address: DatabaseAddress) -> int:
    """Put one row in a table of the server and count them."""
    assert address.installer is not None
    with psycopg.connect(address.installer) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id integer)")
        connection.execute("INSERT INTO kept VALUES (1)")
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.check(13)
def test_a_server_lives_as_long_as_its_users(folder: Path) -> None:
    """Started by the first, used by the second, stopped by the last; a start after a crash finds all data."""
    first, second = EmbeddedServer(folder), EmbeddedServer(folder)
    assert asks(first.start()) == 1
    running = first.running()
    second.start()
    assert second.running() == running
    assert first.stop() is False and asks(second.address) == 2
    # A crash of the server: the next start recovers.
    assert running is not None
    os.kill(running.process, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(running.process)] if psutil.pid_exists(running.process) else [], timeout=5)
    assert asks(second.start()) == 3
    assert second.stop() is True
    assert first.running() is None
    assert not Path(running.sockets).exists()
    with pytest.raises(DatabaseRefused, match="No database server runs"):
        _ = first.address


def test_after_a_kill_the_server_is_adopted(folder: Path) -> None:
    """A service killed by SIGKILL leaves its server; the folder is free again and the next service takes it over."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "started\n"
    with pytest.raises(DatabaseRefused, match=f"process {child.pid}") as refusal:
        lock_data_folder(folder)
    assert refusal.value.code == "data_folder_in_use"
    left = EmbeddedServer(folder).running()
    child.kill()
    child.wait()
    child.stdout.close()
    lock = lock_data_folder(folder)
    server = EmbeddedServer(folder, flush=False)
    assert asks(server.start()) == 1
    assert left is not None and server.running() == left
    assert server.stop() is True
    lock.release()


def test_a_number_that_belongs_to_another_program_is_no_server(folder: Path) -> None:
    """A note of a server whose number was given to another program does not keep the server from starting."""
    server = EmbeddedServer(folder, flush=False)
    server.start()
    note = (server.data / "postmaster.pid").read_text()
    server.stop()
    lines = note.splitlines()
    (server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert asks(server.start()) == 1
    running = read_postmaster(server.data)
    assert running is not None and running.process != os.getpid()
    assert server.stop() is True


def test_an_interrupted_first_start_is_begun_again(folder: Path) -> None:
    """What a killed first start left is thrown away; data of another version of the server are refused."""
    (folder / "postgres.new" / "base").mkdir(parents=True)
    server = EmbeddedServer(folder, flush=False)
    assert asks(server.start()) == 1
    assert not (folder / "postgres.new").exists()
    server.stop()
    (server.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseRefused, match="PostgreSQL 16") as refusal:
        server.start()
    assert refusal.value.code == "database_version"


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    """The end of the server's own log is in the message."""
    server = EmbeddedServer(folder, flush=False)
    server.start()
    server.stop()
    (server.data / "own.conf").write_text("no_such_setting = 1\n")
    shutil.chown(server.data / "own.conf", (server.data / "PG_VERSION").owner())
    with pytest.raises(DatabaseRefused, match="no_such_setting") as refusal:
        server.start()
    assert refusal.value.code == "database_start"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_root_opens_nothing_to_others(folder: Path) -> None:
    """The server's account may walk through a closed parent folder, nobody else may, and its data are its own."""
    folder.parent.chmod(0o700)
    server = EmbeddedServer(folder, flush=False)
    assert asks(server.start()) == 1
    assert folder.parent.stat().st_mode & 0o007 == 0
    assert server.data.stat().st_mode & 0o077 == 0
    nobody = subprocess.run(["ls", str(folder.parent)], user=65534, capture_output=True, check=False)
    assert nobody.returncode != 0
    assert psutil.Process(read_postmaster(server.data).process).uids().real != 0  # type: ignore[union-attr]
    assert server.stop() is True


@pytest.mark.anyio
@pytest.mark.check(13, 14, 16)
async def test_the_database_goes_away_and_comes_back(folder: Path) -> None:
    """Away is an error of its own kind within the deadline, a stalled server too; afterwards the same pool works."""
    server = EmbeddedServer(folder, flush=False)
    address = server.start()
    migrate(address)
    database = Database(address, connections=3, deadline=1.0, wait=0.3)
    durability = await database.open()
    assert not durability.durable
    assert {problem.pointer for problem in durability.problems} == {"fsync", "synchronous_commit", "full_page_writes"}

    async def works() -> bool:
        async with database.system() as system:
            return bool(await system.value("SELECT true"))

    assert await works()
    # The backend stalls: it neither answers nor acts on its own timeout.
    with pytest.raises(DatabaseUnavailable) as stalled:
        async with database.system() as system:
            backend = psutil.Process(await system.value("SELECT pg_backend_pid()"))
            backend.suspend()
            try:
                await system.value("SELECT 1")
            finally:
                backend.resume()
    assert stalled.value.retryable and stalled.value.code == "database_unavailable"
    assert await works()
    # The server dies: immediate stop leaves recovery to the next start.
    running = server.running()
    assert running is not None
    os.kill(running.process, signal.SIGQUIT)
    psutil.wait_procs([psutil.Process(running.process)] if psutil.pid_exists(running.process) else [], timeout=10)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await works()
    server.stop()
    server = EmbeddedServer(folder, flush=False)
    server.start()
    for _ in range(100):
        try:
            assert await works()
            break
        except DatabaseUnavailable:
            continue
    assert await works()
    await database.close()
    server.stop()


def test_a_copy_of_a_live_folder_is_a_server_of_its_own(folder: Path) -> None:
    """The note of the running original in it is not believed: the copy is started beside it."""
    with EmbeddedServer(folder) as address:
        assert asks(address) == 1
        copy = folder.parent / "copy"
        subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
        other = EmbeddedServer(copy)
        try:
            assert other.running() is None
            assert asks(other.start()) == 2 and asks(address) == 2
        finally:
            other.stop()


@pytest.mark.check(13)
def test_a_server_that_dies_is_brought_back(folder: Path) -> None:
    """While somebody uses it, at the same address."""
    with EmbeddedServer(folder) as address:
        assert asks(address) == 1
        running = read_postmaster(folder / "postgres")
        assert running is not None
        os.kill(running.process, signal.SIGKILL)
        until = time.monotonic() + 30
        while (now := EmbeddedServer(folder).running()) is None or not now.ready or now.process == running.process:
            assert time.monotonic() < until
            time.sleep(0.1)
        with psycopg.connect(address.installer or "") as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
