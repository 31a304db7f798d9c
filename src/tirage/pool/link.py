"""The parent's end of the fork server: start it, ask for children, hear of their deaths."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import orjson

from tirage.pool.forkserver import COMMAND, KILL, SPAWN, ServerConfig
from tirage.pool.framing import FrameBounds, FrameReader

_BOUNDS = FrameBounds(header_bytes=64 * 1024, body_bytes=0, parts=0)
_SOCKET_BUFFER = 1024 * 1024
_STOP_SECONDS = 0.8

# What a renderer may know of its surroundings. Everything else stays here: keys, tokens and passwords live there.
_PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TIRAGE_DEBUG",
)  # fmt: skip
# One thread per library: the pool's workers are the parallelism, and threads would not survive the fork.
SET_FOR_RENDERERS = {
    "VIPS_CONCURRENCY": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # an arena reserves 64 MiB of the limited address space
    # Huge pages for large blocks, where glibc (2.35) and the kernel have them: a decoded photo is otherwise a thousand
    # page faults, 0.3 ms of a card.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "GIO_USE_VFS": "local",  # no session bus
}


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """What the fork server says: `ready`, `failed`, `started` or `exited`.

    `status` is as wait gives it, and -1 for a child that could not even be forked; `rss` is in bytes.
    """

    event: str
    child: int = 0
    pid: int = 0
    status: int = 0
    rss: int = 0
    threads: int = 1
    type: str = ""
    message: str = ""


def clean_environment() -> dict[str, str]:
    """The environment of the fork server and so of all children."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    package_root = Path(__file__).resolve().parents[2]
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    if package_root not in installed:  # a source tree: the child must find the same one
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package_root), kept.get("PYTHONPATH")]))
    return kept | SET_FOR_RENDERERS


def wide_pair() -> tuple[socket.socket, socket.socket]:
    """A connected pair of stream sockets with buffers as large as the system allows."""
    pair = socket.socketpair()
    for end in pair:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
    return pair


class ForkServer:
    """A running fork server. Starting one needs no care for threads: it is a new interpreter, not a fork."""

    def __init__(self, config: ServerConfig) -> None:
        self.channel, theirs = socket.socketpair()
        self._reader = FrameReader(_BOUNDS)
        with theirs:
            arguments = [str(theirs.fileno()), orjson.dumps(config).decode()]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tirage.pool.forkserver", *arguments],
                env=clean_environment(),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if config.debug else subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal reaches the parent alone
            )
        self.channel.setblocking(False)

    def spawn(self, child_id: int) -> socket.socket:
        """Asks for a child and gives the non-blocking channel to it, which can be written to at once."""
        ours, theirs = wide_pair()
        with theirs:
            self._command(SPAWN, child_id, [theirs.fileno()])
        ours.setblocking(False)
        return ours

    def kill(self, child_id: int) -> None:
        """Ends a child; the fork server knows which process that still is, so no stranger is hit."""
        self._command(KILL, child_id, [])

    def events(self) -> list[ServerEvent]:
        """What has happened. Raises `ChannelClosed` when the server is gone."""
        try:
            frames = self._reader.receive(self.channel)
        except BlockingIOError:
            return []
        return [ServerEvent(**orjson.loads(frame.header)) for frame in frames]

    def stop(self) -> None:
        """Ends the server and with it all children; returns when the server is gone."""
        self.channel.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the children follow by their death signal
            self._process.wait()

    def _command(self, operation: int, child_id: int, descriptors: list[int]) -> None:
        if self.channel.fileno() < 0:  # stopped: its children are gone too
            return
        # Nine bytes at a time into an empty buffer: this does not block, and where the server is gone its end of file
        # says so soon.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):
            socket.send_fds(self.channel, [COMMAND.pack(operation, child_id)], descriptors)
