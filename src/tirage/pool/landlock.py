"""Landlock for render children: read a few folders, write nothing, no TCP, no signals out of the sandbox."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence
from pathlib import Path

# include/uapi/linux/landlock.h; the three call numbers are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# Rights by interface version: 1 has bits 0 to 12, 2 adds refer, 3 truncate, 5 ioctl on devices.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_BIND_AND_CONNECT = 0b11  # from version 4 on
_SCOPE_ABSTRACT_UNIX_AND_SIGNAL = 0b11  # from version 6 on


def version() -> int:
    """The kernel's Landlock interface version; 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    return max(0, int(found))


def restrict(readable: Sequence[str]) -> None:
    """Leaves this process reading below `readable` and nothing else; cannot be taken back. Raises `OSError`.

    Paths that do not exist are passed over. Files that are open already stay usable.
    """
    kernel = version()
    if kernel == 0:
        raise OSError("this kernel has no Landlock")
    rights = _RIGHTS[max(known for known in _RIGHTS if known <= kernel)]
    attributes = [rights]
    if kernel >= 4:
        attributes.append(_NET_BIND_AND_CONNECT)
    if kernel >= 6:
        attributes.append(_SCOPE_ABSTRACT_UNIX_AND_SIGNAL)
    packed = struct.pack(f"={len(attributes)}Q", *attributes)

    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = libc.syscall(_CREATE_RULESET, packed, ctypes.c_size_t(len(packed)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for path in readable:
            _allow_reading(libc, ruleset, path)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
        if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        below = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _READ_DIR if Path(path).is_dir() else _READ_FILE
        rule = struct.pack("=Qi", rights, below)  # packed: struct landlock_path_beneath_attr has no padding
        if libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"landlock_add_rule for {path}")
    finally:
        os.close(below)
