"""Handlers that tests run inside render children: well behaved ones and every kind of misbehaviour."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tirage.engine.errors import Problem, RowProblem
from tirage.pool.framing import Kind, encode, write_frame

Header = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], Sequence[bytes]]

_warmed: list[str] = []
_served = 0


def warm() -> None:
    """Notes that it ran, for `inspect` to tell."""
    _warmed.append(str(os.getpid()))


def handle(header: dict[str, Any], parts: list[bytes]) -> Answer:
    """Does what `header["do"]` names."""
    global _served
    _served += 1
    return _ACTIONS[header.get("do", "echo")](header, parts)


def _echo(header: Header, parts: Sequence[bytes]) -> Answer:
    if header.get("sleep"):
        time.sleep(header["sleep"])
    return {"pid": os.getpid(), "server": os.getppid(), "served": _served, "value": header.get("value")}, parts


def _blob(header: Header, parts: Sequence[bytes]) -> Answer:
    return {}, [b"x" * header["size"]]


def _inspect(header: Header, parts: Sequence[bytes]) -> Answer:
    hard = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CORE", "RLIMIT_AS")}
    descriptors = [number for number in range(256) if _is_open(number)]
    return {
        "environment": dict(os.environ),
        "descriptors": descriptors,
        "warmed": _warmed,
        "parent": os.getppid(),
        "limits": hard,
        "path": sys.path,
    }, ()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _segfault(header: Header, parts: Sequence[bytes]) -> Answer:
    ctypes.string_at(0)
    return {}, ()


def _abort(header: Header, parts: Sequence[bytes]) -> Answer:
    os.abort()


def _overflow(header: Header, parts: Sequence[bytes]) -> Answer:
    # A native stack overflow: qsort with a comparison that sorts again, and never returns.
    libc = ctypes.CDLL(None)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    numbers = (ctypes.c_int * 8)(*range(8))

    def again(left: int, right: int) -> int:
        sys.setrecursionlimit(10**9)
        libc.qsort(numbers, 8, 4, compare)
        return 0

    compare = kind(again)
    again(0, 0)
    return {}, ()


def _exit(header: Header, parts: Sequence[bytes]) -> Answer:
    os._exit(header.get("code", 0))


def _kill_self(header: Header, parts: Sequence[bytes]) -> Answer:
    signal.raise_signal(signal.SIGKILL)
    return {}, ()


def _sleep(header: Header, parts: Sequence[bytes]) -> Answer:
    time.sleep(60)
    return {}, ()


def _spin(header: Header, parts: Sequence[bytes]) -> Answer:
    while True:
        pass


def _channel() -> int:
    return next(number for number in range(3, 256) if _is_open(number))


def _garbage(header: Header, parts: Sequence[bytes]) -> Answer:
    os.write(_channel(), b"HTTP/1.1 200 OK\r\n\r\n" * 100)
    time.sleep(60)
    return {}, ()


def _flood(header: Header, parts: Sequence[bytes]) -> Answer:
    block = b"\0" * 1_000_000
    while True:
        os.write(_channel(), block)


def _announce_10_gb(header: Header, parts: Sequence[bytes]) -> Answer:
    import struct

    os.write(_channel(), struct.pack("<4sBBHIQQ", b"TRG1", Kind.RESULT, 0, 1, 2, header["id"], 10 * 1024**3))
    time.sleep(60)
    return {}, ()


def _other_job(header: Header, parts: Sequence[bytes]) -> Answer:
    write_frame(_channel(), encode(Kind.RESULT, 10**9, b"{}", ()))
    time.sleep(60)
    return {}, ()


def _not_json(header: Header, parts: Sequence[bytes]) -> Answer:
    write_frame(_channel(), encode(Kind.RESULT, header["id"], b"[1,", ()))
    time.sleep(60)
    return {}, ()


def _two_replies(header: Header, parts: Sequence[bytes]) -> Answer:
    write_frame(_channel(), encode(Kind.RESULT, header["id"], b'{"first":true}', ()))
    return {}, ()


def _raise(header: Header, parts: Sequence[bytes]) -> Answer:
    if header["what"] == "problem":
        problems = [Problem("bad_value", "No.", pointer="/a/b", hint="Try yes."), Problem("second", "Nor this.")]
        raise RowProblem(problems, retryable=True)
    raise KeyError("/secret/path")


def _allocate(header: Header, parts: Sequence[bytes]) -> Answer:
    return {"size": len(bytearray(header["size"]))}, ()


def _fill(header: Header, parts: Sequence[bytes]) -> Answer:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while place := libc.malloc(ctypes.c_size_t(1 << 22)):
        ctypes.memset(place, 1, 1 << 22)
    os.abort()


def _die_until(header: Header, parts: Sequence[bytes]) -> Answer:
    """Dies in a child that has served another job before, answers in a fresh one."""
    if _served > 1:
        os.abort()
    return {"served": _served}, ()


def _escape(header: Header, parts: Sequence[bytes]) -> Answer:
    return {name: _outcome(attempt) for name, attempt in _escapes(header).items()}, ()


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return f"{type(error).__name__}: {error.errno}"
    except ValueError as error:  # setrlimit's own way to say EPERM
        return f"ValueError: {error}"
    return "succeeded"


def _escapes(header: Header) -> dict[str, Callable[[], object]]:
    parent, foreign = header["parent"], Path(header["foreign"])
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: object) -> Callable[[], object]:
        def attempt() -> None:
            if libc.syscall(number, *arguments) < 0:
                raise OSError(ctypes.get_errno(), "syscall")

        return attempt

    x86 = os.uname().machine == "x86_64"
    return {
        "read /etc/passwd": lambda: Path("/etc/passwd").read_bytes(),
        "read a foreign file": foreign.read_bytes,
        "list a foreign folder": lambda: list(foreign.parent.iterdir()),
        "read the parent's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "write a file": lambda: foreign.write_bytes(b"x"),
        "create a file": lambda: (foreign.parent / "new").touch(),
        "create a temporary file": lambda: Path("/tmp/tirage-escape").write_bytes(b"x"),
        "remove a file": foreign.unlink,
        "change a mode": lambda: foreign.chmod(0o777),
        "memory file": lambda: os.memfd_create("x"),
        "socket inet": lambda: socket.socket(socket.AF_INET),
        "socket inet6": lambda: socket.socket(socket.AF_INET6),
        "socket unix": lambda: socket.socket(socket.AF_UNIX),
        "socket netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "socket pair": socket.socketpair,
        "look up a name": lambda: socket.getaddrinfo("example.com", 80),
        "fork": lambda: os.fork() or os._exit(0),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "kill the parent": lambda: os.kill(parent, signal.SIGTERM),
        "kill the fork server": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "kill everybody": lambda: os.kill(-1, 0),
        "signal a thread of the parent": call(234 if x86 else 131, parent, parent, 0),
        "ptrace the parent": call(101 if x86 else 117, 16, parent, None, None),
        "read the parent's memory": call(310 if x86 else 270, parent, None, 0, None, 0, 0),
        "io_uring": call(425, 1, ctypes.create_string_buffer(120)),
        "bpf": call(321 if x86 else 280, 0, None, 0),
        "unshare": call(272 if x86 else 97, 0x10000000),
        "mount": call(165 if x86 else 40, b"none", b"/tmp", b"tmpfs", 0, None),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30)),
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (1, 1)),
    }


_ACTIONS: dict[str, Callable[[Header, Sequence[bytes]], Answer]] = {
    function.__name__[1:]: function
    for function in (
        _echo, _blob, _inspect, _segfault, _abort, _overflow, _exit, _kill_self, _sleep, _spin, _garbage, _flood,
        _announce_10_gb, _other_job, _not_json, _two_replies, _raise, _allocate, _fill, _die_until, _escape,
    )
}  # fmt: skip
