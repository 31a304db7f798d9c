"""Placeholders for libEGL and libGL: well-formed for both architectures, and enough for Skia to load and draw."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tirage.engine import skia_loader
from tirage.engine.skia_loader import EM_AARCH64, EM_X86_64, placeholder, undefined_symbols

NAMES = [f"glCall{number}" for number in range(120)]
MACHINES = {"x86_64": EM_X86_64, "aarch64": EM_AARCH64}
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF libraries are loaded on Linux only")

# Runs argv[1:] in a mount namespace of its own where no folder of the dynamic loader has the two libraries.
# A folder that has one is covered by an empty file system that links to everything in it but these two.
HIDE = r"""
import ctypes, os, pathlib, subprocess, sys, tempfile
hidden = ("libEGL.so", "libGL.so")
listing = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
found = [pathlib.Path(line.split("=> ")[1]) for line in listing.splitlines() if line.strip().startswith(hidden)]
if not found:  # a system without them: nothing to hide
    os.execv(sys.argv[1], sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
def mount(source, target, kind, flags):
    if libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, None):
        sys.exit(77)
uid = os.getuid()
if libc.unshare(0x20000 | (0x10000000 if uid else 0)):
    sys.exit(77)
if uid:
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
mount("none", "/", "none", 0x4000 | 0x40000)
scratch = pathlib.Path(tempfile.mkdtemp())
mount("tmpfs", scratch, "tmpfs", 0)
for number, folder in enumerate({path.parent.resolve() for path in found}):
    original = scratch / str(number)
    original.mkdir()
    mount(str(folder), original, "none", 0x1000)
    entries = [name for name in os.listdir(original) if not name.startswith(hidden)]
    mount("tmpfs", folder, "tmpfs", 0)
    for name in entries:
        (folder / name).symlink_to(original / name)
os.execv(sys.argv[1], sys.argv[1:])
"""

# What must hold where the two libraries are missing.
CHECK = r"""
import ctypes, subprocess, sys
for name in ("libEGL.so.1", "libGL.so.1"):
    try:
        ctypes.CDLL(name)
    except OSError:
        continue
    sys.exit(f"{name} is still there")
if subprocess.run([sys.executable, "-c", "import skia"], stderr=subprocess.DEVNULL).returncode == 0:
    sys.exit("skia loads without help: this test proves nothing")
from tirage.engine.skia_loader import load, missing_libraries, skia
assert load() is skia and missing_libraries() == ()
surface = skia.Surface(8, 8)
with surface as canvas:
    canvas.clear(skia.ColorRED)
assert surface.toarray()[4, 4].tolist() == [0, 0, 255, 255]
stream = skia.DynamicMemoryWStream()
with skia.PDF.MakeDocument(stream) as document, document.page(8, 8) as canvas:
    canvas.drawRect(skia.Rect(4, 4), skia.Paint())
assert bytes(stream.detachAsData()).startswith(b"%PDF-")
print("drawn")
"""


@linux_only
def test_skia_draws_without_the_two_libraries(tmp_path: Path) -> None:
    """In a root file system without libEGL and libGL, Skia loads through the placeholders and draws."""
    result = subprocess.run(
        [sys.executable, "-c", HIDE, sys.executable, "-c", CHECK],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode == 77:
        pytest.skip("mount namespaces are not permitted here")
    assert (result.returncode, result.stdout) == (0, "drawn\n"), result.stderr


@linux_only
def test_nothing_is_made_where_the_libraries_exist(tmp_path: Path) -> None:
    """With libraries of the right names in reach of the loader, these are used and no placeholder is made."""
    machine = MACHINES[platform.machine()]
    for soname in ("libEGL.so.1", "libGL.so.1"):
        (tmp_path / soname).write_bytes(placeholder(soname, _wanted(soname), machine))
    code = (
        "import os\nmade = []\nos.memfd_create = lambda name: made.append(name)\n"
        "from tirage.engine.skia_loader import skia\nprint(made, skia.Surface(4, 4).width())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "[] 4\n", result.stderr


def _wanted(soname: str) -> list[str]:
    spec = importlib.util.find_spec("skia")
    assert spec is not None and spec.origin is not None
    prefix = "egl" if "EGL" in soname else "gl"
    return sorted({name for name in undefined_symbols(Path(spec.origin).read_bytes()) if name.startswith(prefix)})


@linux_only
def test_undefined_symbols_of_the_real_extension() -> None:
    """The reader finds the EGL and GL functions that Skia's extension leaves to other libraries, and libc's too."""
    spec = importlib.util.find_spec("skia")
    assert spec is not None and spec.origin is not None
    names = set(undefined_symbols(Path(spec.origin).read_bytes()))
    assert {"eglGetProcAddress", "glDrawArrays", "malloc"} <= names


@linux_only
def test_every_function_can_be_found_and_called(tmp_path: Path) -> None:
    """The dynamic loader resolves each function of a placeholder, and a call returns zero."""
    path = tmp_path / "placeholder.so"
    path.write_bytes(placeholder("libplaceholder.so.7", NAMES, MACHINES[platform.machine()]))
    library = ctypes.CDLL(str(path))
    assert [library[name]() for name in NAMES] == [0] * len(NAMES)
    with pytest.raises(AttributeError):
        library["glAbsent"]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("names", [[], NAMES[:1], NAMES], ids=["none", "one", "many"])
def test_layout(machine: int, names: list[str]) -> None:
    """Header, segments, dynamic section, hash table and code are consistent for either architecture."""
    image = placeholder("libGL.so.1", names, machine)
    assert image[:7] == b"\x7fELF\x02\x01\x01"
    kind, machine_field = struct.unpack_from("<HH", image, 16)
    assert (kind, machine_field) == (3, machine)
    programs = [struct.unpack_from("<IIQQQQQQ", image, 64 + 56 * n) for n in range(4)]
    assert [p[0] for p in programs] == [1, 1, 2, 0x6474E551]
    for _, _, offset, address, _, size, memory, align in programs[:3]:
        assert offset % align == address % align
        assert size == memory and offset + size <= len(image)
    assert programs[0][1] & 2 == 0 and programs[1][1] & 1 == 0  # no segment is both writable and executable
    entries = dict(struct.iter_unpack("<QQ", image[programs[2][2] : programs[2][2] + programs[2][5]]))
    strings = image[entries[5] : entries[5] + entries[10]]
    assert strings[entries[14] :].split(b"\0")[0] == b"libGL.so.1"
    assert [_look_up(image, entries, strings, name) for name in names] == [True] * len(names)
    assert not _look_up(image, entries, strings, "glAbsent")


def _look_up(image: bytes, entries: dict[int, int], strings: bytes, name: str) -> bool:
    """Find a symbol as the dynamic loader does: hash, bucket, chain; then look at its code."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    bucket_count, chain_count = struct.unpack_from("<II", image, entries[4])
    table = struct.unpack_from(f"<{bucket_count + chain_count}I", image, entries[4] + 8)
    number = table[value % bucket_count]
    while number:
        name_at, info, _, section, address, size = struct.unpack_from("<IBBHQQ", image, entries[6] + 24 * number)
        if strings[name_at:].split(b"\0")[0].decode() == name:
            code = image[address : address + size]
            return info == 0x12 and section != 0 and code in skia_loader._RETURN_ZERO.values()
        number = table[bucket_count + number]
    return False


def test_refuses_what_is_no_elf_file() -> None:
    """Bytes that are no little-endian ELF-64 file are refused, not misread."""
    for image in (b"", b"\x7fELF\x01\x01" + bytes(100), b"MZ" + bytes(200)):
        with pytest.raises(ValueError, match="ELF-64"):
            list(undefined_symbols(image))


def test_missing_libraries_names_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that Skia really needs and the system lacks is named with the command for each distribution."""
    monkeypatch.setattr(sys, "platform", "linux")
    absent = skia_loader.MissingLibrary("libabsent-of-tirage.so.1", "apt-get install absent")
    monkeypatch.setattr(skia_loader, "_NEEDED", (absent,))
    assert skia_loader.missing_libraries() == (absent,)


def test_import_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Skia cannot load for want of a library, the error says which and how to get it."""
    absent = skia_loader.MissingLibrary("libabsent-of-tirage.so.1", "apt-get install absent")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(skia_loader, "_NEEDED", (absent,))
    monkeypatch.setitem(sys.modules, "skia", None)  # makes the import fail
    with pytest.raises(ImportError, match=r"libabsent-of-tirage\.so\.1 is missing\. apt-get install absent"):
        skia_loader.load()
