"""Stored pictures: listed, downloaded, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tirage.client.download import fetch
from tirage.client.models import Picture, PicturePage
from tirage.client.transport import Transport


class Images:
    """`/images`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, design: str | None = None, format: str | None = None, metadata: str | None = None
    ) -> Iterator[Picture]:
        """Pictures, newest first, page after page as they are asked for. Raises ApiError."""
        cursor: str | None = None
        while True:
            asked = {"templateId": design, "format": format, "metadata": metadata, "cursor": cursor, "limit": 200}
            page = PicturePage.of(self._transport.json("GET", "/images", params=asked))
            yield from page.results
            if page.next is None:
                return
            cursor = page.next

    def download(self, picture: Picture | str, path: Path | str) -> int:
        """Save a picture, or the one at an address; its size in bytes. Raises ApiError, OSError."""
        address = picture if isinstance(picture, str) else picture.image_url
        return fetch(self._transport, address, Path(path), None)[0]

    def delete(self, picture: Picture | str) -> None:
        """Remove a picture for good. Raises ApiError."""
        address = picture if isinstance(picture, str) else picture.image_url
        path = urlsplit(address).path.partition("/images/")[2]
        self._transport.json("DELETE", f"/images/{path}")
