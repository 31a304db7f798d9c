"""The file of a backup: it reads as it was written, or it is refused."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tirage.actions.archive import END, HEAD, MEMBERS_PER_PART, ArchiveWriter, BackupRefused, read_archive
from tirage.actions.restore import restore
from tirage.db.migrate import read_migrations
from tirage.settings import Settings

MIGRATIONS = [{"version": each.version, "name": each.name, "checksum": each.checksum} for each in read_migrations()]
ABOUT: dict[str, Any] = {"format": 1, "tirage": "0.1", "migrations": MIGRATIONS, "tables": [], "secret": ""}


def written(members: dict[str, bytes], about: Any = None, end: Any = None) -> bytes:
    """A whole archive with these members after its head."""
    out = io.BytesIO()
    writer = ArchiveWriter(out, 0)
    writer.add(HEAD, json.dumps(about or ABOUT).encode())
    for name, data in members.items():
        writer.add(name, data)
    writer.finish({"rows": {}, "sequences": {}, "lost": []} if end is None else end)
    return out.getvalue()


def read(data: bytes, folder: Path) -> dict[str, bytes]:
    """The members of an archive."""
    file = folder / "read.tar"
    file.write_bytes(data)
    return {member.name: member.read() for member in read_archive(file)}


async def refused(data: bytes, folder: Path) -> str:
    """The code with which a restore of these bytes is refused; nothing may be written."""
    file = folder / "refused.tar"
    file.write_bytes(data)
    with pytest.raises(BackupRefused) as refusal:
        await restore(Settings(data_dir=str(folder / "new")), file)
    assert not (folder / "new").exists()
    return refusal.value.code


def test_any_members_come_back(tmp_path: Path) -> None:
    """More members than one part of the manifest lists, empty and long ones, long names: all as written, in order."""
    members = {f"objects/{number:06d}.png": bytes(number % 700) for number in range(2 * MEMBERS_PER_PART + 5)}
    members[f"objects/{'/'.join(['a' * 60] * 6)}"] = b"long name"
    members["database/images/000000.copy"] = b"x" * 1_000_000
    found = read(written(members), tmp_path)
    end = json.loads(found.pop(END))
    assert found.pop(HEAD) and found == members and list(found) == list(members)
    assert end["members"] == len(members) + 1
    with tarfile.open(fileobj=io.BytesIO(written(members))) as archive:
        assert set(members) < set(archive.getnames())


SMALL = written({"objects/a.png": b"a" * 1000, "secrets/secret.key": b"s", "objects/b.png": b"b" * 3000})


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.anyio
async def test_a_cut_archive_is_refused(pack: Any, tmp_path: Path) -> None:
    """Wherever the file ends too early, it is refused before anything is written."""
    whole = pack(SMALL)
    # Of a plain archive the last two blocks are empty: all that was kept is there without them.
    needed = len(whole) - (1024 if pack is bytes else 0)
    for length in {0, 1, 511, 512, 513, needed // 2, needed // 2 // 512 * 512, needed - 512, needed - 1}:
        if length < needed:
            assert await refused(whole[:length], tmp_path) == "backup_damaged"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(SMALL) - 1), bit=st.integers(0, 7), packed=st.booleans())
@example(place=0, bit=0, packed=False)
def test_a_changed_bit_is_found_or_means_nothing(place: int, bit: int, packed: bool, tmp_path: Path) -> None:
    """With any bit flipped an archive reads the same or not to its end."""
    pack = gzip.compress if packed else bytes
    whole = read(SMALL, tmp_path)
    data = bytearray(pack(SMALL))
    data[place % len(data)] ^= 1 << bit
    try:
        found = read(bytes(data), tmp_path)
    except BackupRefused as error:
        assert error.code == "backup_damaged"
    else:
        assert found == whole


@pytest.mark.parametrize(
    "name",
    [
        "objects/../../escaped",
        "objects//etc/passwd",
        "/etc/passwd",
        "../escaped",
        "objects/a/../b",
        "objects/.hidden",
        "secrets/../secret.key",
        "secrets/other.key",
        "secrets/tls/../../x",
        "database/../x/000000.copy",
        "database/images;drop/000000.copy",
        "postgres/PG_VERSION",
        "tirage.json",
    ],
)
@pytest.mark.anyio
async def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    """An archive with correct hashes whose members would lie somewhere else is refused before anything is written."""
    assert await refused(written({"objects/a.png": b"a", name: b"evil"}), tmp_path) == "backup_damaged"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
@pytest.mark.anyio
async def test_links_and_the_like_are_refused(kind: bytes, tmp_path: Path) -> None:
    """A backup holds files and nothing else."""
    info = tarfile.TarInfo("objects/link.png")
    info.type, info.linkname = kind, "/etc/passwd"
    data = written({"objects/a.png": b"a"})
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        place = archive.getmember("objects/a.png").offset
    changed = data[:place] + info.tobuf(tarfile.PAX_FORMAT) + data[place:]
    assert await refused(changed, tmp_path) == "backup_damaged"


@pytest.mark.anyio
async def test_members_that_were_left_out_or_added_are_found(tmp_path: Path) -> None:
    """Whole members cut out, doubled or exchanged for others of the same length do not fit the manifest."""
    data = written({"objects/a.png": b"a" * 100, "objects/b.png": b"b" * 100})
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        first, second = (archive.getmember(f"objects/{name}.png").offset for name in "ab")
    block = data[first:second]
    for changed in (
        data[:first] + data[second:],
        data[:second] + block + data[second:],
        data.replace(b"a" * 100, b"c" * 100),
    ):
        assert await refused(changed, tmp_path) == "backup_damaged"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": 2}, "backup_newer"),
        ({"migrations": [*MIGRATIONS, {**MIGRATIONS[0], "version": len(MIGRATIONS) + 1}]}, "backup_newer"),
        ({"migrations": [{**MIGRATIONS[0], "checksum": "0" * 64}]}, "backup_migration_differs"),
        ({"migrations": None}, "backup_damaged"),
        ({}, "backup_secret_missing"),
    ],
)
@pytest.mark.anyio
async def test_a_backup_that_does_not_fit_is_refused(change: dict[str, Any], code: str, tmp_path: Path) -> None:
    """A newer format or schema, or a migration that is not ours, is refused before anything is written."""
    assert await refused(written({}, {**ABOUT, **change}), tmp_path) == code


@pytest.mark.anyio
async def test_what_is_not_understood_is_refused(tmp_path: Path) -> None:
    """A head that is no object, or an end that tells too little, is a damaged backup, not an error of the program."""
    assert await refused(written({}, [1]), tmp_path) == "backup_damaged"
    assert await refused(written({}, end={"rows": {}}), tmp_path) == "backup_damaged"
    assert await refused(b"", tmp_path) == "backup_damaged"
    assert await refused(b"PK\x03\x04 this is something else", tmp_path) == "backup_damaged"
