"""The operating system's account under which the embedded server runs when Tirage itself is root."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tirage.db.errors import DatabaseRefused
from tirage.engine.errors import Problem

NAME = "tirage-db"

# The kernel's form of a POSIX access control list, linux/posix_acl_xattr.h: a version, then (tag, permissions, id).
_ATTRIBUTE = "system.posix_acl_access"
_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_HEAD, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_SEARCH = 0o1


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Who runs the server: nobody in particular (the user who started us), or a system user with these numbers."""

    user: int | None = None
    group: int | None = None

    @property
    def number(self) -> int:
        """The user that the server's files belong to."""
        return os.geteuid() if self.user is None else self.user

    def own(self, path: Path) -> None:
        """Make the server's account the owner of a path."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def let_in(self, folder: Path) -> None:
        """Let the account walk through a folder's parents, no more: search permission for it alone, by access list.

        Raises DatabaseRefused `data_folder_closed` where the file system has no access lists.
        """
        if self.user is None:
            return
        for parent in reversed(folder.resolve().parents):
            mode = parent.stat()
            if mode.st_mode & stat.S_IXOTH or mode.st_uid == self.user:
                continue
            try:
                _allow_search(parent, self.user)
            except OSError as error:
                raise DatabaseRefused(
                    Problem(
                        "data_folder_closed",
                        f"The database's account {NAME} cannot be let into {parent}: {error.strerror}.",
                        hint="Start Tirage as a user other than root, or choose a folder such as /var/lib/tirage.",
                    )
                ) from error


def server_account() -> ServerAccount:
    """The account for the server: PostgreSQL refuses to run as root, so root gets a system user made for it."""
    if os.geteuid() != 0:
        return ServerAccount()
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _create()
    return ServerAccount(entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd:
    command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    result = None
    if command is not None:
        arguments = [
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/bin/false",
            NAME,
        ]
        result = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        reason = result.stderr.strip() if result is not None else "there is no useradd command"
        raise DatabaseRefused(
            Problem(
                "database_account",
                f"PostgreSQL does not run as root, and its account {NAME} could not be made: {reason}.",
                hint="Start Tirage as a user other than root, or give it a database with TIRAGE_DATABASE_URL.",
            )
        ) from None


def _allow_search(path: Path, user: int) -> None:
    """Add the right to search to a folder's access list for one user; the rights of all others stay as they are."""
    if not hasattr(os, "setxattr"):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    mode = path.stat().st_mode
    try:
        raw = os.getxattr(path, _ATTRIBUTE)
        entries = list(_ENTRY.iter_unpack(raw[_HEAD.size :]))
    except OSError:  # no list yet: the mode bits are the list
        bits = {_USER_OBJ: mode >> 6 & 7, _GROUP_OBJ: mode >> 3 & 7, _OTHER: mode & 7}
        entries = [(tag, permissions, _NOBODY) for tag, permissions in bits.items()]
    entries = [each for each in entries if not (each[0] == _USER and each[2] == user)]
    # The mask bounds every entry but the owner's and the others'. It must grow by the new right and nobody else gain by
    # that, so the other entries are first cut to what the old mask let through.
    old = next((permissions for tag, permissions, _ in entries if tag == _MASK), 7)
    bounded = [
        (tag, each if tag in (_USER_OBJ, _OTHER) else each & old, who) for tag, each, who in entries if tag != _MASK
    ]
    bounded.append((_USER, _SEARCH, user))
    union = 0
    for tag, permissions, _ in bounded:
        union |= 0 if tag in (_USER_OBJ, _OTHER) else permissions
    entries = [*bounded, (_MASK, union, _NOBODY)]
    entries.sort(key=lambda each: (each[0], each[2]))
    os.setxattr(path, _ATTRIBUTE, _HEAD.pack(_VERSION) + b"".join(_ENTRY.pack(*each) for each in entries))
