"""A seccomp filter for render children: a deny list of system calls → EPERM, as a classic BPF program.

A deny list, not an allow list: the libraries' needs change with every release, and Landlock, resource limits and an
empty environment stand beside it. What is newer than this list does not exist for a child (ENOSYS).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

# include/uapi/linux/seccomp.h, prctl.h, filter.h, audit.h
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_GET_ACTION_AVAIL = 2
_SECCOMP_FILTER_FLAG_TSYNC = 1
_RET_KILL_PROCESS = 0x80000000
_RET_ERRNO = 0x00050000
_RET_ALLOW = 0x7FFF0000
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_THREAD = 0x00010000
_X32_BIT = 0x40000000
_LAST_KNOWN = 450

# struct seccomp_data: nr at 0, arch at 4, arguments of 8 bytes from 16 on; the low half comes first on both machines.
_NR, _ARCH, _ARG0_LOW = 0, 4, 16
_LOAD, _JUMP_EQUAL, _JUMP_GREATER, _JUMP_SET, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06

# machine: audit architecture, column of the tables, number of seccomp()
_MACHINES = {"x86_64": (0xC000003E, 1, 317), "aarch64": (0xC00000B7, 2, 277)}

# name, x86-64, aarch64 (None: does not exist there)
_DENIED: tuple[tuple[str, int | None, int | None], ...] = (
    # network
    ("socket", 41, 198),
    ("socketpair", 53, 199),
    ("connect", 42, 203),
    ("bind", 49, 200),
    ("listen", 50, 201),
    ("accept", 43, 202),
    ("accept4", 288, 242),
    ("sendto", 44, 206),
    ("sendmsg", 46, 211),
    ("sendmmsg", 307, 269),
    ("recvmmsg", 299, 243),
    # processes
    ("execve", 59, 221),
    ("execveat", 322, 281),
    ("fork", 57, None),
    ("vfork", 58, None),
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("process_madvise", 440, 440),
    ("process_mrelease", 448, 448),
    ("kcmp", 312, 272),
    ("pidfd_open", 434, 434),
    ("pidfd_getfd", 438, 438),
    ("pidfd_send_signal", 424, 424),
    ("kill", 62, 129),
    ("tkill", 200, 130),
    ("rt_sigqueueinfo", 129, 138),
    ("rt_tgsigqueueinfo", 297, 240),
    ("setpgid", 109, 154),
    ("setsid", 112, 157),
    ("setpriority", 141, 140),
    ("personality", 135, 92),
    # identity
    ("setuid", 105, 146),
    ("setgid", 106, 144),
    ("setreuid", 113, 145),
    ("setregid", 114, 143),
    ("setresuid", 117, 147),
    ("setresgid", 119, 149),
    ("setfsuid", 122, 151),
    ("setfsgid", 123, 152),
    ("setgroups", 116, 159),
    ("capset", 126, 91),
    # namespaces and mounts
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("pivot_root", 155, 41),
    ("chroot", 161, 51),
    ("unshare", 272, 97),
    ("setns", 308, 268),
    ("move_mount", 429, 429),
    ("open_tree", 428, 428),
    ("fsopen", 430, 430),
    ("fsconfig", 431, 431),
    ("fsmount", 432, 432),
    ("fspick", 433, 433),
    ("mount_setattr", 442, 442),
    ("swapon", 167, 224),
    ("swapoff", 168, 225),
    # kernel surface
    ("io_uring_setup", 425, 425),
    ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427),
    ("io_setup", 206, 0),
    ("io_submit", 209, 2),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("keyctl", 250, 219),
    ("init_module", 175, 105),
    ("finit_module", 313, 273),
    ("delete_module", 176, 106),
    ("create_module", 174, None),
    ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294),
    ("reboot", 169, 142),
    ("acct", 163, 89),
    ("quotactl", 179, 60),
    ("quotactl_fd", 443, 443),
    ("syslog", 103, 116),
    ("settimeofday", 164, 170),
    ("clock_settime", 227, 112),
    ("adjtimex", 159, 171),
    ("clock_adjtime", 305, 266),
    ("sethostname", 170, 161),
    ("setdomainname", 171, 162),
    ("vhangup", 153, 58),
    ("iopl", 172, None),
    ("ioperm", 173, None),
    ("modify_ldt", 154, None),
    ("uselib", 134, None),
    ("nfsservctl", 180, 42),
    ("lookup_dcookie", 212, 18),
    ("name_to_handle_at", 303, 264),
    ("open_by_handle_at", 304, 265),
    # memory that outlives or is shared
    ("memfd_create", 319, 279),
    ("memfd_secret", 447, 447),
    ("shmget", 29, 194),
    ("shmat", 30, 196),
    ("shmctl", 31, 195),
    ("semget", 64, 190),
    ("semop", 65, 193),
    ("semctl", 66, 191),
    ("semtimedop", 220, 192),
    ("msgget", 68, 186),
    ("msgsnd", 69, 189),
    ("msgrcv", 70, 188),
    ("msgctl", 71, 187),
    ("mq_open", 240, 180),
    ("mq_unlink", 241, 181),
    ("mq_timedsend", 242, 182),
    ("mq_timedreceive", 243, 183),
    # file attributes, which Landlock leaves alone
    ("chmod", 90, None),
    ("fchmod", 91, 52),
    ("fchmodat", 268, 53),
    ("chown", 92, None),
    ("fchown", 93, 55),
    ("lchown", 94, None),
    ("fchownat", 260, 54),
    ("utime", 132, None),
    ("utimes", 235, None),
    ("utimensat", 280, 88),
    ("futimesat", 261, None),
    ("setxattr", 188, 5),
    ("lsetxattr", 189, 6),
    ("fsetxattr", 190, 7),
    ("removexattr", 197, 14),
    ("lremovexattr", 198, 15),
    ("fremovexattr", 199, 16),
    ("mknod", 133, None),
    ("mknodat", 259, 33),
    ("truncate", 76, 45),
    ("ftruncate", 77, 46),
    ("fallocate", 285, 47),
    ("inotify_init", 253, None),
    ("inotify_init1", 294, 26),
    ("fanotify_init", 300, 262),
    ("fanotify_mark", 301, 263),
)

_CLONE = ("clone", 56, 220)
_CLONE3 = ("clone3", 435, 435)
_TGKILL = ("tgkill", 234, 131)
# Allowed on the child itself: GLib sets its threads' scheduling, the child its CPU limit.
_ON_ITSELF = (
    ("prlimit64", 302, 261),
    ("sched_setparam", 142, 118),
    ("sched_setscheduler", 144, 119),
    ("sched_setaffinity", 203, 122),
    ("sched_setattr", 314, 274),
)


def available() -> bool:
    """Whether this kernel takes filters and this machine's system calls are known."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or platform.system() != "Linux":
        return False
    action = ctypes.c_uint32(_RET_ERRNO)
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(machine[2], _SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0)


def program(machine: str, pid: int) -> bytes:
    """The filter for a child with this process id, as an array of `struct sock_filter`."""
    architecture, column, _ = _MACHINES[machine]
    return b"".join(_instructions(architecture, column, pid))


def install() -> None:
    """Puts the filter on all threads of this process; it cannot be taken off. Raises `OSError`."""
    install_program(program(platform.machine(), os.getpid()))


def install_program(code: bytes) -> None:
    """Puts a ready filter on all threads of this process. Raises `OSError`."""
    machine = _MACHINES[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    store = ctypes.create_string_buffer(code, len(code))
    fprog = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(store)))
    if libc.syscall(machine[2], _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, fprog) != 0:
        raise OSError(ctypes.get_errno(), "seccomp(SECCOMP_SET_MODE_FILTER)")


def _instructions(architecture: int, column: int, pid: int) -> Iterator[bytes]:
    def op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, if_true, if_false, value)

    def number(entry: tuple[str, int | None, int | None]) -> int:
        found = entry[column]
        assert isinstance(found, int)
        return found

    refuse = op(_RETURN, _RET_ERRNO | errno.EPERM)
    unknown = op(_RETURN, _RET_ERRNO | errno.ENOSYS)
    allow = op(_RETURN, _RET_ALLOW)

    yield op(_LOAD, _ARCH)
    yield op(_JUMP_EQUAL, architecture, if_true=1)
    yield op(_RETURN, _RET_KILL_PROCESS)
    yield op(_LOAD, _NR)
    # Above all known numbers lie new calls and, on x86-64, the second call table of x32 (bit 30).
    yield op(_JUMP_GREATER, _LAST_KNOWN, if_false=1)
    yield unknown
    # clone3 takes its flags in memory, where a filter cannot look; glibc falls back to clone.
    yield op(_JUMP_EQUAL, number(_CLONE3), if_false=1)
    yield unknown
    # Threads, but no processes.
    yield op(_JUMP_EQUAL, number(_CLONE), if_false=4)
    yield op(_LOAD, _ARG0_LOW)
    yield op(_JUMP_SET, _CLONE_THREAD, if_true=1)
    yield refuse
    yield allow
    # abort() signals its own thread group; any other group is refused.
    yield op(_JUMP_EQUAL, number(_TGKILL), if_false=4)
    yield op(_LOAD, _ARG0_LOW)
    yield op(_JUMP_EQUAL, pid, if_true=1)
    yield refuse
    yield allow
    for entry in _ON_ITSELF:
        yield op(_JUMP_EQUAL, number(entry), if_false=5)
        yield op(_LOAD, _ARG0_LOW)
        yield op(_JUMP_EQUAL, 0, if_true=2)
        yield op(_JUMP_EQUAL, pid, if_true=1)
        yield refuse
        yield allow
    for denied in _DENIED:
        if denied[column] is not None:
            yield op(_JUMP_EQUAL, number(denied), if_false=1)
            yield refuse
    yield allow
