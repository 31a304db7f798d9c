"""Backup and restore, as a drill: what was there is there again, or nothing is written at all."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.actions.installation import Installation, add_picture, fill, objects_of, rows_of, settings_of
from tests.db.fixtures import NOON

from tirage.actions.archive import END, HEAD, BackupRefused, read_archive
from tirage.actions.backup import BackupReport, backup
from tirage.actions.restore import UNFINISHED, RestoreReport, restore
from tirage.blobs import open_blobs
from tirage.clock import StillClock
from tirage.context import open_vault, running_database
from tirage.db.address import DatabaseAddress
from tirage.db.connect import Database
from tirage.db.embedded import EmbeddedServer
from tirage.db.errors import DatabaseRefused
from tirage.db.migrate import Migration, migrate, read_migrations
from tirage.settings import Settings
from tirage.store import hooks, images, keys

NEXT = Migration(
    len(read_migrations()) + 1,
    "counted_things",
    """
    CREATE TABLE things (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        workspace_id text COLLATE "C" NOT NULL REFERENCES workspaces,
        twice bigint GENERATED ALWAYS AS (id * 2) STORED
    );
    CREATE POLICY of_system ON things TO tirage_system USING (true) WITH CHECK (true);
    ALTER TABLE things ENABLE ROW LEVEL SECURITY;
    ALTER TABLE things FORCE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT ON things TO tirage_app, tirage_system;
    """,
)
NEWER = (*read_migrations(), NEXT)


@pytest.fixture(scope="module")
def top() -> Iterator[Path]:
    """A folder that the database's own account can be let into."""
    folder = Path(tempfile.mkdtemp(prefix="tirage-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(top: Path) -> Iterator[DatabaseAddress]:
    """The server of the installation, which runs as it does under a service."""
    running = EmbeddedServer(top / "data", flush=False)
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def source(top: Path, server: DatabaseAddress) -> Installation:
    """An installation with rows in many tables and objects of several kinds, and its backups of this moment."""
    migrate(server)
    made = asyncio.run(fill(settings_of(top / "data"), server))
    (top / "sha256").write_text(saved(made.settings, top / "backup.tar").sha256)
    saved(made.settings, top / "backup.tar.gz")
    return made


@pytest.fixture
def archive(top: Path, source: Installation) -> Path:
    """The backup of the installation as it was filled."""
    return top / "backup.tar"


@pytest.fixture
def own(server: DatabaseAddress) -> str:
    """The address of a fresh database on a server of one's own, with a role that may create roles."""
    assert server.installer is not None
    name = f"own_{secrets.token_hex(4)}"
    with psycopg.connect(server.installer, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE".encode())
        connection.execute(f"GRANT tirage_app TO {name} WITH ADMIN OPTION".encode())
        connection.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
    return f"postgresql://{name}@/{name}?host={conninfo_to_dict(server.installer)['host']}"


def saved(settings: Settings, file: Path) -> BackupReport:
    """Make a backup."""
    return asyncio.run(backup(settings, file, StillClock(NOON)))


def restored(settings: Settings, file: Path, **more: Any) -> RestoreReport:
    """Restore a backup."""
    return asyncio.run(restore(settings, file, **more))


def text_of(file: Path, name: str) -> Any:
    """A member of JSON."""
    return next(json.loads(each.read()) for each in read_archive(file) if each.name == name)


def test_the_drill(top: Path, source: Installation, archive: Path) -> None:
    """After a backup and the loss of everything, rows, bytes, keys, sealed secrets and the tenants' walls are back."""
    folder = top / "again"
    again = settings_of(folder)
    told = restored(again, archive, sha256=(top / "sha256").read_text())
    assert (told.rows, told.objects) == (sum(map(len, source.rows.values())), len(source.objects))
    assert (told.secrets, told.lost, told.migrated) == (("secret.key",), (), ())
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert not (folder / UNFINISHED).exists()
    assert asyncio.run(objects_of(again)) == source.objects
    with running_database(again) as address:
        assert rows_of(address) == source.rows
        asyncio.run(look(source, again, address))


def test_a_compressed_backup_holds_the_same(top: Path, archive: Path) -> None:
    """Both kinds of file are readable by their owner alone, have the same members, and large tables come in parts."""
    plain, packed = (
        [(each.name, each.read()) for each in read_archive(top / name)] for name in ("backup.tar", "backup.tar.gz")
    )
    assert plain == packed
    assert [name for name, _ in plain if "template_versions" in name] == [
        "database/template_versions/000000.copy",
        "database/template_versions/000001.copy",
    ]
    for file in (archive, top / "backup.tar.gz"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def look(source: Installation, again: Settings, address: DatabaseAddress) -> None:
    """Use the restored installation as the service would; opening it checks its roles and row-level security."""
    async with Database(address, connections=2) as database:
        key = await keys.authenticate(database, source.key, NOON)
        assert key is not None and key.workspaces == (source.alice.id,)
        async with database.workspace(source.alice.id) as tx:
            assert await images.get(tx, source.image.id) == source.image
            secrets_ = await hooks.signing_secrets(tx, open_vault(again), source.hook, NOON)
            assert secrets_ == (source.hook_secret,)
            assert await tx.values("SELECT DISTINCT workspace_id FROM images") == [source.alice.id]
        async with database.workspace(source.bob.id) as tx:
            assert await tx.values("SELECT DISTINCT workspace_id FROM images") == [source.bob.id]


def test_a_backup_while_the_service_writes(top: Path, source: Installation, server: DatabaseAddress) -> None:
    """Pictures are made and deleted while it runs: every row in the archive has its object, unless it was deleted."""
    enough, stop, deleted = threading.Event(), threading.Event(), set()

    async def write() -> None:
        async with Database(server, connections=2) as database:
            number = 0
            while not stop.is_set():
                number += 1
                made = await add_picture(source.settings, database, source.alice, f"busy {number}", b"x" * 5000)
                if number % 3 == 0:
                    async with database.workspace(source.alice.id) as tx:
                        await images.delete(tx, made.id)
                    blobs = open_blobs("", top / "data" / "blobs", reserve_bytes=0)
                    await blobs.delete(made.blob_key)
                    await blobs.close()
                    deleted.add(made.blob_key)
                if number == 10:
                    enough.set()

    writer = threading.Thread(target=asyncio.run, args=(write(),))
    writer.start()
    try:
        assert enough.wait(30)
        report = saved(source.settings, top / "busy.tar")
    finally:
        stop.set()
        writer.join()
    kept, named = set(), set()
    for member in read_archive(top / "busy.tar"):
        if member.key:
            kept.add(member.key)
        elif member.table == "images":
            named |= {word.decode() for word in member.read().split() if word.startswith(b"images/")}
    assert len(named) > 5 and named - kept <= deleted
    assert report.lost_count == 0


def test_an_object_that_is_gone_is_told(top: Path, source: Installation, server: DatabaseAddress) -> None:
    """A row whose object the storage has lost makes the backup say so; the backup is made all the same."""

    async def lose() -> str:
        async with Database(server, connections=2) as database:
            made = await add_picture(source.settings, database, source.bob, "to be lost", b"y")
        blobs = open_blobs("", top / "data" / "blobs", reserve_bytes=0)
        await blobs.delete(made.blob_key)
        await blobs.close()
        return made.blob_key

    key = asyncio.run(lose())
    report = saved(source.settings, top / "lost.tar")
    assert (report.lost, report.lost_count) == ((key,), 1)
    assert text_of(top / "lost.tar", END)["lost"] == [key]
    done = tirage("backup", str(top / "lost-too.tar"), "--data-dir", str(top / "data"))
    assert done.returncode == 1 and key in done.stderr


def test_a_database_of_ones_own_is_migrated_forward(
    top: Path, source: Installation, archive: Path, own: str, tmp_path: Path
) -> None:
    """An older backup goes into a server of one's own and is brought to this version; a full one is refused."""
    settings = settings_of(tmp_path / "new", database_url=own)
    told = restored(settings, archive, migrations=NEWER)
    assert told.migrated == (str(NEXT),)
    address = DatabaseAddress.of_urls(own)
    assert {**source.rows, "things": []} == rows_of(address)
    asyncio.run(look(source, settings, address))
    with pytest.raises(DatabaseRefused) as refusal:
        restored(settings_of(tmp_path / "other", database_url=own), archive, migrations=NEWER)
    assert refusal.value.code == "database_not_empty" and not (tmp_path / "other").exists()


def test_sequences_go_on_where_they_were(archive: Path, own: str, tmp_path: Path) -> None:
    """A number that the old installation has given out is not given out again; computed columns are computed."""
    settings = settings_of(tmp_path / "first", database_url=own)
    restored(settings, archive, migrations=NEWER)
    with psycopg.connect(own) as connection:
        connection.execute("SET ROLE tirage_system")
        connection.execute(
            "INSERT INTO tirage.things (workspace_id) SELECT (SELECT min(id) FROM tirage.workspaces) "
            "FROM generate_series(1, 7)"
        )
    saved(settings, tmp_path / "things.tar")
    assert text_of(tmp_path / "things.tar", END)["sequences"] == {"things_id_seq": 7}
    with psycopg.connect(own) as connection:
        connection.execute("DROP SCHEMA tirage CASCADE")
    restored(settings_of(tmp_path / "second", database_url=own), tmp_path / "things.tar", migrations=NEWER)
    with psycopg.connect(own) as connection:
        connection.execute("SET ROLE tirage_system")
        found = connection.execute(
            "INSERT INTO tirage.things (workspace_id) SELECT min(id) FROM tirage.workspaces RETURNING id, twice"
        ).fetchone()
    assert found == (8, 16)
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path / "third"), tmp_path / "things.tar")
    assert refusal.value.code == "backup_newer" and not (tmp_path / "third").exists()


def test_a_restore_that_fails_leaves_nothing(top: Path, archive: Path, own: str, tmp_path: Path) -> None:
    """Where the database refuses at last, the folder is as it was, and the database has no rows; both can be used."""
    folder = tmp_path / "new"
    (folder / "lost+found").mkdir(parents=True)
    settings = settings_of(folder, database_url=own)
    migrate(DatabaseAddress.of_urls(own))
    with psycopg.connect(own) as connection:
        connection.execute("ALTER TABLE tirage.images ADD CHECK (size > 0)")
    with pytest.raises(DatabaseRefused) as refusal:
        restored(settings, archive)
    assert refusal.value.code == "backup_rows_refused"
    assert [each.name for each in folder.iterdir()] == ["lost+found"]
    assert not any(rows_of(DatabaseAddress.of_urls(own)).values())
    with psycopg.connect(own) as connection:
        connection.execute("ALTER TABLE tirage.images DROP CONSTRAINT images_size_check1")
    assert restored(settings, archive).rows > 0


def test_a_folder_in_use_is_left_alone(archive: Path, tmp_path: Path) -> None:
    """A folder with anything in it, and a storage with objects, are refused and stay as they are."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path), archive)
    assert refusal.value.code == "restore_folder_in_use"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "storage" / "objects").mkdir(parents=True)
    (tmp_path / "storage" / "objects" / "a.png").write_bytes(b"a")
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path / "new", storage=str(tmp_path / "storage")), archive)
    assert refusal.value.code == "restore_storage_in_use" and not (tmp_path / "new").exists()


def test_the_secret_has_to_be_the_same(source: Installation, archive: Path, tmp_path: Path) -> None:
    """A secret from the settings is not in the file; a restore without it, or with another, is refused."""
    with_setting = replace(source.settings, secret=(Path(source.settings.data_dir) / "secret.key").read_text().strip())
    assert saved(with_setting, tmp_path / "bare.tar").secrets == ()
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path / "new"), tmp_path / "bare.tar")
    assert refusal.value.code == "backup_secret_missing"
    other = base64.b64encode(bytes(32)).decode()
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path / "new", secret=other), archive)
    assert refusal.value.code == "backup_secret_differs"
    with pytest.raises(BackupRefused) as refusal:
        restored(settings_of(tmp_path / "new"), archive, sha256="0" * 64)
    assert refusal.value.code == "backup_differs"
    assert not (tmp_path / "new").exists()


def test_nothing_is_backed_up_by_mistake(source: Installation, archive: Path, tmp_path: Path) -> None:
    """An empty folder is no installation and stays empty; a backup never replaces a file."""
    for settings, file, code in (
        (settings_of(tmp_path / "none"), tmp_path / "a.tar", "installation_missing"),
        (source.settings, archive, "backup_exists"),
        (source.settings, tmp_path / "a.zip", "backup_suffix"),
    ):
        with pytest.raises(BackupRefused) as refusal:
            saved(settings, file)
        assert refusal.value.code == code
    assert list(tmp_path.iterdir()) == []


def tirage(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TIRAGE_")}
    command = [sys.executable, "-m", "tirage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=kept, timeout=120, check=False)


def test_a_backup_that_breaks_off_leaves_no_file(top: Path, source: Installation, tmp_path: Path) -> None:
    """Where the disk takes no more bytes, the command says so, ends with 2, and neither file nor part is left."""
    command = f"ulimit -f 64; exec {sys.executable} -m tirage backup {tmp_path}/cut.tar --data-dir {top}/data"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TIRAGE_")}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=kept, check=False)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert "File too large" in done.stderr


def test_the_commands(top: Path, source: Installation, tmp_path: Path) -> None:
    """The command prints the file's hash alone and warns of the secrets; a pipe takes a backup; refusals end with 2."""
    file = tmp_path / "b.tar"
    done = tirage("backup", str(file), "--data-dir", str(top / "data"))
    assert "HOLDS SECRETS" in done.stderr
    digest = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout
    assert done.stdout == digest
    piped = subprocess.run(
        [sys.executable, "-m", "tirage", "backup", "-", "--data-dir", str(top / "data")],
        capture_output=True,
        check=False,
    )
    (tmp_path / "piped.tar").write_bytes(piped.stdout)
    assert text_of(tmp_path / "piped.tar", HEAD)["format"] == 1
    refused = tirage("restore", str(file), "--data-dir", str(tmp_path))
    assert refused.returncode == 2 and "not an empty folder" in refused.stderr
