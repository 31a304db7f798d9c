"""The filter's program does on both machines what its tables say."""

from __future__ import annotations

import struct

import pytest

from tirage.pool.seccomp import program

ALLOW, REFUSED, UNKNOWN, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PID = 4242

# name: x86-64, aarch64, first argument, expected
CALLS = {
    "read": (0, 63, 0, ALLOW),
    "mmap": (9, 222, 0, ALLOW),
    "exit_group": (231, 94, 0, ALLOW),
    "futex": (202, 98, 0, ALLOW),
    "openat": (257, 56, 0, ALLOW),
    "getrandom": (318, 278, 0, ALLOW),
    "clone of a thread": (56, 220, 0x10000 | 0x100, ALLOW),
    "clone of a process": (56, 220, 17, REFUSED),
    "clone3": (435, 435, 0, UNKNOWN),
    "a call newer than the tables": (451, 451, 0, UNKNOWN),
    "tgkill of itself": (234, 131, PID, ALLOW),
    "tgkill of another": (234, 131, 1, REFUSED),
    "prlimit of itself": (302, 261, 0, ALLOW),
    "prlimit of its number": (302, 261, PID, ALLOW),
    "prlimit of another": (302, 261, 1, REFUSED),
    "socket": (41, 198, 2, REFUSED),
    "connect": (42, 203, 0, REFUSED),
    "execve": (59, 221, 0, REFUSED),
    "kill": (62, 129, 0, REFUSED),
    "ptrace": (101, 117, 0, REFUSED),
    "mount": (165, 40, 0, REFUSED),
    "unshare": (272, 97, 0, REFUSED),
    "bpf": (321, 280, 0, REFUSED),
    "io_uring_setup": (425, 425, 0, REFUSED),
    "memfd_create": (319, 279, 0, REFUSED),
    "open_by_handle_at": (304, 265, 0, REFUSED),
    "setxattr": (188, 5, 0, REFUSED),
}


def run(code: bytes, number: int, architecture: int, argument: int) -> int:
    """Interprets the classic BPF instructions that the filter uses."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
    instructions = list(struct.iter_unpack("<HBBI", code))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = instructions[at]
        at += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
            continue
        holds = {0x15: accumulator == value, 0x25: accumulator > value, 0x45: bool(accumulator & value)}[operation]
        at += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.check(168, 169)
def test_call(machine: str, name: str) -> None:
    """Each listed call is allowed, refused or unknown as it should be."""
    x86, arm, argument, expected = CALLS[name]
    number = x86 if machine == "x86_64" else arm
    assert run(program(machine, PID), number, ARCHITECTURE[machine], argument) == expected


def test_other_call_tables_are_closed() -> None:
    """The 32-bit table kills, and the x32 table does not exist: both would renumber the calls."""
    assert run(program("x86_64", PID), 1, 0x40000003, 0) == KILL
    assert run(program("x86_64", PID), 0x40000000 + 59, ARCHITECTURE["x86_64"], 0) == UNKNOWN


def test_fits_the_kernels_limit() -> None:
    """A filter has at most 4096 instructions."""
    assert len(program("x86_64", PID)) // 8 < 4096
