"""The fork server: imports and warms everything once, then forks a render child whenever the parent sends a channel.

Commands in are nine bytes (operation, child id), a channel's descriptor beside those that ask for a child; events out
are frames with a JSON header. It parses nothing untrusted, starts no thread and ends when its parent does.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from tirage.pool import child, priority, sandbox
from tirage.pool.framing import Kind, encode, write_frame
from tirage.pool.job import PoolLimits

COMMAND = struct.Struct("<BQ")
SPAWN, KILL = 1, 2

_DEBUG_FILE_BYTES = 1 << 24  # standard error may be a file, and takes the tracebacks

EXIT_SANDBOX = 71  # a strict sandbox could not be entered
EXIT_BROKEN = 70  # the child's own loop failed


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Everything the fork server is told; it reads no other configuration."""

    handler: str
    warm: tuple[str, ...]
    python_path: tuple[str, ...]
    readable: tuple[str, ...]
    sandbox: sandbox.Mode
    limits: PoolLimits
    debug: bool

    @classmethod
    def from_json(cls, text: str) -> ServerConfig:
        """The configuration from the JSON that `orjson.dumps` makes of one."""
        value: dict[str, Any] = orjson.loads(text)
        for name in ("warm", "python_path", "readable"):
            value[name] = tuple(value[name])
        value["limits"] = PoolLimits(**value["limits"])
        return cls(**value)


def load(name: str) -> Any:
    """The object at `module:attribute`, or the module itself."""
    module, _, attribute = name.partition(":")
    loaded = import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


class _Server:
    def __init__(self, control: socket.socket, config: ServerConfig) -> None:
        self._control = control
        self._config = config
        self._children: dict[int, int] = {}  # process id → child id
        self._handler: child.Handler

    def warm(self) -> None:
        gc.disable()  # nothing that loading makes is garbage, and looking for some takes a tenth of its time
        sys.path[:0] = self._config.python_path
        for name in self._config.warm:
            found = load(name)
            if ":" in name:
                found()
        self._handler = load(self._config.handler)
        gc.collect()
        gc.enable()
        gc.freeze()  # the collector would otherwise touch, and so copy, every page in every child

    def run(self) -> None:
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            self._tell(event="ready", threads=_threads())
            while True:
                readable, _, _ = select.select([self._control, woken], [], [])
                if woken in readable:
                    _drain(woken)
                    self._reap()
                if self._control in readable and not self._obey():
                    return
        except (BrokenPipeError, ConnectionResetError):  # the parent left while it was being told something
            return
        finally:
            self._end_children()

    def _end_children(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _obey(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, COMMAND.size, 1)
        while data and len(data) < COMMAND.size:
            more = self._control.recv(COMMAND.size - len(data))
            if not more:
                return False
            data += more
        if not data:
            return False
        operation, child_id = COMMAND.unpack(data)
        if operation == SPAWN:
            self._spawn(child_id, descriptors[0])
        else:
            for pid, known in self._children.items():
                if known == child_id:
                    os.kill(pid, signal.SIGKILL)
        return True

    def _spawn(self, child_id: int, channel: int) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(channel)
            self._tell(event="exited", child=child_id, status=-1, rss=0)
            return
        if pid == 0:
            self._become_child(server, channel)
        os.close(channel)
        self._children[pid] = child_id
        self._tell(event="started", child=child_id, pid=pid)

    def _become_child(self, server: int, channel: int) -> None:
        status = EXIT_BROKEN
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sandbox.die_with(server)
            sandbox.close_descriptors(channel)
            limits = self._config.limits
            sandbox.enter(
                mode=self._config.sandbox,
                memory_bytes=limits.memory_bytes,
                open_files=limits.open_files,
                file_bytes=_DEBUG_FILE_BYTES if self._config.debug else 0,
                readable=self._config.readable,
            )
            child.serve(channel, self._handler, cpu_seconds=limits.cpu_seconds, debug=self._config.debug)
            status = 0
        except sandbox.SandboxRefused:
            status = EXIT_SANDBOX
        except BrokenPipeError:  # the parent gave this child up while it answered
            status = 0
        except BaseException:
            if self._config.debug:
                traceback.print_exc()
        finally:
            os._exit(status)  # no exit handlers of libraries: they belong to the fork server

    def _reap(self) -> None:
        while self._children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            unit = 1 if sys.platform == "darwin" else 1024
            child_id = self._children.pop(pid)
            self._tell(event="exited", child=child_id, status=status, rss=usage.ru_maxrss * unit)

    def _tell(self, **event: object) -> None:
        write_frame(self._control.fileno(), encode(Kind.EVENT, 0, orjson.dumps(event), ()))


def _drain(woken: socket.socket) -> None:
    try:
        while woken.recv(4096):
            pass
    except BlockingIOError:
        return


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def main(arguments: list[str]) -> int:
    """Runs the server on the control descriptor `arguments[0]` with the configuration `arguments[1]`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    control = socket.socket(fileno=int(arguments[0]))
    config = ServerConfig.from_json(arguments[1])
    priority.yield_as_session()
    if config.debug:
        faulthandler.enable()
    server = _Server(control, config)
    try:
        server.warm()
    except BaseException as error:
        failure = {"event": "failed", "type": type(error).__name__, "message": str(error)}
        write_frame(control.fileno(), encode(Kind.EVENT, 0, orjson.dumps(failure), ()))
        return 1
    server.run()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    os._exit(status)
