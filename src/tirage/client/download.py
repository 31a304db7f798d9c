"""Addresses of pictures → files in a folder: what is there already stays, what arrives damaged is not kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
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
            running.add(pool.submit(_row, transport, row, folder / file_name(row)))
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
    name = row.name or ""
    if name and name not in (".", "..") and not any(each in name for each in "/\\:\0") and name.isprintable():
        return name
    extension = urlsplit(row.image_url or "").path.rpartition(".")[2]
    return f"{row.row:05d}.{extension if extension.isalnum() else 'bin'}"


def fetch(transport: Transport, address: str, path: Path, sha256: str | None) -> int:
    """Fetch one file whole or not at all; its size in bytes. Raises ApiError, `digest_mismatch` among them."""
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        for _ in range(_TRIES):
            try:
                size, digest = _into(transport, address, draft)
            except httpx.TransportError:
                continue  # the connection broke in the middle
            if sha256 is None or digest == sha256:
                draft.replace(path)
                return size
        raise ApiError(
            "digest_mismatch", f"{address} arrived damaged or cut {_TRIES} times; it is not kept.", retryable=True
        )
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _row(transport: Transport, row: BatchRow, path: Path) -> Downloaded:
    assert row.image_url is not None
    if row.sha256 is not None and path.is_file() and _digest(path) == row.sha256:
        return Downloaded(row.row, path, path.stat().st_size, False)
    return Downloaded(row.row, path, fetch(transport, row.image_url, path, row.sha256), True)


def _into(transport: Transport, address: str, draft: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with transport.stream(address) as answer, draft.open("wb") as file:
        for chunk in answer.iter_bytes(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
