"""What only a disk can do: links, a full disk, a kill in the middle, and flushing."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tirage.blobs import StorageProblem, open_blobs
from tirage.blobs.local import LocalBlobs


def store(folder: Path, reserve: int = 0) -> LocalBlobs:
    """A store with all of the disk to itself."""
    return LocalBlobs(folder, reserve_bytes=reserve)


def code_of(work: Callable[[], object]) -> str:
    """The code of the problem that some work ends with."""
    with pytest.raises(StorageProblem) as caught:
        work()
    return caught.value.code


@pytest.mark.check(151)
def test_planted_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the store, to a file or to a folder, is not read, listed, written through or emptied."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    blobs = store(tmp_path / "store")
    objects = tmp_path / "store" / "objects"
    (objects / "w1").mkdir()
    (objects / "w1" / "file.txt").symlink_to(outside / "secret.txt")
    (objects / "w1" / "folder").symlink_to(outside)
    (objects / "w2").symlink_to(outside)
    (objects / "w3").symlink_to("w1")
    os.mkfifo(objects / "w1" / "pipe.txt")

    async def keys() -> list[str]:
        return [about.key async for about in blobs.list()]

    for key in ("w1/file.txt", "w1/folder/secret.txt", "w2/secret.txt", "w3/file.txt", "w1/pipe.txt", "w1/folder"):
        assert code_of(lambda key=key: asyncio.run(blobs.get(key))) == "storage_not_found"  # type: ignore[misc]
        assert code_of(lambda key=key: asyncio.run(blobs.head(key))) == "storage_not_found"  # type: ignore[misc]
    assert asyncio.run(keys()) == []
    for key in ("w1/folder/new.txt", "w2/new.txt"):
        assert code_of(lambda key=key: asyncio.run(blobs.put(key, b"x", "text/plain"))) == "storage_key_invalid"  # type: ignore[misc]
    for prefix in ("w1/", "w2/", "w1/folder/"):
        assert asyncio.run(blobs.delete_prefix(prefix)) == 0
    asyncio.run(blobs.delete("w2/secret.txt"))
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]
    asyncio.run(blobs.put("w1/file.txt", b"mine", "text/plain"))
    assert (outside / "secret.txt").read_text() == "secret"
    assert (objects / "w1" / "file.txt").read_bytes() == b"mine" and not (objects / "w1" / "file.txt").is_symlink()


def test_no_key_is_the_folder_of_another(tmp_path: Path) -> None:
    """A key below another's file, or above another's folder, is refused and nothing is lost."""
    blobs = store(tmp_path)
    asyncio.run(blobs.put("w1/a", b"1", "text/plain"))
    assert code_of(lambda: asyncio.run(blobs.put("w1/a/b", b"2", "text/plain"))) == "storage_key_invalid"
    assert code_of(lambda: asyncio.run(blobs.put("w1", b"2", "text/plain"))) == "storage_key_invalid"
    assert code_of(lambda: asyncio.run(blobs.get("w1"))) == "storage_not_found"
    assert asyncio.run(_read(blobs, "w1/a")) == b"1"


async def _read(blobs: LocalBlobs, key: str) -> bytes:
    return await (await blobs.get(key)).read()


FULL = """
import asyncio, resource, sys
from pathlib import Path
from tirage.blobs.local import LocalBlobs
from tirage.blobs import StorageProblem

async def parts():
    for _ in range(64):
        yield bytes(65536)

async def main(folder, limited):
    blobs = LocalBlobs(Path(folder), reserve_bytes=0)
    await blobs.put("w1/small.bin", b"small", "image/x")
    if limited:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    for data in (bytes(4_000_000), parts()):
        try:
            await blobs.put("w1/small.bin", data, "image/png")
        except StorageProblem as error:
            print(error.code, error.retryable)
    print([about.key async for about in blobs.list()], await (await blobs.get("w1/small.bin")).read())
    print((await blobs.head("w1/small.bin")).media_type)
    await blobs.close()
    print([path.name for path in (Path(folder) / "incoming").iterdir()])
    blobs = LocalBlobs(Path(folder), reserve_bytes=0)
    await blobs.put("w1/next.bin", bytes(100_000), "image/png")
    print("goes on")

asyncio.run(main(sys.argv[1], sys.argv[2] == "limited"))
"""
SURVIVED = [
    "storage_full True", "storage_full True", "['w1/small.bin'] b'small'", "image/x", "[]", "goes on",
]  # fmt: skip


@pytest.mark.check(29)
@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are of POSIX")
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """Where the system refuses bytes the put is `storage_full`, the old object stays and no remains are left."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), "limited"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == SURVIVED


@pytest.mark.check(29)
def test_a_full_disk(tmp_path: Path) -> None:
    """The same on a disk of 2 MB that runs full."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    try:
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(disk), "disk"], capture_output=True, text=True, check=True
        )
    finally:
        subprocess.run([umount, str(disk)], check=True)
    assert done.stdout.splitlines() == SURVIVED


@pytest.mark.check(29)
def test_the_reserve_is_kept_free(tmp_path: Path) -> None:
    """With less than the reserve free, new work and puts are refused before a byte is written; reading goes on."""
    asyncio.run(store(tmp_path).put("w1/a.png", b"1", "image/png"))
    blobs = store(tmp_path, reserve=1 << 60)
    assert code_of(lambda: asyncio.run(blobs.admit())) == "storage_full"
    assert code_of(lambda: asyncio.run(blobs.put("w1/b.png", b"1", "image/png"))) == "storage_full"
    readiness = asyncio.run(blobs.probe())
    assert readiness.problem is not None and readiness.problem.code == "storage_full"
    assert readiness.free_bytes
    assert asyncio.run(_read(blobs, "w1/a.png")) == b"1"
    asyncio.run(blobs.delete("w1/a.png"))
    assert [*(tmp_path / "incoming").iterdir()] == []


def test_a_kill_in_the_middle_leaves_no_half_object(tmp_path: Path) -> None:
    """A process that is killed while it writes leaves the old object; what it wrote aside is swept later."""
    program = textwrap.dedent("""
        import asyncio, os, sys, signal
        from pathlib import Path
        from tirage.blobs.local import LocalBlobs

        async def parts():
            yield bytes(1_000_000)
            os.kill(os.getpid(), signal.SIGKILL)
            yield b"never"

        async def main():
            blobs = LocalBlobs(Path(sys.argv[1]), reserve_bytes=0)
            await blobs.put("w1/a.bin", b"old", "image/png")
            await blobs.put("w1/a.bin", parts(), "image/png")

        asyncio.run(main())
    """)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "incoming").iterdir()
    assert left.stat().st_size == 1_000_000
    assert asyncio.run(_read(store(tmp_path), "w1/a.bin")) == b"old"
    assert left.exists(), "a writer of another process may still be at work on it"
    os.utime(left, (time.time() - 7200,) * 2)
    store(tmp_path)
    assert not left.exists()


def test_what_is_stored_is_flushed(tmp_path: Path) -> None:
    """The file is flushed before it gets its name, after it its folder and the one that this was made in."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    program = (
        "import asyncio, sys; from pathlib import Path; from tirage.blobs.local import LocalBlobs;"
        "blobs = LocalBlobs(Path(sys.argv[1]), reserve_bytes=0);"
        "asyncio.run(blobs.put('w1/a.png', b'1', 'image/png'))"
    )
    trace = tmp_path / "trace"
    calls = "trace=mkdirat,fsync,fdatasync,rename,renameat,renameat2"
    command = [strace, "-f", "-e", calls, "-o", str(trace), sys.executable, "-c", program, str(tmp_path / "store")]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this system lets nobody trace")
    names = [line.split("(")[0].split()[-1] for line in trace.read_text().splitlines() if "(" in line and "= 0" in line]
    assert names[-5:] == ["mkdirat", "fsync", names[-3], "fsync", "fsync"]
    assert names[-3].startswith("rename")


def test_a_cancelled_writer_leaves_nothing(tmp_path: Path) -> None:
    """A request that is cancelled while its body arrives leaves no object and nothing aside."""

    async def story() -> None:
        blobs = store(tmp_path)
        waiting = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield bytes(100_000)
            waiting.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(blobs.put("w1/a.bin", slow(), "image/png"))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await blobs.close()

    asyncio.run(story())
    assert [path for folder in ("objects", "incoming") for path in (tmp_path / folder).iterdir()] == []


def test_folders_that_become_empty_go(tmp_path: Path) -> None:
    """Every picture has a folder of its own: with its last object it goes, attributes too."""
    blobs = store(tmp_path)
    for name in ("w1/aa/x.png", "w1/bb/y.png"):
        asyncio.run(blobs.put(name, b"1", "image/special"))
    asyncio.run(blobs.delete("w1/aa/x.png"))
    assert sorted(path.name for path in (tmp_path / "objects" / "w1").iterdir()) == ["bb"]
    assert asyncio.run(blobs.delete_prefix("w1/")) == 1
    assert [path for folder in ("objects", "attributes") for path in (tmp_path / folder).iterdir()] == []


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """Other users of the machine see nothing of the store."""
    asyncio.run(open_blobs("", tmp_path / "s", reserve_bytes=0).put("w1/a.png", b"1", "image/png"))
    assert (tmp_path / "s" / "objects").stat().st_mode & 0o077 == 0
    assert (tmp_path / "s" / "objects" / "w1" / "a.png").stat().st_mode & 0o077 == 0


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    """A reader is told where bytes are missing, instead of being given a short picture as whole."""

    async def story() -> None:
        blobs = store(tmp_path)
        await blobs.put("w1/a.bin", bytes(3_000_000), "image/png")
        blob = await blobs.get("w1/a.bin")
        os.truncate(tmp_path / "objects" / "w1" / "a.bin", 1_000_000)
        with pytest.raises(StorageProblem) as caught:
            await blob.read()
        assert caught.value.code == "storage_corrupt"

    asyncio.run(story())
