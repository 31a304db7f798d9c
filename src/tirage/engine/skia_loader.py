"""Makes `import skia` work where libEGL and libGL are missing: `from tirage.engine.skia_loader import skia`.

Skia's extension module is linked against libEGL.so.1 and libGL.so.1, which slim systems lack and raster drawing never
calls. Where the dynamic loader does not find one of them, a placeholder of that SONAME is written in memory, defining
each `egl*` or `gl*` function the extension wants as one that returns zero, and loaded before the import. Empty
placeholders are not enough: most of the references are address relocations, which are resolved on loading.
The placeholders are written here byte by byte (ELF-64, little-endian), so no compiler is needed on the user's machine.
Decision record: docs/decisions/0003-skia-without-gl.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import mmap
import os
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# SONAME → the prefixes of the functions it provides.
_REPLACEABLE = {"libEGL.so.1": ("egl",), "libGL.so.1": ("gl",)}

# ELF constants: System V ABI, chapters 4 and 5; machine numbers of the two supported supplements.
EM_X86_64, EM_AARCH64 = 62, 183
_RETURN_ZERO = {
    EM_X86_64: bytes.fromhex("31c0c3"),  # xor eax, eax; ret
    EM_AARCH64: bytes.fromhex("000080d2c0035fd6"),  # mov x0, #0; ret
}
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SHT_DYNSYM = 11
_SEGMENT_ALIGN = 0x10000  # the largest page size of either architecture (aarch64 kernels with 64 KiB pages)


@dataclass(frozen=True, slots=True)
class MissingLibrary:
    """A system library that Skia really needs, and how to get it."""

    soname: str
    remedy: str


_NEEDED = (
    MissingLibrary(
        "libexpat.so.1",
        "Debian, Ubuntu: apt-get install libexpat1; Fedora, RHEL: dnf install expat; "
        "openSUSE: zypper install libexpat1; Arch: pacman -S expat",
    ),
    MissingLibrary(
        "libstdc++.so.6",
        "Debian, Ubuntu: apt-get install libstdc++6; Fedora, RHEL: dnf install libstdc++; "
        "openSUSE: zypper install libstdc++6; Arch: pacman -S gcc-libs",
    ),
)


def missing_libraries() -> tuple[MissingLibrary, ...]:
    """The system libraries that are absent and have no placeholder; empty where Skia can load."""
    if not sys.platform.startswith("linux"):
        return ()
    return tuple(library for library in _NEEDED if not _loads(library.soname))


def undefined_symbols(image: mmap.mmap | bytes) -> Iterator[str]:
    """The names in an ELF-64 file's dynamic symbol table that other libraries must define.

    Raises ValueError if the bytes are no little-endian ELF-64 file.
    """
    if len(image) < _HEADER.size or image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a little-endian ELF-64 file")
    header = _HEADER.unpack_from(image)
    sections_at, section_size, section_count = header[6], header[11], header[12]
    sections = [_SECTION.unpack_from(image, sections_at + n * section_size) for n in range(section_count)]
    for _, kind, _, _, start, size, link, _, _, entry_size in sections:
        if kind == _SHT_DYNSYM:
            names_at = sections[link][4]
            for place in range(start + entry_size, start + size, entry_size):
                name, _, _, section, _, _ = _SYMBOL.unpack_from(image, place)
                if section == 0:  # SHN_UNDEF
                    begin = names_at + name
                    yield image[begin : image.find(b"\0", begin)].decode("ascii")


def placeholder(soname: str, functions: Sequence[str], machine: int) -> bytes:
    """An ELF-64 shared library that is called `soname` and defines `functions`, each of which returns zero.

    `machine` is EM_X86_64 or EM_AARCH64. Two segments: headers, tables and code read-only and executable; the dynamic
    section writable, since older versions of glibc relocate its addresses in place.
    """
    names = bytearray(b"\0")
    offsets = []
    for name in (soname, *functions):
        offsets.append(len(names))
        names += name.encode("ascii") + b"\0"
    program_count = 4
    symbols_at = _HEADER.size + program_count * _PROGRAM.size
    names_at = symbols_at + _SYMBOL.size * (len(functions) + 1)
    hash_at = _aligned(names_at + len(names), 8)
    hash_table = _hash_table(functions)
    code_at = _aligned(hash_at + len(hash_table), 16)
    code = _RETURN_ZERO[machine]
    dynamic_at = _aligned(code_at + len(code), 16)
    dynamic_address = dynamic_at + _SEGMENT_ALIGN
    # STB_GLOBAL | STT_FUNC, default visibility; any section index but SHN_UNDEF says "defined here".
    symbols = bytes(_SYMBOL.size) + b"".join(_SYMBOL.pack(n, 0x12, 0, 1, code_at, len(code)) for n in offsets[1:])
    dynamic = b"".join(
        struct.pack("<QQ", tag, value)
        for tag, value in (
            (14, offsets[0]),  # DT_SONAME
            (4, hash_at),  # DT_HASH
            (5, names_at),  # DT_STRTAB
            (6, symbols_at),  # DT_SYMTAB
            (10, len(names)),  # DT_STRSZ
            (11, _SYMBOL.size),  # DT_SYMENT
            (0, 0),  # DT_NULL
        )
    )
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = _HEADER.pack(
        identity, 3, machine, 1, 0, _HEADER.size, 0, 0, _HEADER.size, _PROGRAM.size, program_count, 0, 0, 0
    )
    programs = (
        _PROGRAM.pack(1, 5, 0, 0, 0, dynamic_at, dynamic_at, _SEGMENT_ALIGN)  # PT_LOAD, readable and executable
        + _PROGRAM.pack(1, 6, dynamic_at, *[dynamic_address] * 2, *[len(dynamic)] * 2, _SEGMENT_ALIGN)  # PT_LOAD, RW
        + _PROGRAM.pack(2, 6, dynamic_at, *[dynamic_address] * 2, *[len(dynamic)] * 2, 8)  # PT_DYNAMIC
        + _PROGRAM.pack(0x6474E551, 6, 0, 0, 0, 0, 0, 16)  # PT_GNU_STACK: without it an executable stack is asked for
    )
    image = bytearray(dynamic_at) + dynamic
    for place, part in (
        (0, header + programs),
        (symbols_at, symbols),
        (names_at, names),
        (hash_at, hash_table),
        (code_at, code),
    ):
        image[place : place + len(part)] = part
    return bytes(image)


def _aligned(value: int, step: int) -> int:
    return -(-value // step) * step


def _hash_table(functions: Sequence[str]) -> bytes:
    """DT_HASH: bucket count, symbol count, the first symbol of each bucket, the next symbol of each symbol."""
    bucket_count = max(len(functions), 1)
    buckets, chains = [0] * bucket_count, [0] * (len(functions) + 1)
    for number, name in enumerate(functions, start=1):
        bucket = _elf_hash(name) % bucket_count
        chains[number], buckets[bucket] = buckets[bucket], number
    return struct.pack(f"<{2 + len(buckets) + len(chains)}I", bucket_count, len(chains), *buckets, *chains)


def _elf_hash(name: str) -> int:
    """The hash function of the System V ABI, figure 5-13."""
    value = 0
    for byte in name.encode("ascii"):
        value = (value << 4) + byte
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _load_images(images: Sequence[bytes]) -> None:
    """Load shared libraries from memory, or through private files where the kernel forbids to execute memory.

    Neither leaves anything behind, so processes that start at the same time cannot disturb each other.
    """
    with contextlib.ExitStack() as stack:
        # All are held open until all are loaded: the dynamic loader takes two libraries of one path for the same one.
        for image in images:
            handle = os.memfd_create("tirage-placeholder")
            stack.callback(os.close, handle)
            with open(handle, "wb", closefd=False) as file:
                file.write(image)
            if not _loads(f"/proc/self/fd/{handle}"):
                path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tirage-"))) / "placeholder.so"
                path.write_bytes(image)
                ctypes.CDLL(str(path))


def _load_placeholders() -> None:
    absent = [soname for soname in _REPLACEABLE if not _loads(soname)]
    spec = importlib.util.find_spec("skia")
    if not absent or spec is None or spec.origin is None:
        return
    with Path(spec.origin).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        machine = _HEADER.unpack_from(image)[2]
        wanted = sorted(set(undefined_symbols(image)))
    if machine in _RETURN_ZERO:  # else the import itself names the library that is missing
        _load_images(
            [
                placeholder(soname, [name for name in wanted if name.startswith(_REPLACEABLE[soname])], machine)
                for soname in absent
            ]
        )


def load() -> Any:
    """The module `skia`, imported once; placeholders are made on Linux only, and only for libraries that are absent.

    Raises ImportError, saying which system library to install, where one is missing that cannot be replaced.
    """
    if "skia" not in sys.modules and sys.platform.startswith("linux"):
        _load_placeholders()
    try:
        return importlib.import_module("skia")
    except ImportError as error:
        lines = [f"{library.soname} is missing. {library.remedy}" for library in missing_libraries()]
        if not lines:
            raise
        raise ImportError("Skia cannot be loaded: " + "; ".join(lines)) from error


skia: Any = load()
