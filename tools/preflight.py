"""Say what the machine lacks before the installation starts; standard library only, any Python 3."""

import ctypes
import importlib.util
import platform
import sys


def problems() -> "list[str]":
    """What keeps Tirage from being installed here, each with its remedy."""
    found = []
    version = ".".join(map(str, sys.version_info[:2]))
    if sys.version_info < (3, 11):
        found.append(f"Python 3.11 or newer is needed, this is {version}: `make PYTHON=python3.12 ...` names another.")
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        found.append(f"Python's venv module is missing. Debian, Ubuntu: apt-get install python{version}-venv")
    if sys.platform.startswith("linux"):
        if platform.libc_ver()[0] != "glibc":
            found.append("A Linux with glibc is needed: the libraries have no builds for musl.")
        try:
            ctypes.CDLL("libexpat.so.1")
        except OSError:
            found.append(
                "libexpat.so.1 is missing. Debian, Ubuntu: apt-get install libexpat1; Fedora: dnf install expat"
            )
    elif sys.platform != "darwin":
        found.append("Linux (x86-64, aarch64) and macOS are supported; on Windows use WSL.")
    return found


if __name__ == "__main__":
    lines = problems()
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(1 if lines else 0)
