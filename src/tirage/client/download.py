"""Addresses of pictures → files in a folder: what is there already stays, what arrives damaged is not kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tirage.client.errors import ApiError
from tirage.client.models import BatchRow
from tirage.client.transport import Transport

CONNECTIONS = 4
_CHUNK = 1 << 16
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A row's file. `fetched` is false where the right bytes were there already."""

    row: int
    path: Path
    bytes: int
    fetched: bool


def download_rows(transport: Transport, rows: Iterable[BatchRow], folder: Path) -> Iterator[Downloaded]:
    """Fetch the pictures of finished rows, some at once; the order is that in which they come.

    Rows without a picture are passed over. Raises ApiError `digest_mismatch` where a picture arrives with other bytes
    than the server recorded, three times; OSError from the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pool = ThreadPoolExecutor(CONNECTIONS, "tirage-download")
    running: set[Future[Downloaded]] = set()
    try:
        for row in rows:
            if row.state != "done" or row.image_url is None:
                continue
            for address, digest, path in _files(row, folder):
                running.add(pool.submit(_file, transport, row.row, address, digest, path))
            if len(running) >= 2 * CONNECTIONS:
                finished, running = wait(running, return_when=FIRST)
                for each in finished:
                    yield each.result()
        while running:
            finished, running = wait(running, return_when=FIRST)
            for each in finished:
                yield each.result()
    finally:
        pool.shutdown(cancel_futures=True)


def file_name(row: BatchRow) -> str:
    """The file of a row: the server's name where it is one plain name, else the row's number."""
    if row.name and _is_plain(row.name):
        return row.name
    extension = urlsplit(row.image_url or "").path.rpartition(".")[2]
    return f"{row.row:05d}.{extension if extension.isalnum() else 'bin'}"


def fetch(transport: Transport, address: str, path: Path, sha256: str | None) -> tuple[int, Mapping[str, str]]:
    """Fetch one file whole or not at all; its size in bytes and the answer's headers.

    Raises ApiError, `digest_mismatch` among them.
    """
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        for _ in range(_TRIES):
            try:
                size, found, headers = _into(transport, address, draft)
            except httpx.TransportError:
                continue  # the connection broke in the middle
            if sha256 is None or found == sha256:
                draft.replace(path)
                return size, headers
        raise ApiError(
            "digest_mismatch", f"{address} arrived damaged or cut {_TRIES} times; it is not kept.", retryable=True
        )
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _files(row: BatchRow, folder: Path) -> Iterator[tuple[str, str | None, Path]]:
    """Address, digest where it is known, and place of each of a row's files."""
    if row.files and all(_is_plain(each.name) for each in row.files):
        yield from ((each.image_url, each.sha256, folder / each.name) for each in row.files)
        return
    path = folder / file_name(row)
    if not row.pages or len(row.pages) == 1:
        yield row.image_url or "", row.sha256, path
        return
    for page, address in enumerate(row.pages, 1):
        yield address, row.sha256 if page == 1 else None, path.with_name(f"{path.stem}-{page}{path.suffix}")


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..") and not any(each in name for each in "/\\:\0") and name.isprintable()


def _file(transport: Transport, row: int, address: str, sha256: str | None, path: Path) -> Downloaded:
    if sha256 is not None and path.is_file() and _sha256(path) == sha256:
        return Downloaded(row, path, path.stat().st_size, False)
    return Downloaded(row, path, fetch(transport, address, path, sha256)[0], True)


def _into(transport: Transport, address: str, draft: Path) -> tuple[int, str, Mapping[str, str]]:
    digest, size = hashlib.sha256(), 0
    with transport.stream(address) as answer, draft.open("wb") as file:
        for chunk in answer.iter_bytes(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest(), answer.headers


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
