"""The walls around a render child: limits → a process that can compute, read its libraries and answer, nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tirage.pool import landlock, seccomp

Level = Literal["strict", "degraded"]
Mode = Literal["strict", "best-effort", "off"]

_PR_SET_PDEATHSIG = 1
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522


class SandboxRefused(Exception):
    """A wall could not be put up, and the mode is strict."""


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """Which walls this machine has: `landlock` is the kernel's interface version (0: none).

    `level` is `strict` when all stand and `degraded` otherwise; `reasons` say what is missing, for people.
    """

    landlock: int
    seccomp: bool
    rlimits: bool
    level: Level
    reasons: tuple[str, ...]


def probe() -> SandboxReport:
    """What this machine offers; changes nothing."""
    reasons: list[str] = []
    system = platform.system()
    has_landlock = landlock.version()
    has_seccomp = seccomp.available()
    has_rlimits = system == "Linux"
    if system != "Linux":
        reasons.append(f"{system} has neither Landlock nor seccomp, and does not hold the limit of the address space")
    else:
        if not has_landlock:
            reasons.append("the kernel has no Landlock (Linux 5.13 or newer, with landlock in its list of LSMs)")
        if not has_seccomp:
            reasons.append(f"seccomp filters cannot be used here ({platform.machine()})")
    return SandboxReport(
        landlock=has_landlock,
        seccomp=has_seccomp,
        rlimits=has_rlimits,
        level="degraded" if reasons else "strict",
        reasons=tuple(reasons),
    )


def library_folders() -> tuple[str, ...]:
    """What a child may read: the interpreter, the installed packages, the system's shared libraries, time zones."""
    paths = sysconfig.get_paths()
    package = Path(__file__).resolve().parent.parent
    found = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [str(package), "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache"]
    found += ["/usr/share/zoneinfo", "/etc/localtime"]
    return tuple(dict.fromkeys(found))


def die_with(parent: int) -> None:
    """Ends this process when its parent ends (Linux; elsewhere the closed channel does it)."""
    if platform.system() != "Linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(0)


def close_descriptors(keep: int) -> None:
    """Closes everything but `keep` and the standard streams."""
    listing = Path("/dev/fd")
    if listing.is_dir():  # the limit may be a million, and closing each number takes its time
        numbers = [int(entry.name) for entry in listing.iterdir()]
    else:
        numbers = list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
    for number in numbers:
        if number > 2 and number != keep:
            with contextlib.suppress(OSError):  # the listing's own descriptor
                os.close(number)


def allow_cpu(seconds: int) -> None:
    """Lets this process use `seconds` more of CPU time before the kernel ends it with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


def enter(*, mode: Mode, memory_bytes: int, open_files: int, file_bytes: int, readable: Sequence[str]) -> None:
    """Puts this process behind all walls that the machine has: limits, no privileges, Landlock, seccomp.

    Raises `SandboxRefused` in mode `strict` when one is missing. Everything must be imported before: a lazy import
    works only from the library folders.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, open_files)
    if sys.platform != "linux":
        if mode == "strict":
            raise SandboxRefused("only Linux has Landlock and seccomp")
        return
    _limit(resource.RLIMIT_AS, memory_bytes)
    if mode == "off":
        return
    for wall in (_drop_capabilities, lambda: landlock.restrict([*library_folders(), *readable]), seccomp.install):
        try:
            wall()
        except (OSError, KeyError) as error:
            if mode == "strict":
                raise SandboxRefused(str(error)) from error


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))


def _drop_capabilities() -> None:
    # A child of root could otherwise raise its own limits again (CAP_SYS_RESOURCE).
    if os.geteuid() != 0:
        return
    head = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_CAPSET[platform.machine()], head, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
