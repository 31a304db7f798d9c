"""The storage setting is read, refused with a remedy, and made a client; no cloud is called."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tirage.blobs import StorageProblem, open_blobs
from tirage.blobs.location import Location, parse_location


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket", Location("s3", "bucket", "")),
        ("s3://bucket/a/b/?region=eu-west-1", Location("s3", "bucket", "a/b", (("region", "eu-west-1"),))),
        ("gs://bucket/a", Location("gs", "bucket", "a")),
        ("az://account/container", Location("az", "account/container", "")),
        ("az://account/container/a/b", Location("az", "account/container", "a/b")),
    ],
)
def test_addresses(text: str, expected: Location) -> None:
    """Each kind of address names bucket, prefix and options."""
    assert parse_location(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ftp://bucket", "no storage of the kind 'ftp'"),
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3://bucket#x", "names no bucket"),
        ("s3://key:hush@bucket", "holds credentials"),
        ("s3://bucket/../other", "cannot be used"),
        ("s3://bucket/Upper", "cannot be used"),
        ("s3://bucket?regoin=x", "Did you mean region"),
        ("s3://bucket?endpoint=minio:9000", "must begin with https://"),
        ("gs://bucket?endpoint=https://x", "no option 'endpoint'"),
        ("az://account", "names no container"),
        ("s3://[bucket", "is not an address"),
    ],
)
def test_addresses_that_are_refused(text: str, says: str, tmp_path: Path) -> None:
    """A setting that cannot be used says why, never repeating what may be a credential."""
    with pytest.raises(StorageProblem) as caught:
        open_blobs(text, tmp_path)
    assert caught.value.code == "storage_location_invalid"
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)


def test_clients_of_other_clouds_are_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's and Azure's clients are made from address and environment, without a call to either."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "bm90LWEtc2VjcmV0")
    assert open_blobs("gs://bucket/prefix", tmp_path).name == "gcs"
    azure = open_blobs("az://account/container/prefix", tmp_path)
    assert azure.name == "azure"

    import asyncio

    # Azure signs by itself, so that the address shows account, container and prefix.
    address = asyncio.run(azure.presign("w1/a.png", timedelta(minutes=1)))
    assert address is not None
    assert address.startswith("https://account.blob.core.windows.net/container/prefix/w1/a.png?")


def test_unreadable_credentials_are_a_problem_of_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that cannot be made says where to look, without the value."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "%%hush%%")
    with pytest.raises(StorageProblem, match="environment variables") as caught:
        open_blobs("az://account/container", tmp_path)
    assert "hush" not in str(caught.value)


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    """Without a scheme the setting is a folder, and without a setting it is that of the data."""
    assert open_blobs(str(tmp_path / "elsewhere"), tmp_path / "data").name == "local"
    assert (tmp_path / "elsewhere" / "objects").is_dir() and not (tmp_path / "data").exists()
    assert open_blobs("", tmp_path / "data").name == "local"
    assert (tmp_path / "data" / "objects").is_dir()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A path below a file is refused with the path."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageProblem, match="file"):
        open_blobs(str(tmp_path / "file" / "store"), tmp_path)
